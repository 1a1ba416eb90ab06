using Belfry.Core.Chains;

namespace Belfry.Core.Tracking;

/// <summary>
/// Matched mempool transactions that wait to be appraised. Those that touch an active address go ahead of the others, and take along whatever must come before
/// them: waiting parents and waiting rivals, so that the order that matters is never turned round.
/// </summary>
public sealed class ArrivalQueue
{
    readonly Dictionary<TxHash, Entry> waiting = [];
    readonly Dictionary<OutPoint, List<TxHash>> spenders = [];
    readonly LinkedList<Entry> urgent = new();
    readonly LinkedList<Entry> ordinary = new();
    long order;

    /// <summary>How many wait.</summary>
    public int Count => waiting.Count;

    /// <summary>Adds a transaction; nothing when it waits already.</summary>
    public void Add(ChainTransaction transaction, bool isUrgent)
    {
        if (waiting.ContainsKey(transaction.Id)) return;
        var entry = new Entry(transaction, order++);
        waiting[transaction.Id] = entry;
        entry.Place(ordinary);
        if (isUrgent) Promote(entry);
        foreach (var input in transaction.Inputs)
        {
            if (!spenders.TryGetValue(input.Previous, out var list)) spenders[input.Previous] = list = new List<TxHash>(1);
            list.Add(transaction.Id);
        }
    }

    /// <summary>Takes up to <paramref name="limit"/> transactions, urgent ones first, otherwise in order of arrival.</summary>
    public IReadOnlyList<ChainTransaction> Take(int limit)
    {
        var taken = new List<ChainTransaction>(Math.Min(limit, waiting.Count));
        while (taken.Count < limit && (urgent.First ?? ordinary.First) is { } node)
        {
            node.List!.Remove(node);
            var transaction = node.Value.Transaction;
            waiting.Remove(transaction.Id);
            foreach (var input in transaction.Inputs)
            {
                if (spenders.TryGetValue(input.Previous, out var list) && list.Remove(transaction.Id) && list.Count == 0) spenders.Remove(input.Previous);
            }

            taken.Add(transaction);
        }

        return taken;
    }

    void Promote(Entry entry)
    {
        if (entry.IsUrgent) return;
        entry.IsUrgent = true;
        var needed = new SortedList<long, Entry>();
        foreach (var input in entry.Transaction.Inputs)
        {
            if (waiting.TryGetValue(input.Previous.Transaction, out var parent)) needed.TryAdd(parent.Order, parent);
            if (!spenders.TryGetValue(input.Previous, out var rivals)) continue;
            foreach (var rival in rivals.Select(id => waiting[id]).Where(rival => rival.Order < entry.Order)) needed.TryAdd(rival.Order, rival);
        }

        foreach (var earlier in needed.Values) Promote(earlier);
        entry.Place(urgent);
    }

    sealed class Entry(ChainTransaction transaction, long order)
    {
        LinkedListNode<Entry>? place;

        public ChainTransaction Transaction => transaction;

        public long Order => order;

        public bool IsUrgent { get; set; }

        public void Place(LinkedList<Entry> list)
        {
            place?.List?.Remove(place);
            place ??= new LinkedListNode<Entry>(this);
            list.AddLast(place);
        }
    }
}
