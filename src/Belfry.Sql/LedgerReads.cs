using Belfry.Core.Chains;
using Belfry.Core.Ledger;

namespace Belfry.Sql;

/// <summary>Questions to the ledger, each within the caller's transaction.</summary>
static class LedgerReads
{
    public static long? ChainKey(SqlSession session, ChainId chain) => (long?)session.Scalar("chain_id", chain.Value);

    public static ChainPosition? Position(SqlSession session, long chain)
    {
        using var row = session.Query("position", chain);
        return row.Read() ? row.Position() : null;
    }

    public static BlockHeader? Block(SqlSession session, long chain, long height)
    {
        using var row = session.Query("block", chain, height);
        return row.Read() ? row.Block() : null;
    }

    public static long? ScriptKey(SqlSession session, long chain, Script script) => (long?)session.Scalar("script", chain, script.Span.ToArray());

    public static Balance? Balance(SqlSession session, long chain, Script script)
    {
        if (ScriptKey(session, chain, script) is not { } key) return null;
        using var row = session.Query("balance", key);
        return row.Read() ? row.Balance() : null;
    }

    public static long? TransactionKey(SqlSession session, long chain, TxHash id) => (long?)session.Scalar("tx_id", chain, id.Value.ToArray());

    /// <summary>Keys in the first column of a query.</summary>
    public static List<long> Keys(SqlSession session, string statement, params ReadOnlySpan<object?> values)
    {
        var keys = new List<long>();
        using var row = session.Query(statement, values);
        while (row.Read()) keys.Add(row.GetInt64(0));
        return keys;
    }

    public static IReadOnlyList<LedgerTransaction> Transactions(SqlSession session, ChainId chain, IEnumerable<long> keys) =>
        [.. keys.Select(key => Transaction(session, chain, key))];

    public static LedgerTransaction Transaction(SqlSession session, ChainId chain, long key)
    {
        LedgerTransaction found;
        using (var row = session.Query("tx", key))
        {
            if (!row.Read()) throw new FormatException($"Transaction {key} is missing.");
            found = new LedgerTransaction
            {
                Chain = chain,
                Id = new TxHash(row.Hash(1)),
                State = (TxState)row.GetInt32(2),
                Block = row.IsDBNull(4) ? null : new BlockRef(row.GetInt64(3), new BlockHash(row.Hash(4))),
                Position = row.GetInt32(5),
                IsCoinbase = row.GetInt64(6) != 0,
                Attempt = row.GetInt32(7),
                ToldConfirmations = row.GetInt32(8),
                Fee = row.IsDBNull(9) ? null : row.Amount(9),
                FirstSeen = row.Time(10),
                Cause = row.IsDBNull(11) ? null : new TxHash(row.Hash(11)),
                CauseBlock = row.IsDBNull(13) ? null : new BlockRef(row.GetInt64(12), new BlockHash(row.Hash(13))),
            };
        }

        return found with { Inputs = [.. Inputs(session, key)], Movements = [.. Movements(session, key)], Coins = [.. Coins(session, key, found.Id)] };
    }

    public static LedgerSlice Find(SqlSession session, ChainId chainId, long chain, LedgerQuery query)
    {
        var scripts = new Dictionary<Script, string>();
        foreach (var script in query.Scripts)
        {
            if (session.Scalar("script_live", chain, script.Span.ToArray()) is string address) scripts[script] = address;
        }

        var coins = new Dictionary<OutPoint, Coin>();
        foreach (var outPoint in query.OutPoints)
        {
            using var row = session.Query("coin", chain, outPoint.Transaction.Value.ToArray(), (long)outPoint.Index);
            if (row.Read()) coins[outPoint] = new Coin(outPoint, new Script(row.Bytes(0)), row.Amount(1));
        }

        var transactions = new Dictionary<TxHash, LedgerTransaction>();
        var keys = query.Transactions.Select(id => TransactionKey(session, chain, id)).OfType<long>()
            .Concat(query.SpendersOf.SelectMany(outPoint => Keys(session, "spenders", chain, Columns.Wire(outPoint))));
        foreach (var key in keys.Distinct())
        {
            var transaction = Transaction(session, chainId, key);
            transactions[transaction.Id] = transaction;
        }

        var balances = new Dictionary<Script, Balance>();
        foreach (var script in query.Balances)
        {
            if (Balance(session, chain, script) is { } balance) balances[script] = balance;
        }

        return new LedgerSlice { Scripts = scripts, Coins = coins, Transactions = transactions, Balances = balances };
    }

    /// <summary>A page of coins, and the coin after which to read on; null at the end.</summary>
    public static (List<OutPoint> Coins, (long Transaction, long Index)? Next) Unspent(SqlSession session, long chain, (long Transaction, long Index) after, int limit)
    {
        var coins = new List<(OutPoint Coin, bool Gone)>();
        var last = after;
        using (var row = session.Query("coins_after", chain, after.Transaction, after.Index, limit, LedgerRules.UntrackedRivalDepth))
        {
            while (row.Read())
            {
                last = (row.GetInt64(0), row.GetInt64(2));
                coins.Add((new OutPoint(new TxHash(row.Hash(1)), (uint)last.Index), row.Number(3) == 1));
            }
        }

        var unspent = coins.Where(coin => !coin.Gone && session.Scalar("spent_for_good", chain, Columns.Wire(coin.Coin)) is null).Select(coin => coin.Coin).ToList();
        return (unspent, coins.Count < limit ? null : last);
    }

    static List<OutPoint> Inputs(SqlSession session, long key)
    {
        var inputs = new List<OutPoint>();
        using var row = session.Query("tx_inputs", key);
        while (row.Read()) inputs.Add(OutPoint.FromWire(row.Bytes(0)));
        return inputs;
    }

    static List<Movement> Movements(SqlSession session, long key)
    {
        var movements = new List<Movement>();
        using var row = session.Query("tx_movements", key);
        while (row.Read()) movements.Add(new Movement(new Script(row.Bytes(0)), row.GetString(1), row.Amount(2), row.Amount(3), row.Text(4), row.Text(5)));
        return movements;
    }

    static List<Coin> Coins(SqlSession session, long key, TxHash id)
    {
        var coins = new List<Coin>();
        using var row = session.Query("tx_coins", key);
        while (row.Read()) coins.Add(new Coin(new OutPoint(id, (uint)row.GetInt64(0)), new Script(row.Bytes(1)), row.Amount(2)));
        return coins;
    }
}
