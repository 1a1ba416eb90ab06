using Belfry.Core.Chains;
using Belfry.Core.Ledger;

namespace Belfry.Core.Tracking;

/// <summary>What came of a transaction that arrived in the mempool.</summary>
public enum Arrival
{
    /// <summary>It touches nothing watched and rivals nothing tracked.</summary>
    Irrelevant,

    /// <summary>It has been heard of already.</summary>
    Known,

    /// <summary>Something changed.</summary>
    Changed,

    /// <summary>It contradicts a block of the best chain: to be looked at again after the next look at the blocks.</summary>
    Premature,
}

/// <summary>
/// The state machine of tracked transactions. Pure with respect to the outside: takes observations, changes the replica of open transactions, and lists what
/// happened as facts. The order of observations may vary; where a transaction ends depends only on which chain and mempool the node has.
/// </summary>
/// <remarks>
/// <c>seen -> confirmed -> final</c>; from seen <c>replaced</c>, <c>conflicted</c>, <c>dropped</c>, each reversible; from confirmed back through
/// <c>reorged</c>; a coinbase whose block left is <c>invalidated</c>.
/// </remarks>
public sealed class Lifecycle(OpenTransactions open, ConfirmationPlan plan)
{
    readonly List<Fact> facts = [];

    /// <summary>Hands over what happened since the last call.</summary>
    public IReadOnlyList<Fact> TakeFacts()
    {
        var taken = facts.ToArray();
        facts.Clear();
        return taken;
    }

    /// <summary>How many facts wait to be taken.</summary>
    public int PendingFacts => facts.Count;

    /// <summary>Adds a fact that no transaction is part of.</summary>
    public void Tell(Fact fact) => facts.Add(fact);

    /// <summary>A transaction is in the node's mempool.</summary>
    /// <param name="appraised">What it does to watched scripts.</param>
    /// <param name="note">How it was learnt.</param>
    /// <returns>What came of it.</returns>
    public Arrival Arrive(Appraisal appraised, ChangeNote note)
    {
        var before = open.Find(appraised.Transaction.Id) ?? appraised.Stored;
        if (before is { State: TxState.Seen }) return Learn(before, appraised, note);
        if (before is { State: TxState.Confirmed or TxState.Final }) return Arrival.Known;
        var rivals = RivalsOf(appraised.Transaction);
        // A rival in a block of the best chain cannot lose to the mempool: either the node's answer is older than that block, or the block is about to be taken back.
        if (rivals.Exists(static rival => rival.State is TxState.Confirmed)) return Arrival.Premature;
        Lose(rivals.Where(static rival => rival.State is TxState.Seen or TxState.Reorged), TxState.Replaced, appraised, null, note with { Reason = "replaced" });
        if (appraised.IsRelevant)
        {
            NoteSpent(appraised);
            Change(before, appraised.ToSeen(before), note);
        }

        return appraised.IsRelevant || rivals.Count > 0 ? Arrival.Changed : Arrival.Irrelevant;
    }

    /// <summary>A transaction is in a block that has just joined the best chain.</summary>
    public void Confirm(Appraisal appraised, BlockHeader header, ChangeNote note)
    {
        var before = open.Find(appraised.Transaction.Id) ?? appraised.Stored;
        var settled = note with { Confirmations = note.Confirmations == 0 ? 1 : note.Confirmations, BlockTime = header.Time };
        var losers = RivalsOf(appraised.Transaction).Where(static rival => rival.State is not (TxState.Confirmed or TxState.Conflicted));
        Lose(losers, TxState.Conflicted, appraised, header.Block, settled with { Reason = "conflict_in_block", Confirmations = 0 });
        if (!appraised.IsRelevant) return;
        NoteSpent(appraised);
        Change(before, appraised.ToConfirmed(before, header.Block, plan, settled.Confirmations), settled);
    }

