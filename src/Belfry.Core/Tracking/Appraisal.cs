using System.Collections.Immutable;
using Belfry.Core.Chains;
using Belfry.Core.Ledger;

namespace Belfry.Core.Tracking;

/// <summary>A decoded transaction after its hits were verified: what it really does to watched scripts.</summary>
/// <param name="Chain">The chain.</param>
/// <param name="Transaction">As decoded.</param>
/// <param name="Movements">One per watched script that it pays or spends from; empty when the hits were collisions or it is only a rival of something watched.</param>
/// <param name="Coins">Its outputs that pay watched scripts.</param>
/// <param name="Spent">Watched coins that it spends.</param>
/// <param name="Fee">The fee, when every input's value is known.</param>
/// <param name="Stored">What the ledger already knows of it, or null.</param>
/// <param name="At">When it was learnt.</param>
public sealed record Appraisal(
    ChainId Chain,
    ChainTransaction Transaction,
    ImmutableArray<Movement> Movements,
    ImmutableArray<Coin> Coins,
    ImmutableArray<Coin> Spent,
    Amount? Fee,
    LedgerTransaction? Stored,
    DateTimeOffset At)
{
    /// <summary>Whether it touches a watched script.</summary>
    public bool IsRelevant => Movements.Length > 0;

    /// <summary>Watched scripts that it pays.</summary>
    public IReadOnlyCollection<Script> PaidScripts => [.. Movements.Where(static movement => movement.Received.Sign > 0).Select(static movement => movement.Script)];

    /// <summary>The row of this transaction in the mempool.</summary>
    public LedgerTransaction ToSeen(LedgerTransaction? before) => Merge(before) with
    {
        State = TxState.Seen,
        Block = null,
        Position = -1,
        ToldConfirmations = 0,
        Cause = null,
        CauseBlock = null,
    };

    /// <summary>The row of this transaction in a block.</summary>
    public LedgerTransaction ToConfirmed(LedgerTransaction? before, BlockRef block, ConfirmationPlan plan, int confirmations)
    {
        // Reading a block again tells nothing new of what is known to be in it: only watches can have been added.
        var known = before is { State: TxState.Confirmed or TxState.Final } && before.Block == block ? before : null;
        return Merge(before) with
        {
            State = known?.State ?? (plan.IsFinal(confirmations, Transaction.IsCoinbase) ? TxState.Final : TxState.Confirmed),
            Block = block,
            Position = Transaction.Position,
            ToldConfirmations = known?.ToldConfirmations ?? plan.LastMilestone(confirmations),
            Cause = null,
            CauseBlock = null,
        };
    }

    LedgerTransaction Merge(LedgerTransaction? before) => new()
    {
        Chain = Chain,
        Id = Transaction.Id,
        State = TxState.Seen,
        IsCoinbase = Transaction.IsCoinbase,
        // Whatever was undone and comes back is told again under new ids.
        Attempt = before is null ? 1 : before.State is TxState.Seen or TxState.Confirmed or TxState.Final ? before.Attempt : before.Attempt + 1,
        Fee = Fee ?? before?.Fee,
        FirstSeen = before?.FirstSeen ?? At,
        Inputs = Transaction.IsCoinbase ? [] : [.. Transaction.Inputs.Select(static input => input.Previous)],
        Movements = before is null ? Movements : [.. Movements, .. before.Movements.Where(known => !Movements.Any(movement => movement.Script.Equals(known.Script)))],
        Coins = before is null ? Coins : [.. Coins, .. before.Coins.Where(known => !Coins.Any(coin => coin.OutPoint == known.OutPoint))],
    };
}
