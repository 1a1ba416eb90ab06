using Belfry.Core.Chains;

namespace Belfry.Nodes.Simnet;

/// <summary>Picks transactions that can stand together in the next block of the active branch.</summary>
sealed class BlockTemplate(BlockTree tree, long height, int maturity)
{
    readonly List<SimTransaction> transactions = [];
    readonly HashSet<OutPoint> made = [];
    readonly HashSet<OutPoint> spent = [];
    readonly HashSet<TxHash> ids = [];

    /// <summary>Parents before children.</summary>
    public IReadOnlyList<SimTransaction> Transactions => transactions;

    /// <summary>Adds a transaction when everything it spends is there, mature and not spent by an earlier one.</summary>
    public bool TryAdd(SimTransaction transaction)
    {
        if (transaction.IsCoinbase || ids.Contains(transaction.Id) || tree.BlockOf(transaction.Id) is not null || !transaction.Spent.All(coin => IsFree(coin.OutPoint))) return false;
        transactions.Add(transaction);
        ids.Add(transaction.Id);
        foreach (var coin in transaction.Spent) spent.Add(coin.OutPoint);
        foreach (var coin in transaction.Coins(height)) made.Add(coin.OutPoint);
        return true;
    }

    /// <summary>Adds what fits, best fee rate first; a child waits for its parent.</summary>
    public void Fill(IEnumerable<SimTransaction> offered, int capacity)
    {
        var waiting = offered.OrderByDescending(transaction => (double)transaction.Fee / transaction.VirtualSize).ToList();
        while (waiting.Count > 0 && transactions.Count < capacity)
        {
            var before = transactions.Count;
            waiting.RemoveAll(transaction => transactions.Count < capacity && TryAdd(transaction));
            if (transactions.Count == before) return;
        }
    }

    bool IsFree(OutPoint outPoint) => !spent.Contains(outPoint)
        && (made.Contains(outPoint) || (tree.Coins.TryGetValue(outPoint, out var coin) && (!coin.IsCoinbase || height - coin.Height >= maturity)));
}
