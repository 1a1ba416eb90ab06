using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Belfry.Core.Runtime;

namespace Belfry.Core.Tracking;

/// <summary>What a chain's loop is given to do, and the wait for it. One reader.</summary>
sealed class Inbox(ChannelReader<Work> work, TimeProvider clock)
{
    Task? arrival;

    /// <summary>Whether something can be taken now.</summary>
    public bool HasItems => work.TryPeek(out _);

    /// <summary>Takes the next item.</summary>
    public bool TryRead([NotNullWhen(true)] out Work? item) => work.TryRead(out item);

    /// <summary>Waits for an item, at most <paramref name="delay"/>.</summary>
    public async ValueTask WaitAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        // The wait for work is kept over turns instead of cancelled: a channel cancels its waiters on the thread pool, out of a simulation's sight.
        arrival ??= HasWorkAsync();
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var alarm = RingAsync(delay, late.Token);
        await Task.WhenAny(arrival, alarm);
        Background.Cancel(late);
        await alarm;
        if (arrival.IsCompleted) arrival = null;
    }

    async Task RingAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(delay, clock, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Woken by work, or stopped.
        }
    }

    // Not AsTask(): that would finish on the thread pool too.
    async Task HasWorkAsync() => await work.WaitToReadAsync(CancellationToken.None);
}
