using Belfry.Core.Chains;

namespace Belfry.Nodes.Simnet;

/// <summary>A transaction that waits.</summary>
sealed record PoolEntry(SimTransaction Transaction, long Arrival, DateTimeOffset At);

/// <summary>Transactions that wait for a block, with who spends what among them. Knows no rules: the chain decides who gets in.</summary>
sealed class SimMempool
{
    readonly SortedDictionary<long, PoolEntry> byArrival = [];
    readonly Dictionary<TxHash, PoolEntry> byId = [];
    readonly Dictionary<OutPoint, SimTransaction> spenders = [];
    long arrivals;

    public int Count => byId.Count;

    /// <summary>In order of arrival: parents before children.</summary>
    public IEnumerable<PoolEntry> Entries => byArrival.Values;

    public PoolEntry? Find(TxHash id) => byId.GetValueOrDefault(id);

    public SimTransaction? SpenderOf(OutPoint outPoint) => spenders.GetValueOrDefault(outPoint);

    /// <summary>An output that a waiting transaction makes.</summary>
    public SimCoin? Coin(OutPoint outPoint) =>
        Find(outPoint.Transaction) is { } entry && outPoint.Index < entry.Transaction.Outputs.Count && entry.Transaction.Outputs[(int)outPoint.Index] is { IsSpendable: true } output
            ? new SimCoin(outPoint, output.Script, output.Value, -1, IsCoinbase: false)
            : null;

    public void Add(SimTransaction transaction, DateTimeOffset at)
    {
        var entry = new PoolEntry(transaction, arrivals++, at);
        byId.Add(transaction.Id, entry);
        byArrival.Add(entry.Arrival, entry);
        foreach (var coin in transaction.Spent) spenders.Add(coin.OutPoint, transaction);
    }

    public void Remove(TxHash id)
    {
        if (!byId.Remove(id, out var entry)) return;
        byArrival.Remove(entry.Arrival);
        foreach (var coin in entry.Transaction.Spent) spenders.Remove(coin.OutPoint);
    }

    /// <summary>A transaction and everything that builds on it here, parents before children.</summary>
    public List<SimTransaction> WithDescendants(SimTransaction transaction)
    {
        List<SimTransaction> family = [transaction];
        HashSet<TxHash> known = [transaction.Id];
        for (var index = 0; index < family.Count; index++)
            for (var output = 0; output < family[index].Outputs.Count; output++)
                if (SpenderOf(new OutPoint(family[index].Id, (uint)output)) is { } child && known.Add(child.Id)) family.Add(child);
        return [.. family.OrderBy(member => byId.TryGetValue(member.Id, out var entry) ? entry.Arrival : -1)];
    }

    public void Clear()
    {
        byId.Clear();
        byArrival.Clear();
        spenders.Clear();
    }
}
