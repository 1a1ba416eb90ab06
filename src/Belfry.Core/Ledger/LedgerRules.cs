using Belfry.Core.Chains;
using Belfry.Core.Runtime;

namespace Belfry.Core.Ledger;

/// <summary>What every adapter of the ledger decides alike.</summary>
public static class LedgerRules
{
    /// <summary>
    /// A rival that is not tracked itself has no state to ask for; its block counts as final when it lies this many blocks below the cursor. Far beyond any
    /// chain's own finality, so that nothing is forgotten too early.
    /// </summary>
    public const int UntrackedRivalDepth = 1000;

    /// <summary>Whether a transaction has been undone: it moves no balance now.</summary>
    public static bool IsUndone(TxState state) => state is TxState.Replaced or TxState.Conflicted or TxState.Dropped or TxState.Reorged or TxState.Invalidated;

    /// <summary>Whether a transaction is in a block of the best chain.</summary>
    public static bool IsInBlock(TxState state) => state is TxState.Confirmed or TxState.Final;

    /// <summary>Whether a transaction may still change.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="rival">State of its <see cref="LedgerTransaction.Cause"/>, or null when there is none or it is not tracked.</param>
    /// <param name="cursor">Height of the chain's cursor, or null before its first commit.</param>
    public static bool IsOpen(LedgerTransaction transaction, TxState? rival, long? cursor) => transaction.State switch
    {
        TxState.Final => false,
        TxState.Replaced or TxState.Conflicted when rival is { } state => state != TxState.Final,
        TxState.Conflicted when transaction.CauseBlock is { } block && cursor is { } height => height - block.Height < UntrackedRivalDepth,
        _ => true,
    };

    /// <summary>Refuses a batch that contradicts itself: such a batch is a fault of the program, not of the store.</summary>
    /// <exception cref="ArgumentException">The batch holds something of another chain or transaction.</exception>
    public static void Check(LedgerBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        foreach (var transaction in batch.Transactions)
        {
            if (transaction.Chain != batch.Chain)
                throw new ArgumentException($"Transaction {transaction.Id} of chain {transaction.Chain} is in a batch of chain {batch.Chain}.", nameof(batch));
            foreach (var coin in transaction.Coins)
            {
                if (coin.OutPoint.Transaction != transaction.Id)
                    throw new ArgumentException($"Coin {coin.OutPoint} is not an output of transaction {transaction.Id}.", nameof(batch));
            }

            if (transaction.Coins.DistinctBy(coin => coin.OutPoint).Count() != transaction.Coins.Length
                || transaction.Movements.DistinctBy(movement => movement.Script).Count() != transaction.Movements.Length)
                throw new ArgumentException($"Transaction {transaction.Id} names a coin or a script twice.", nameof(batch));
        }
    }

    /// <summary>Refuses to mix the data of two networks.</summary>
    /// <exception cref="StoreException">The chain's data belongs to another network.</exception>
    public static void CheckNetwork(string store, ChainId chain, ChainPosition? held, ChainPosition? next)
    {
        if (held is null || next is null || (held.Network == next.Network && held.Genesis == next.Genesis)) return;
        throw new StoreException(store,
            $"chain {chain} holds data of network {held.Network} with genesis {held.Genesis}, the node is on {next.Network} with genesis {next.Genesis}; use another data folder");
    }
}
