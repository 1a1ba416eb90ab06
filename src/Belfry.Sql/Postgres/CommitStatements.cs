using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Belfry.Core.Chains;
using Belfry.Core.Ledger;

namespace Belfry.Sql.Postgres;

/// <summary>Turns one batch into statements over whole sets: their number does not grow with what is in the batch.</summary>
static class CommitStatements
{
    public static void Add(PostgresBatch pipeline, long chain, LedgerBatch batch)
    {
        if (batch.Position is { } position) AddPosition(pipeline, chain, position);
        AddBlocks(pipeline, chain, batch);
        var transactions = Last(batch.Transactions, transaction => transaction.Id);
        AddScripts(pipeline, chain, batch, transactions);
        if (transactions.Count > 0) AddTransactions(pipeline, chain, transactions);
        if (batch.Balances.Count > 0) AddBalances(pipeline, chain, batch);
        if (batch.Activated.Count > 0) pipeline.Add("watches_activate_scripts", batch.Chain.Value, batch.Activated.Select(script => script.Span.ToArray()).ToArray());
    }

    static void AddPosition(PostgresBatch pipeline, long chain, ChainPosition position)
    {
        var cursor = position.Cursor;
        pipeline.Add("position_move", chain, position.Network, position.Genesis.Value.ToArray(), cursor.Block.Height, cursor.Block.Hash.Value.ToArray(),
            cursor.Previous.Value.ToArray(), Columns.Of(cursor.Time), Columns.Of(cursor.Work), cursor.InBestChain, Columns.Of(position.BestWork), position.Disconnects, position.Gap);
    }

    static void AddBlocks(PostgresBatch pipeline, long chain, LedgerBatch batch)
    {
        if (batch.Disconnected.Count > 0)
            pipeline.Add("blocks_drop", chain, batch.Disconnected.Select(gone => gone.Height).ToArray(), batch.Disconnected.Select(gone => gone.Hash.Value.ToArray()).ToArray());
        if (batch.Connected.Count == 0) return;
        var come = Last(batch.Connected, block => block.Block.Height);
        pipeline.Add("blocks_put", chain, Of(come, block => block.Block.Height), Of(come, block => block.Block.Hash.Value.ToArray()), Of(come, block => block.Previous.Value.ToArray()),
            Of(come, block => Columns.Of(block.Time)), Of(come, block => Columns.Of(block.Work)), Of(come, block => block.InBestChain));
    }

    // Each script once, with the first address that is known of it.
    static void AddScripts(PostgresBatch pipeline, long chain, LedgerBatch batch, List<LedgerTransaction> transactions)
    {
        var scripts = new Dictionary<Script, string>();
        void Name(Script script, string? address)
        {
            if (!scripts.TryGetValue(script, out var known) || known.Length == 0) scripts[script] = address ?? "";
        }

        foreach (var transaction in transactions)
        {
            foreach (var coin in transaction.Coins) Name(coin.Script, null);
            foreach (var movement in transaction.Movements) Name(movement.Script, movement.Address);
        }

        foreach (var script in batch.Balances.Keys) Name(script, null);
        foreach (var told in batch.Events)
        {
            if (told.Script is { } script) Name(script, told.Address);
        }

        if (scripts.Count > 0) pipeline.Add("scripts_put", chain, scripts.Keys.Select(script => script.Span.ToArray()).ToArray(), scripts.Values.ToArray());
    }

