using Belfry.Core.Ledger;

namespace Belfry.Core.Journal;

/// <summary>The journal in memory, on a simulated disk.</summary>
sealed class MemoryJournal(MemoryStore store) : IJournal
{
    public ValueTask<long> ReadHeadAsync(CancellationToken cancellationToken) => ValueTask.FromResult(store.Read(cancellationToken).Head);

    public ValueTask<JournalPage> ReadAsync(long after, int limit, JournalFilter? filter, CancellationToken cancellationToken)
    {
        var state = store.Read(cancellationToken);
        JournalRules.CheckRange(after, limit, state.Head);
        var entries = new List<JournalEntry>(Math.Min(limit, 256));
        var next = after;
        while (next < state.Head && entries.Count < limit)
        {
            var entry = state.Entries[(int)next++];
            if (JournalRules.Matches(filter, entry)) entries.Add(entry);
        }

        return ValueTask.FromResult(new JournalPage(entries, next, next < state.Head));
    }

    public ValueTask<JournalEntry?> FindAsync(string id, CancellationToken cancellationToken)
    {
        var state = store.Read(cancellationToken);
        return ValueTask.FromResult(state.Ids.TryGetValue(id, out var sequence) ? state.Entries[(int)sequence - 1] : null);
    }

    public ValueTask<string> ReadEpochAsync(CancellationToken cancellationToken)
    {
        store.Read(cancellationToken);
        return ValueTask.FromResult(store.Disk.Epoch);
    }
}