    /// <summary>A block has left the best chain.</summary>
    /// <param name="header">The block.</param>
    /// <param name="transactions">All tracked transactions in it, also final ones, in block order.</param>
    /// <param name="disconnects">How many blocks had left before.</param>
    /// <param name="note">How it was learnt.</param>
    public void Disconnect(BlockHeader header, IReadOnlyList<LedgerTransaction> transactions, long disconnects, ChangeNote note)
    {
        facts.Add(new Fact.BlockLeft(header, disconnects));
        // Children may follow their parents in the block, so the last one is taken back first.
        foreach (var stored in transactions.Reverse())
        {
            var before = open.Find(stored.Id) ?? stored;
            var after = before with { State = before.IsCoinbase ? TxState.Invalidated : TxState.Reorged, ToldConfirmations = 0 };
            Change(before, after, note with { Reason = "reorg", BlockTime = header.Time });
        }

        foreach (var loser in open.InState(TxState.Conflicted).Where(loser => loser.CauseBlock?.Hash == header.Block.Hash))
        {
            // Its rival is in no block any more, but nothing says that the loser is back: that is for the mempool to show.
            Change(loser, loser with { State = TxState.Replaced, CauseBlock = null, Attempt = loser.Attempt + 1 }, note with { Reason = "rival_reorged" });
        }
    }

    /// <summary>A transaction that was in the mempool is not there any more, and no rival is known.</summary>
    public void Drop(TxHash id, ChangeNote note)
    {
        if (open.Find(id) is not { State: TxState.Seen or TxState.Reorged } before) return;
        Change(before, before with { State = TxState.Dropped, Block = null, Position = -1 }, note);
        DropChildren(before, note);
    }

    /// <summary>The best chain is now <paramref name="tip"/> high: tells milestones and settles what is final.</summary>
    /// <param name="tip">Height of the best block.</param>
    /// <param name="timeAt">The time of the block at a height, for milestones told late.</param>
    public void Deepen(long tip, Func<long, DateTimeOffset> timeAt)
    {
        foreach (var confirmations in plan.Depths)
        {
            var height = tip - confirmations + 1;
            foreach (var id in open.ConfirmedAt(height))
            {
                var before = open.Find(id)!;
                var final = plan.IsFinal(confirmations, before.IsCoinbase);
                var milestone = plan.IsMilestone(confirmations) && before.ToldConfirmations < confirmations;
                if (!milestone && !final) continue;
                var after = before with
                {
                    State = final ? TxState.Final : before.State,
                    ToldConfirmations = Math.Max(before.ToldConfirmations, confirmations),
                };
                facts.Add(new Fact.Deepened(before, after, confirmations, timeAt(height)));
                open.Put(after);
                if (final) open.Settle(after);
            }
        }

        SettleLosers(tip);
    }

    /// <summary>A coinbase that was mature is so no longer, because the best chain became shorter.</summary>
    public void Unripen(LedgerTransaction coinbase, ChangeNote note)
    {
        var before = open.Find(coinbase.Id) ?? coinbase;
        if (before is { IsCoinbase: true, State: TxState.Final })
            Change(before, before with { State = TxState.Confirmed, Attempt = before.Attempt + 1, ToldConfirmations = plan.LastMilestone(note.Confirmations) }, note with { Reason = "immature_again" });
    }

    // Looked at again for a new watch, or since its history has been read: what it does to others stands, what was not watched then is added.
    Arrival Learn(LedgerTransaction before, Appraisal appraised, ChangeNote note)
    {
        if (appraised.ToSeen(before) is var after && !appraised.Movements.Any(movement => IsMore(movement, before))) return Arrival.Known;
        NoteSpent(appraised);
        Change(before, after, note);
        return Arrival.Changed;
    }

    static bool IsMore(Movement movement, LedgerTransaction before)
    {
        foreach (var known in before.Movements)
        {
            if (known.Script.Equals(movement.Script)) return movement.Received > known.Received || movement.Sent > known.Sent;
        }

        return true;
    }

