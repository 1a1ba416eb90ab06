using Belfry.Core.Ledger;

namespace Belfry.Sql;

/// <summary>How a batch goes into the tables, within the writer's transaction.</summary>
static class LedgerWrites
{
    public static CommitResult Commit(WriteTurn turn, LedgerBatch batch)
    {
        var session = turn.Session;
        var chain = turn.ChainKey(batch.Chain);
        if (batch.Position is { } position)
        {
            LedgerRules.CheckNetwork(turn.Store, batch.Chain, LedgerReads.Position(session, chain), position);
            var cursor = position.Cursor;
            session.Execute("position_set", chain, position.Network, position.Genesis.Value.ToArray(), cursor.Block.Height, cursor.Block.Hash.Value.ToArray(),
                cursor.Previous.Value.ToArray(), Columns.Of(cursor.Time), Columns.Of(cursor.Work), cursor.InBestChain, Columns.Of(position.BestWork),
                position.Disconnects, position.Gap);
        }

        foreach (var gone in batch.Disconnected) session.Execute("block_drop", chain, gone.Height, gone.Hash.Value.ToArray());
        foreach (var block in batch.Connected)
        {
            session.Execute("block_put", chain, block.Block.Height, block.Block.Hash.Value.ToArray(), block.Previous.Value.ToArray(), Columns.Of(block.Time),
                Columns.Of(block.Work), block.InBestChain);
        }

        foreach (var transaction in batch.Transactions) Put(turn, chain, transaction);
        turn.CrashPoints.Reach("ledger.mid_batch");
        foreach (var (script, balance) in batch.Balances)
        {
            session.Execute("balance_put", turn.ScriptKey(chain, script, null).Key, Columns.Of(balance.Confirmed), Columns.Of(balance.Unconfirmed),
                Columns.Of(balance.Immature), Columns.Of(balance.Received), Columns.Of(balance.Sent), balance.Transactions);
        }

        WatchWrites.Activate(turn, chain, batch.Activated);
        var duplicates = JournalWrites.Append(turn, batch.Chain, chain, batch.Events);
        return new CommitResult(turn.Head, duplicates);
    }

    static void Put(WriteTurn turn, long chain, LedgerTransaction transaction)
    {
        var session = turn.Session;
        object?[] values =
        [
            chain, transaction.Id.Value.ToArray(), (long)transaction.State, transaction.Block?.Height, transaction.Block?.Hash.Value.ToArray(), transaction.Position,
            transaction.IsCoinbase, transaction.Attempt, transaction.ToldConfirmations, transaction.Fee is { } fee ? Columns.Of(fee) : null,
            Columns.Of(transaction.FirstSeen), transaction.Cause?.Value.ToArray(), transaction.CauseBlock?.Height, transaction.CauseBlock?.Hash.Value.ToArray(),
        ];
        if (LedgerReads.TransactionKey(session, chain, transaction.Id) is not { } key)
        {
            PutParts(turn, chain, (long)session.Scalar("tx_add", values)!, transaction, held: null);
            return;
        }

        // Most changes are of state alone: what the transaction does to scripts is compared first and seldom written again.
        var held = LedgerReads.Transaction(session, transaction.Chain, key);
        session.Execute("tx_set", values);
        PutParts(turn, chain, key, transaction, held);
    }

    static void PutParts(WriteTurn turn, long chain, long key, LedgerTransaction transaction, LedgerTransaction? held)
    {
        var session = turn.Session;
        if (held is null || !held.Inputs.AsSpan().SequenceEqual(transaction.Inputs.AsSpan()))
        {
            if (held is not null) session.Execute("inputs_drop", key);
            for (var i = 0; i < transaction.Inputs.Length; i++) session.Execute("input_add", key, i, Columns.Wire(transaction.Inputs[i]));
        }

        if (held is null || !held.Coins.AsSpan().SequenceEqual(transaction.Coins.AsSpan()))
        {
            if (held is not null) session.Execute("coins_drop", key);
            for (var i = 0; i < transaction.Coins.Length; i++)
            {
                var coin = transaction.Coins[i];
                session.Execute("coin_add", key, (long)coin.OutPoint.Index, i, turn.ScriptKey(chain, coin.Script, null).Key, Columns.Of(coin.Value));
            }
        }

        if (held is not null && held.Movements.AsSpan().SequenceEqual(transaction.Movements.AsSpan())) return;
        if (held is not null) session.Execute("movements_drop", key);
        for (var i = 0; i < transaction.Movements.Length; i++)
        {
            var movement = transaction.Movements[i];
            var (script, address) = turn.ScriptKey(chain, movement.Script, movement.Address);
            session.Execute("movement_add", script, key, i, address == movement.Address ? null : movement.Address, Columns.Of(movement.Received),
                Columns.Of(movement.Sent), movement.From, movement.To);
        }
    }
}
