using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Belfry.Nodes.Bitcoin.Peer;

/// <summary>Events between the connection and the reader, bounded in number and in bytes: blocks have megabytes. One writer, one reader.</summary>
sealed class PeerFeedQueue(PeerFeedOptions options) : IDisposable
{
    readonly Channel<PeerFeedEvent> events =
        Channel.CreateBounded<PeerFeedEvent>(new BoundedChannelOptions(options.MaxQueuedEvents) { SingleReader = true, SingleWriter = true });

    // Held at zero or one: a pulse to the writer that bytes were taken.
    readonly SemaphoreSlim taken = new(0, 1);
    long bytes;

    public async ValueTask WriteAsync(PeerFeedEvent item, CancellationToken cancellationToken)
    {
        // One event always fits, however large; otherwise it would wait for ever.
        while (Volatile.Read(ref bytes) is > 0 and var held && held + item.Weight > options.MaxQueuedBytes) await taken.WaitAsync(cancellationToken);
        Interlocked.Add(ref bytes, item.Weight);
        await events.Writer.WriteAsync(item, cancellationToken);
    }

    public async IAsyncEnumerable<PeerFeedEvent> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var item in events.Reader.ReadAllAsync(cancellationToken))
        {
            Interlocked.Add(ref bytes, -item.Weight);
            if (item.Weight > 0 && taken.CurrentCount == 0) taken.Release();
            yield return item;
        }
    }

    public void Complete(Exception? error) => events.Writer.TryComplete(error);

    public void Dispose() => taken.Dispose();
}