    void SettleLosers(long tip)
    {
        foreach (var loser in open.InState(TxState.Conflicted))
        {
            if (loser.CauseBlock is { } block && tip - block.Height + 1 >= plan.FinalAfter) open.Settle(loser);
        }
    }

    // Each rival first, then what hung on them: a rival can spend from another rival, and is told once, as a rival.
    void Lose(IEnumerable<LedgerTransaction> rivals, TxState state, Appraisal winner, BlockRef? block, ChangeNote note)
    {
        var losers = rivals.ToList();
        foreach (var rival in losers) LoseOne(rival, state, winner, block, note);
        foreach (var rival in losers) LoseChildren(rival.Id, state, winner, block, note with { Reason = "parent_gone" });
    }

    void LoseOne(LedgerTransaction loser, TxState state, Appraisal winner, BlockRef? block, ChangeNote note)
    {
        var after = loser with { State = state, Cause = winner.Transaction.Id, CauseBlock = block, Block = null, Position = -1, ToldConfirmations = 0 };
        Change(loser, after, note with { RivalPays = winner.PaidScripts });
    }

    void LoseChildren(TxHash parent, TxState state, Appraisal winner, BlockRef? block, ChangeNote note)
    {
        foreach (var id in open.ChildrenOf(parent).Select(static child => child.Id))
        {
            // Looked up anew: it may have been lost by another way since the list was made.
            if (open.Find(id) is not { State: TxState.Seen or TxState.Reorged or TxState.Dropped or TxState.Replaced } child || child.State == state) continue;
            LoseOne(child, state, winner, block, note);
            LoseChildren(id, state, winner, block, note);
        }
    }

    void DropChildren(LedgerTransaction parent, ChangeNote note)
    {
        foreach (var child in open.ChildrenOf(parent.Id).Where(static child => child.State is TxState.Seen or TxState.Reorged))
            Drop(child.Id, note with { Reason = "parent_gone" });
    }

    List<LedgerTransaction> RivalsOf(ChainTransaction transaction)
    {
        var rivals = new List<LedgerTransaction>();
        foreach (var input in transaction.Inputs)
        {
            foreach (var id in open.SpendersOf(input.Previous))
            {
                if (id != transaction.Id && !rivals.Exists(rival => rival.Id == id)) rivals.Add(open.Find(id)!);
            }
        }

        return rivals;
    }

    void NoteSpent(Appraisal appraised)
    {
        foreach (var coin in appraised.Spent) open.NoteSpent(coin);
    }

    void Change(LedgerTransaction? before, LedgerTransaction after, ChangeNote note)
    {
        facts.Add(new Fact.Changed(before, after, note));
        open.Put(after);
        if (before is null || before.Coins.Length != after.Coins.Length) Discover(after, note);
        if (after.State == TxState.Final) open.Settle(after);
    }

    // A child can be heard of before its parent: the block that holds the parent takes longer to read than the child takes to arrive. What the child spends is
    // known only now.
    void Discover(LedgerTransaction parent, ChangeNote note)
    {
        foreach (var coin in parent.Coins)
        {
            if (open.IsNotedSpent(coin.OutPoint)) continue;
            foreach (var id in open.SpendersOf(coin.OutPoint).ToArray())
            {
                open.NoteSpent(coin);
                if (open.Find(id) is not { State: TxState.Seen } spender) continue;
                var address = parent.Movements.First(movement => movement.Script.Equals(coin.Script)).Address;
                var known = spender.Movements.FirstOrDefault(movement => movement.Script.Equals(coin.Script));
                var found = known is null
                    ? new Movement(coin.Script, address, Amount.Zero, coin.Value, address, spender.Movements.Select(static movement => movement.To).FirstOrDefault())
                    : known with { Sent = known.Sent + coin.Value };
                var after = spender with { Movements = [found, .. spender.Movements.Where(movement => !movement.Script.Equals(coin.Script))] };
                facts.Add(new Fact.Changed(spender, after, new ChangeNote { Source = note.Source, CatchUp = note.CatchUp }));
                open.Put(after);
            }
        }
    }
}
