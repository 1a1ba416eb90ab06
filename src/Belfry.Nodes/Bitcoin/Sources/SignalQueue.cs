using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Belfry.Core.Chains;

namespace Belfry.Nodes.Bitcoin.Sources;

/// <summary>
/// Signals on their way to one listener: bounded in number and bytes. When the listener does not keep up, news is dropped and counted, and told as a loss; once half
/// of the queue is worked off the feed is told open again, so that the listener reads back what was dropped. Openings and losses are never dropped.
/// </summary>
sealed class SignalQueue(int maxSignals = 100_000, long maxBytes = 64 << 20)
{
    // Its reader only hands on: done where the news comes in, that saves thousands of wake-ups a second.
    readonly Channel<FeedSignal> channel = Channel.CreateUnbounded<FeedSignal>(new UnboundedChannelOptions { SingleReader = true, AllowSynchronousContinuations = true });
    readonly Lock gate = new();
    FeedSignal.Opened? lastOpened;
    int count;
    long bytes;
    bool dropping;

    /// <summary>Adds a signal, or drops it.</summary>
    public void Write(FeedSignal signal)
    {
        lock (gate)
        {
            if (signal is FeedSignal.Opened opened)
            {
                lastOpened = opened;
                // While news is being dropped, an opening would promise too much; the one after the drain stands for it.
                if (dropping) return;
            }
            else if (signal is not FeedSignal.Lost)
            {
                if (dropping || count >= maxSignals || bytes + Size(signal) > maxBytes)
                {
                    Drop();
                    return;
                }

                count++;
                bytes += Size(signal);
            }

            channel.Writer.TryWrite(signal);
        }
    }

    /// <summary>Ends the queue; a reader gets what is still in it, then the problem, if any.</summary>
    public void Complete(Exception? problem) => channel.Writer.TryComplete(problem);

    /// <summary>Takes signals as they come.</summary>
    public async IAsyncEnumerable<FeedSignal> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Cancelling ends the channel instead of its reader, and not ReadAllAsync: both would leave the scheduler of the caller, out of a simulation's sight.
        await using var end = cancellationToken.UnsafeRegister(static state => ((SignalQueue)state!).Complete(null), this);
        while (await channel.Reader.WaitToReadAsync(CancellationToken.None))
        {
            while (channel.Reader.TryRead(out var signal))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (signal is not (FeedSignal.Opened or FeedSignal.Lost)) Release(signal);
                yield return signal;
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    void Drop()
    {
        NodeMetrics.SignalsDropped.Add(1);
        if (dropping) return;
        dropping = true;
        channel.Writer.TryWrite(new FeedSignal.Lost(LostReason.Overflow, $"more than {count} signals wait; news is dropped until half of them are worked off"));
    }

    void Release(FeedSignal signal)
    {
        lock (gate)
        {
            count--;
            bytes -= Size(signal);
            if (!dropping || count > maxSignals / 2 || bytes > maxBytes / 2) return;
            dropping = false;
            if (lastOpened is not null) channel.Writer.TryWrite(lastOpened);
        }
    }

    static long Size(FeedSignal signal) => signal is FeedSignal.TransactionArrived arrived ? arrived.Raw.Length + 64 : 64;
}
