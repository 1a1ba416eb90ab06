using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Ledger;

namespace Belfry.Core.Tracking;

/// <summary>Turns facts into what the ledger stores and the journal tells: rows, balances after each of them, and events in order.</summary>
public sealed class Storyteller(ChainProfile profile, BlockHash genesis, TimeProvider clock)
{
    /// <summary>The batch of these facts.</summary>
    /// <param name="facts">In the order in which they happened.</param>
    /// <param name="balances">Balances before, of every script that the facts touch.</param>
    /// <param name="position">The position after the batch, or null when it stays.</param>
    public LedgerBatch Tell(IReadOnlyList<Fact> facts, IReadOnlyDictionary<Script, Balance> balances, ChainPosition? position)
    {
        var sheet = new BalanceSheet(balances);
        var events = new List<PendingEvent>();
        var rows = new Dictionary<TxHash, LedgerTransaction>();
        var joined = new List<BlockHeader>();
        var left = new List<BlockRef>();
        foreach (var fact in facts)
        {
            switch (fact)
            {
                case Fact.BlockJoined block:
                    joined.Add(block.Header);
                    events.Add(Tell(block));
                    break;
                case Fact.BlockLeft block:
                    // A block that joins and leaves within one batch was never anybody's truth.
                    if (!joined.Remove(block.Header)) left.Add(block.Header.Block);
                    events.Add(Tell(block));
                    break;
                case Fact.Changed change:
                    rows[change.After.Id] = change.After;
                    TellChange(change, sheet, events);
                    break;
                case Fact.Deepened deeper:
                    rows[deeper.After.Id] = deeper.After;
                    TellDepth(deeper, sheet, events);
                    break;
                case Fact.FeedChanged feed:
                    events.Add(Tell(feed));
                    break;
            }
        }

        return new LedgerBatch
        {
            Chain = profile.Id,
            Position = position,
            Disconnected = left,
            Connected = joined,
            Transactions = [.. rows.Values],
            Balances = sheet.Changed,
            Events = events,
        };
    }

    /// <summary>Every script whose balance the facts may move.</summary>
    public static HashSet<Script> ScriptsOf(IReadOnlyList<Fact> facts)
    {
        var scripts = new HashSet<Script>();
        foreach (var fact in facts)
        {
            var transaction = fact switch { Fact.Changed change => change.After, Fact.Deepened deeper => deeper.After, _ => null };
            if (transaction is null) continue;
            foreach (var movement in transaction.Movements) scripts.Add(movement.Script);
        }

        return scripts;
    }

    void TellChange(Fact.Changed change, BalanceSheet sheet, List<PendingEvent> events)
    {
        foreach (var movement in change.After.Movements)
        {
            // A movement that was not known before (a new watch on an old transaction) is told as new, the others are not told again.
            var known = change.Before?.Movements.Any(former => former.Script.Equals(movement.Script)) ?? false;
            var before = known ? change.Before : null;
            if (before is not null && before.State == change.After.State && before.Attempt == change.After.Attempt && before.Block == change.After.Block)
            {
                if (sheet.Move(before, change.After, movement.Script)) events.Add(AddressUpdate(change, movement, before, sheet));
                continue;
            }

            var moved = sheet.Move(before, change.After, movement.Script);
            foreach (var kind in KindsOf(before, change.After, movement)) events.Add(Event(kind, change, movement, before, null));
            if (moved) events.Add(AddressUpdate(change, movement, before, sheet));
        }
    }

    static IEnumerable<EventKind> KindsOf(LedgerTransaction? before, LedgerTransaction after, Movement movement)
    {
        switch (after.State)
        {
            case TxState.Replaced or TxState.Conflicted:
                yield return EventKind.TransactionReplaced;
                yield break;
            case TxState.Dropped:
                yield return EventKind.TransactionDropped;
                yield break;
            case TxState.Reorged or TxState.Invalidated:
                yield return EventKind.TransactionReorged;
                yield break;
        }

        var returns = before is null or { State: TxState.Replaced or TxState.Conflicted or TxState.Dropped or TxState.Invalidated };
        if (returns || (after.State == TxState.Seen && before?.State == TxState.Reorged)) yield return EventKind.NewTransaction;
        // What an address sends to itself is no payment, also when the coins that it spends are older than the watch.
        if (returns && movement.Net.Sign > 0 && !(movement.Sent.IsZero && movement.From == movement.Address)) yield return EventKind.NewPayment;
        if (after.State is TxState.Confirmed or TxState.Final) yield return EventKind.VerifiedTx;
    }

