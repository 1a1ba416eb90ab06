using Belfry.Core.Chains;

namespace Belfry.Core.Tracking;

/// <summary>Reads blocks of the node's best chain in order, a few ahead of the one that is worked in, so that catching up waits for the node and not for round trips.</summary>
public sealed class BlockReadAhead(IChainSource source, long first, long last, CancellationToken cancellationToken) : IAsyncDisposable
{
    const int Ahead = 8;

    readonly Queue<Task<FetchedBlock?>> running = new();
    readonly CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    long next = first;

    /// <summary>Whether there is another block to ask for.</summary>
    public bool HasNext => running.Count > 0 || next <= last;

    /// <summary>The next block, or null when the node does not have it (any more).</summary>
    /// <exception cref="Runtime.EndpointException">The node cannot be asked now.</exception>
    public async ValueTask<FetchedBlock?> NextAsync()
    {
        while (running.Count < Ahead && next <= last) running.Enqueue(FetchAsync(next++));
        return await running.Dequeue();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        // Whatever was read in vain may fail in vain.
        foreach (var task in running)
            _ = task.ContinueWith(static failed => failed.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Current);
        stop.Dispose();
    }

    async Task<FetchedBlock?> FetchAsync(long height)
    {
        if (await source.ReadHashAsync(height, stop.Token) is not { } hash) return null;
        if (await source.ReadHeaderAsync(hash, stop.Token) is not { } header) return null;
        return new FetchedBlock(header, await source.ReadBlockAsync(hash, stop.Token));
    }
}

/// <summary>A block as the node gave it; <paramref name="Raw"/> is null when only its header is left (pruned).</summary>
public sealed record FetchedBlock(BlockHeader Header, ReadOnlyMemory<byte>? Raw);
