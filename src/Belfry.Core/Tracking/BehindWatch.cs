using System.Numerics;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;

namespace Belfry.Core.Tracking;

/// <summary>
/// Tells a node that is behind from a chain that was reorganised. A node that lost its last blocks (killed, restored from a copy, still syncing) shows a
/// prefix of what has been seen; taking that for a reorg would take payments back that nobody took back.
/// </summary>
public sealed class BehindWatch(ChainReplica replica)
{
    static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    TimeSpan? since;

    /// <summary>Until when the shorter chain is not believed, in steady time, or null when the node is not behind.</summary>
    public TimeSpan? Until => since + Grace;

    /// <summary>Whether it has been behind for more than the moment in which a node that is just changing branches shows the fork as its tip.</summary>
    public bool IsLasting => since is { } start && replica.Parts.Clock.ReadSteady() - start >= Moment;

    /// <summary>Set while a node that has just taken over is not yet known to be as good as the one before: it must show at least as much work.</summary>
    public bool Switched { get; set; }

    TimeSpan Grace => replica.Parts.Options.BehindGrace
        ?? TimeSpan.FromSeconds(Math.Clamp(30 * replica.Parts.Chain.Profile.BlockInterval.TotalSeconds, 30, 300));

    /// <summary>Judges a tip from which our own tip cannot be reached.</summary>
    /// <param name="tip">The node's best block.</param>
    /// <param name="namesOursInvalid">Whether the node has judged our tip invalid.</param>
    /// <param name="fork">The highest block that both have.</param>
    /// <returns>Whether to wait instead of taking blocks back.</returns>
    public bool IsBehind(ChainTip tip, bool namesOursInvalid, BlockRef fork)
    {
        var showsCompetitor = tip.Header.Block.Height > fork.Height;
        var hasLessWork = tip.Header.Work < (replica.Position?.BestWork ?? BigInteger.Zero);
        var believed = namesOursInvalid || !hasLessWork || (showsCompetitor && !Switched);
        if (believed)
        {
            Clear();
            return false;
        }

        var now = replica.Parts.Clock.ReadSteady();
        since ??= now;
        if (now < since + Grace) return true;
        Clear();
        return false;
    }

    /// <summary>The node is as far as we are.</summary>
    public void Clear()
    {
        since = null;
        Switched = false;
    }
}