    void TellDepth(Fact.Deepened deeper, BalanceSheet sheet, List<PendingEvent> events)
    {
        var change = new Fact.Changed(deeper.Before, deeper.After, new ChangeNote { Confirmations = deeper.Confirmations, BlockTime = deeper.BlockTime });
        foreach (var movement in deeper.After.Movements)
        {
            if (deeper.After.ToldConfirmations != deeper.Before.ToldConfirmations || deeper.After.State != deeper.Before.State) events.Add(Event(EventKind.VerifiedTx, change, movement, deeper.Before, null));
            if (sheet.Move(deeper.Before, deeper.After, movement.Script))
                events.Add(AddressUpdate(change with { Note = change.Note with { Reason = "matured" } }, movement, deeper.Before, sheet));
        }
    }

    PendingEvent AddressUpdate(Fact.Changed change, Movement movement, LedgerTransaction? before, BalanceSheet sheet) =>
        Event(EventKind.AddressUpdate, change, movement, before, sheet.Of(movement.Script));

    PendingEvent Event(EventKind kind, Fact.Changed change, Movement movement, LedgerTransaction? before, Balance? balance)
    {
        var (after, note) = (change.After, change.Note);
        var now = clock.GetUtcNow();
        var hasRival = after.State is TxState.Replaced or TxState.Conflicted;
        var data = new EventData
        {
            Kind = kind,
            Profile = profile,
            Transaction = after.Id,
            From = movement.From,
            To = movement.To,
            Amount = movement.Net.Abs,
            Confirmations = note.Confirmations,
            Block = after.Block,
            Timestamp = note.BlockTime ?? (after.State == TxState.Seen ? after.FirstSeen : now),
            Address = movement.Address,
            Movement = movement,
            State = after.State,
            PreviousState = before?.State,
            Fee = after.Fee,
            CauseTransaction = hasRival ? after.Cause : null,
            CauseBlock = hasRival ? after.CauseBlock : after.State is TxState.Reorged or TxState.Invalidated ? after.Block : null,
            PaysYou = hasRival ? note.RivalPays.Contains(movement.Script) : null,
            Reason = note.Reason,
            Source = note.Source,
            CatchUp = note.CatchUp,
            Attempt = after.Attempt,
            Balance = balance,
        };
        var block = after.State == TxState.Conflicted ? after.CauseBlock : after.Block;
        var sums = kind == EventKind.AddressUpdate ? movement : null;
        var id = EventId.OfTransaction(
            genesis, kind, after.Id, movement.Script, (int)after.State, block?.Hash, after.Attempt, note.Confirmations, sums?.Received ?? default, sums?.Sent ?? default);
        return new PendingEvent(id, kind, movement.Script, movement.Address, after.Id, block?.Height, data.ToJson(), now);
    }

    PendingEvent Tell(Fact.BlockJoined fact)
    {
        var data = new EventData
        {
            Kind = EventKind.NewBlock,
            Profile = profile,
            Confirmations = 1,
            Block = fact.Header.Block,
            Timestamp = fact.Header.Time,
            PreviousBlock = fact.Header.Previous,
            TransactionCount = fact.Transactions,
            CatchUp = fact.CatchUp,
        };
        return BlockEvent(data, fact.Header, fact.Disconnects);
    }

    PendingEvent Tell(Fact.BlockLeft fact)
    {
        var data = new EventData
        {
            Kind = EventKind.BlockDisconnected,
            Profile = profile,
            Block = fact.Header.Block,
            Timestamp = fact.Header.Time,
            PreviousBlock = fact.Header.Previous,
        };
        return BlockEvent(data, fact.Header, fact.Disconnects);
    }

    PendingEvent BlockEvent(EventData data, BlockHeader header, long disconnects)
    {
        var id = EventId.OfBlock(genesis, data.Kind, header.Block.Hash, disconnects);
        return new PendingEvent(id, data.Kind, null, null, null, header.Block.Height, data.ToJson(), clock.GetUtcNow());
    }

    PendingEvent Tell(Fact.FeedChanged fact)
    {
        var now = clock.GetUtcNow();
        var data = new EventData { Kind = fact.Kind, Profile = profile, Timestamp = now, Reason = fact.Reason, Detail = fact.Detail, After = fact.After };
        return new PendingEvent(EventId.OfFeed(genesis, fact.Kind, fact.Reason, now), fact.Kind, null, null, null, null, data.ToJson(), now);
    }
}
