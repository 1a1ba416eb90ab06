using System.Collections.Immutable;
using Belfry.Core.Chains;

namespace Belfry.Core.Ledger;

/// <summary>One chain's ledger as an immutable value: a commit makes a new one, a crash goes back to an old one, a reader keeps the one it began with.</summary>
sealed record MemoryChain
{
    public static MemoryChain Empty { get; } = new();

    public ChainPosition? Position { get; init; }

    public ImmutableSortedDictionary<long, BlockHeader> Blocks { get; init; } = ImmutableSortedDictionary<long, BlockHeader>.Empty;

    public ImmutableSortedDictionary<TxHash, MemoryTransaction> Transactions { get; init; } = ImmutableSortedDictionary.Create<TxHash, MemoryTransaction>(TxHashOrder.Instance);

    /// <summary>Ids by the order in which they were first stored; only those that are not final.</summary>
    public ImmutableSortedDictionary<long, TxHash> NotFinal { get; init; } = ImmutableSortedDictionary<long, TxHash>.Empty;

    public ImmutableSortedDictionary<(long Height, int Position, long Ordinal), TxHash> InBlocks { get; init; } =
        ImmutableSortedDictionary<(long Height, int Position, long Ordinal), TxHash>.Empty;

    public ImmutableSortedDictionary<OutPoint, Coin> Coins { get; init; } = ImmutableSortedDictionary.Create<OutPoint, Coin>(OutPointOrder.Instance);

    public ImmutableSortedDictionary<OutPoint, ImmutableSortedSet<TxHash>> Spenders { get; init; } =
        ImmutableSortedDictionary.Create<OutPoint, ImmutableSortedSet<TxHash>>(OutPointOrder.Instance);

    public ImmutableSortedDictionary<Script, ImmutableSortedDictionary<long, TxHash>> History { get; init; } =
        ImmutableSortedDictionary.Create<Script, ImmutableSortedDictionary<long, TxHash>>(ScriptOrder.Instance);

    public ImmutableSortedDictionary<Script, Balance> Balances { get; init; } = ImmutableSortedDictionary.Create<Script, Balance>(ScriptOrder.Instance);

    long LastOrdinal { get; init; }

    public MemoryChain Apply(LedgerBatch batch)
    {
        var blocks = Blocks;
        foreach (var gone in batch.Disconnected)
        {
            if (blocks.TryGetValue(gone.Height, out var held) && held.Block.Hash == gone.Hash) blocks = blocks.Remove(gone.Height);
        }

        foreach (var block in batch.Connected) blocks = blocks.SetItem(block.Block.Height, block);
        var chain = this with { Blocks = blocks, Position = batch.Position ?? Position, Balances = Balances.SetItems(batch.Balances) };
        foreach (var transaction in batch.Transactions) chain = chain.Put(transaction);
        return chain;
    }

    public LedgerTransaction? Find(TxHash id) => Transactions.GetValueOrDefault(id)?.Transaction;

    public bool IsOpen(LedgerTransaction transaction) =>
        LedgerRules.IsOpen(transaction, transaction.Cause is { } cause ? Find(cause)?.State : null, Position?.Cursor.Block.Height);

    /// <summary>Whether a final transaction has spent the coin, or the coin's own transaction is undone for good.</summary>
    public bool IsGone(OutPoint coin) =>
        (Spenders.TryGetValue(coin, out var spenders) && spenders.Any(id => Find(id)!.State == TxState.Final))
        || (Find(coin.Transaction) is { } own && LedgerRules.IsUndone(own.State) && !IsOpen(own));

    MemoryChain Put(LedgerTransaction transaction)
    {
        var held = Transactions.GetValueOrDefault(transaction.Id);
        var chain = held is null ? this with { LastOrdinal = LastOrdinal + 1 } : Take(held);
        var stored = new MemoryTransaction(held?.Ordinal ?? chain.LastOrdinal, transaction);
        var history = chain.History;
        foreach (var movement in transaction.Movements)
        {
            var old = history.GetValueOrDefault(movement.Script) ?? ImmutableSortedDictionary<long, TxHash>.Empty;
            history = history.SetItem(movement.Script, old.SetItem(stored.Ordinal, transaction.Id));
        }

        var spenders = chain.Spenders;
        foreach (var input in transaction.Inputs)
        {
            var old = spenders.GetValueOrDefault(input) ?? ImmutableSortedSet.Create<TxHash>(TxHashOrder.Instance);
            spenders = spenders.SetItem(input, old.Add(transaction.Id));
        }

        return chain with
        {
            Transactions = chain.Transactions.SetItem(transaction.Id, stored),
            NotFinal = transaction.State == TxState.Final ? chain.NotFinal : chain.NotFinal.SetItem(stored.Ordinal, transaction.Id),
            InBlocks = stored.Place is { } place ? chain.InBlocks.SetItem(place, transaction.Id) : chain.InBlocks,
            Coins = chain.Coins.SetItems(transaction.Coins.Select(coin => KeyValuePair.Create(coin.OutPoint, coin))),
            Spenders = spenders,
            History = history,
        };
    }

    // What an older version of a transaction left in the lookups must go before the new version goes in.
    MemoryChain Take(MemoryTransaction held)
    {
        var history = History;
        foreach (var movement in held.Transaction.Movements) history = history.SetItem(movement.Script, history[movement.Script].Remove(held.Ordinal));
        var spenders = Spenders;
        foreach (var input in held.Transaction.Inputs) spenders = spenders.SetItem(input, spenders[input].Remove(held.Transaction.Id));
        return this with
        {
            NotFinal = NotFinal.Remove(held.Ordinal),
            InBlocks = held.Place is { } place ? InBlocks.Remove(place) : InBlocks,
            Coins = Coins.RemoveRange(held.Transaction.Coins.Select(coin => coin.OutPoint)),
            Spenders = spenders,
            History = history,
        };
    }
}

/// <summary>A transaction with the order in which it was first stored.</summary>
sealed record MemoryTransaction(long Ordinal, LedgerTransaction Transaction)
{
    public (long Height, int Position, long Ordinal)? Place =>
        LedgerRules.IsInBlock(Transaction.State) && Transaction.Block is { } block ? (block.Height, Transaction.Position, Ordinal) : null;
}
