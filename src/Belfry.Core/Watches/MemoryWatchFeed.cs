using Belfry.Core.Chains;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;

namespace Belfry.Core.Watches;

/// <summary>Changes of the watches of a <see cref="MemoryStore"/>, for simulated servers that share one.</summary>
public sealed class MemoryWatchFeed(MemoryStore store, TimeProvider clock) : IWatchFeed
{
    readonly Bell bell = new(clock);

    /// <inheritdoc/>
    public long Stirrings => bell.Rung;

    /// <summary>Something has been synced.</summary>
    public void Stir() => bell.Ring();

    /// <inheritdoc/>
    public ValueTask<long> ReadVersionAsync(ChainId chain, CancellationToken cancellationToken) => ValueTask.FromResult(store.Read(cancellationToken).Watches.VersionOf(chain));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<WatchChange>> ReadChangesAsync(ChainId chain, long after, int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult(store.Read(cancellationToken).Watches.ReadChanges(chain, after, limit));

    /// <inheritdoc/>
    public ValueTask WaitAsync(long known, TimeSpan atMost, CancellationToken cancellationToken) => bell.WaitAsync(known, atMost, cancellationToken);
}
