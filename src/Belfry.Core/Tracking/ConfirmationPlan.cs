using Belfry.Core.Chains;
using Belfry.Core.Hosting;

namespace Belfry.Core.Tracking;

/// <summary>At which depths something is told or settled.</summary>
public sealed class ConfirmationPlan
{
    readonly SortedSet<int> milestones;

    /// <summary>The plan of one chain.</summary>
    public ConfirmationPlan(ChainProfile profile, ChainOptions options)
    {
        FinalAfter = options.FinalAfter;
        CoinbaseMaturity = profile.CoinbaseMaturity;
        // Being confirmed and being final are transitions, so they are told whatever the setting says.
        milestones = [1, .. options.Milestones, FinalAfter];
        Depths = [.. milestones.Append(CoinbaseFinalAfter).Distinct().Order()];
    }

    /// <summary>Confirmations at which a transaction is final.</summary>
    public int FinalAfter { get; }

    /// <summary>Confirmations at which the next block may spend a coinbase.</summary>
    public int CoinbaseMaturity { get; }

    /// <summary>All depths at which a block can change something, ascending.</summary>
    public IReadOnlyList<int> Depths { get; }

    int CoinbaseFinalAfter => Math.Max(FinalAfter, CoinbaseMaturity);

    /// <summary>Whether the depth is told as <c>verified_tx</c>.</summary>
    public bool IsMilestone(int confirmations) => milestones.Contains(confirmations);

    /// <summary>Whether a transaction of this depth is final; a coinbase also has to be mature, so that Final means spendable.</summary>
    public bool IsFinal(int confirmations, bool isCoinbase) => confirmations >= (isCoinbase ? CoinbaseFinalAfter : FinalAfter);

    /// <summary>The deepest milestone at or above which <paramref name="confirmations"/> stands; 0 for none.</summary>
    public int LastMilestone(int confirmations) => milestones.LastOrDefault(milestone => milestone <= confirmations);
}