    static void AddTransactions(PostgresBatch pipeline, long chain, List<LedgerTransaction> transactions)
    {
        var inputs = Flatten(transactions, transaction => transaction.Inputs);
        var coins = Flatten(transactions, transaction => transaction.Coins);
        var movements = Flatten(transactions, transaction => transaction.Movements);
        pipeline.Add("transactions_put", chain,
            Of(transactions, one => one.Id.Value.ToArray()), Of(transactions, one => (int)one.State), Of(transactions, one => one.Block?.Height),
            Of(transactions, one => one.Block?.Hash.Value.ToArray()), Of(transactions, one => one.Position), Of(transactions, one => one.IsCoinbase),
            Of(transactions, one => one.Attempt), Of(transactions, one => one.ToldConfirmations), Of(transactions, one => one.Fee?.Units),
            Of(transactions, one => Columns.Of(one.FirstSeen)), Of(transactions, one => one.Cause?.Value.ToArray()), Of(transactions, one => one.CauseBlock?.Height),
            Of(transactions, one => one.CauseBlock?.Hash.Value.ToArray()), Of(transactions, Digest),
            Of(inputs, one => one.Owner), Of(inputs, one => one.Order), Of(inputs, one => Columns.Wire(one.Part)),
            Of(coins, one => one.Owner), Of(coins, one => one.Order), Of(coins, one => (long)one.Part.OutPoint.Index), Of(coins, one => one.Part.Script.Span.ToArray()),
            Of(coins, one => one.Part.Value.Units),
            Of(movements, one => one.Owner), Of(movements, one => one.Order), Of(movements, one => one.Part.Script.Span.ToArray()), Of(movements, one => one.Part.Address),
            Of(movements, one => one.Part.Received.Units), Of(movements, one => one.Part.Sent.Units), Of(movements, one => one.Part.From), Of(movements, one => one.Part.To));
    }

    static void AddBalances(PostgresBatch pipeline, long chain, LedgerBatch batch)
    {
        List<Balance> balances = [.. batch.Balances.Values];
        pipeline.Add("balances_put", chain, batch.Balances.Keys.Select(script => script.Span.ToArray()).ToArray(),
            Of(balances, one => one.Confirmed.Units), Of(balances, one => one.Unconfirmed.Units), Of(balances, one => one.Immature.Units),
            Of(balances, one => one.Received.Units), Of(balances, one => one.Sent.Units), Of(balances, one => one.Transactions));
    }

    // Sixteen bytes of everything about a transaction that seldom changes.
    static byte[] Digest(LedgerTransaction transaction)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[4];
        void Number(Span<byte> four, int value)
        {
            BinaryPrimitives.WriteInt32LittleEndian(four, value);
            hash.AppendData(four);
        }

        void Bytes(Span<byte> four, ReadOnlySpan<byte> value)
        {
            Number(four, value.Length);
            hash.AppendData(value);
        }

        void Text(Span<byte> four, string? value)
        {
            if (value is null) Number(four, -1);
            else Bytes(four, Encoding.UTF8.GetBytes(value));
        }

        Number(number, transaction.Inputs.Length);
        foreach (var input in transaction.Inputs) hash.AppendData(Columns.Wire(input));
        Number(number, transaction.Coins.Length);
        foreach (var coin in transaction.Coins)
        {
            Number(number, (int)coin.OutPoint.Index);
            Bytes(number, coin.Script.Span);
            Bytes(number, coin.Value.Units.ToByteArray());
        }

        foreach (var movement in transaction.Movements)
        {
            Bytes(number, movement.Script.Span);
            Text(number, movement.Address);
            Bytes(number, movement.Received.Units.ToByteArray());
            Bytes(number, movement.Sent.Units.ToByteArray());
            Text(number, movement.From);
            Text(number, movement.To);
        }

        return hash.GetHashAndReset()[..16];
    }

    static List<(int Owner, int Order, T Part)> Flatten<T>(List<LedgerTransaction> transactions, Func<LedgerTransaction, IReadOnlyList<T>> parts) =>
        [.. transactions.SelectMany((transaction, owner) => parts(transaction).Select((part, order) => (owner + 1, order, part)))];

    // What is named twice is meant as it was named last; a statement over a set cannot change a row twice.
    static List<T> Last<T, TKey>(IReadOnlyList<T> items, Func<T, TKey> key)
        where TKey : notnull
    {
        var (places, kept) = (new Dictionary<TKey, int>(), new List<T>(items.Count));
        foreach (var item in items)
        {
            if (places.TryGetValue(key(item), out var place))
            {
                kept[place] = item;
                continue;
            }

            places.Add(key(item), kept.Count);
            kept.Add(item);
        }

        return kept;
    }

    static TColumn[] Of<T, TColumn>(List<T> rows, Func<T, TColumn> column)
    {
        var values = new TColumn[rows.Count];
        for (var i = 0; i < values.Length; i++) values[i] = column(rows[i]);
        return values;
    }
}
