using System.Runtime.CompilerServices;
using Belfry.Core.Chains;
using Belfry.Core.Ledger;

namespace Belfry.Core.Watches;

/// <summary>Watches in memory, on a simulated disk.</summary>
sealed class MemoryWatchStore(MemoryStore store) : IWatchStore
{
    public async ValueTask<IReadOnlyList<StoredWatch>> AddAsync(IReadOnlyList<Watch> watches, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(watches);
        var answers = new StoredWatch[watches.Count];
        await store.WriteAsync(state =>
        {
            var held = state.Watches;
            for (var i = 0; i < watches.Count; i++) held = held.Add(store.Name, watches[i], out answers[i]);
            return state with { Watches = held };
        }, cancellationToken);
        return answers;
    }

    public async ValueTask<RemovedWatch?> RemoveAsync(string account, string id, CancellationToken cancellationToken)
    {
        RemovedWatch? removed = null;
        await store.WriteAsync(state => state with { Watches = state.Watches.Remove(account, id, out removed) }, cancellationToken);
        return removed;
    }

    public ValueTask<IReadOnlyList<Watch>> ListAsync(string account, ChainId? chain, string? afterId, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return ValueTask.FromResult(store.Read(cancellationToken).Watches.List(account, chain, afterId, limit));
    }

    public ValueTask<Watch?> FindAsync(string account, ChainId chain, Script script, CancellationToken cancellationToken) =>
        ValueTask.FromResult(store.Read(cancellationToken).Watches.Find(account, chain, script));

    public async IAsyncEnumerable<WatchedScript> ReadScriptsAsync(ChainId chain, bool active, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await ValueTask.CompletedTask;
        foreach (var script in store.Read(cancellationToken).Watches.Read(chain, active))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return script;
        }
    }

    public ValueTask<long> CountAsync(ChainId chain, CancellationToken cancellationToken) =>
        ValueTask.FromResult(store.Read(cancellationToken).Watches.Count(chain));
}
