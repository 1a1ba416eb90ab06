using Belfry.Core.Chains;
using Belfry.Core.Ledger;
using Npgsql;

namespace Belfry.Sql.Postgres;

/// <summary>Puts transactions together from the rows of their four parts.</summary>
static class PostgresRows
{
    static readonly string[] Parts = ["tx", "tx_inputs", "tx_movements", "tx_coins"];

    /// <summary>Asks for the parts of those transactions which another statement names.</summary>
    public static void AddTransactions(this PostgresBatch batch, string keys, params ReadOnlySpan<object?> values)
    {
        foreach (var part in Parts) batch.Add($"{part} of {keys}", values);
    }

    /// <summary>Reads the answer; it may go on with other rows.</summary>
    /// <returns>The transactions by key.</returns>
    public static async ValueTask<SortedDictionary<long, LedgerTransaction>> ReadTransactionsAsync(this NpgsqlDataReader row, ChainId chain, CancellationToken cancellationToken)
    {
        var found = new SortedDictionary<long, LedgerTransaction>();
        while (await row.ReadAsync(cancellationToken)) found.Add(row.GetInt64(0), Bare(row, chain));
        var inputs = await GroupAsync(row, static part => OutPoint.FromWire(part.Bytes(1)), cancellationToken);
        var movements = await GroupAsync(
            row, static part => new Movement(new Script(part.Bytes(1)), part.GetString(2), part.Amount(3), part.Amount(4), part.Text(5), part.Text(6)), cancellationToken);
        var coins = await GroupAsync(row, static part => (Index: (uint)part.GetInt64(1), Script: new Script(part.Bytes(2)), Value: part.Amount(3)), cancellationToken);
        foreach (var (key, transaction) in found.ToList())
        {
            found[key] = transaction with
            {
                Inputs = [.. inputs.GetValueOrDefault(key) ?? []],
                Movements = [.. movements.GetValueOrDefault(key) ?? []],
                Coins = [.. (coins.GetValueOrDefault(key) ?? []).Select(coin => new Coin(new OutPoint(transaction.Id, coin.Index), coin.Script, coin.Value))],
            };
        }

        await row.NextResultAsync(cancellationToken);
        return found;
    }

    static LedgerTransaction Bare(NpgsqlDataReader row, ChainId chain) => new()
    {
        Chain = chain,
        Id = new TxHash(row.Hash(1)),
        State = (TxState)row.GetInt32(2),
        Block = row.IsDBNull(4) ? null : new BlockRef(row.GetInt64(3), new BlockHash(row.Hash(4))),
        Position = row.GetInt32(5),
        IsCoinbase = row.GetInt32(6) != 0,
        Attempt = row.GetInt32(7),
        ToldConfirmations = row.GetInt32(8),
        Fee = row.IsDBNull(9) ? null : row.Amount(9),
        FirstSeen = row.Time(10),
        Cause = row.IsDBNull(11) ? null : new TxHash(row.Hash(11)),
        CauseBlock = row.IsDBNull(13) ? null : new BlockRef(row.GetInt64(12), new BlockHash(row.Hash(13))),
    };

    static async ValueTask<Dictionary<long, List<T>>> GroupAsync<T>(NpgsqlDataReader row, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        var groups = new Dictionary<long, List<T>>();
        await row.NextResultAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            if (!groups.TryGetValue(row.GetInt64(0), out var group)) groups.Add(row.GetInt64(0), group = []);
            group.Add(read(row));
        }

        return groups;
    }
}
