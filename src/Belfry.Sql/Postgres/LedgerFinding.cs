using Belfry.Core.Chains;
using Belfry.Core.Ledger;
using Npgsql;

namespace Belfry.Sql.Postgres;

/// <summary>Looks up what a tracker needs to judge a match: all of it of one moment, with one way to the server and back.</summary>
static class LedgerFinding
{
    public static ValueTask<LedgerSlice> FindAsync(PostgresReads reads, ChainId chain, LedgerQuery query, CancellationToken cancellationToken) => reads.AskTogetherAsync(
        batch => Ask(batch, chain, query),
        async (row, stop) =>
        {
            var slice = new LedgerSlice();
            if (query.Scripts.Count > 0) slice = slice with { Scripts = await ReadAsync(row, static found => (new Script(found.Bytes(0)), found.GetString(1)), stop) };
            if (query.OutPoints.Count > 0) slice = slice with { Coins = await ReadAsync(row, Coin, stop) };
            if (query.Balances.Count > 0) slice = slice with { Balances = await ReadAsync(row, static found => (new Script(found.Bytes(0)), Balance(found)), stop) };
            if (query.Transactions.Count + query.SpendersOf.Count == 0) return slice;
            return slice with { Transactions = (await row.ReadTransactionsAsync(chain, stop)).Values.ToDictionary(transaction => transaction.Id) };
        }, cancellationToken);

    /// <summary>A balance behind the script whose it is.</summary>
    public static Balance Balance(NpgsqlDataReader row) => new(row.Amount(1), row.Amount(2), row.Amount(3), row.Amount(4), row.Amount(5), row.GetInt64(6));

    static void Ask(PostgresBatch batch, ChainId chain, LedgerQuery query)
    {
        if (query.Scripts.Count > 0) batch.Add("scripts_found", chain.Value, Bytes(query.Scripts));
        if (query.OutPoints.Count > 0)
        {
            batch.Add("coins_found", chain.Value, query.OutPoints.Select(coin => coin.Transaction.Value.ToArray()).ToArray(), query.OutPoints.Select(coin => (long)coin.Index).ToArray());
        }

        if (query.Balances.Count > 0) batch.Add("balances_found", chain.Value, Bytes(query.Balances));
        if (query.Transactions.Count + query.SpendersOf.Count > 0)
        {
            batch.AddTransactions("keys_found", chain.Value, query.Transactions.Select(id => id.Value.ToArray()).ToArray(), query.SpendersOf.Select(Columns.Wire).ToArray());
        }
    }

    static byte[][] Bytes(IReadOnlyCollection<Script> scripts) => [.. scripts.Select(script => script.Span.ToArray())];

    static (OutPoint Key, Coin Value) Coin(NpgsqlDataReader row)
    {
        var outPoint = new OutPoint(new TxHash(row.Hash(0)), (uint)row.GetInt64(1));
        return (outPoint, new Coin(outPoint, new Script(row.Bytes(2)), row.Amount(3)));
    }

    static async ValueTask<Dictionary<TKey, TValue>> ReadAsync<TKey, TValue>(NpgsqlDataReader row, Func<NpgsqlDataReader, (TKey Key, TValue Value)> read, CancellationToken cancellationToken)
        where TKey : notnull
    {
        var found = new Dictionary<TKey, TValue>();
        while (await row.ReadAsync(cancellationToken))
        {
            var (key, value) = read(row);
            found[key] = value;
        }

        await row.NextResultAsync(cancellationToken);
        return found;
    }
}
