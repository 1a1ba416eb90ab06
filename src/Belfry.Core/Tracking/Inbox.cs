using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Belfry.Core.Runtime;

namespace Belfry.Core.Tracking;

/// <summary>What a chain's loop is given to do, and the wait for it. One reader.</summary>
sealed class Inbox(ChannelReader<Work> work, TimeProvider clock)
{
    readonly FloodGauge flood = new(clock);
    Task? arrival;
    Alarm? alarm;

    /// <summary>Whether something can be taken now.</summary>
    public bool HasItems => work.TryPeek(out _);

    /// <summary>Takes the next item.</summary>
    public bool TryRead([NotNullWhen(true)] out Work? item)
    {
        if (!work.TryRead(out item)) return false;
        flood.Count();
        return true;
    }

    /// <summary>Waits for an item, at most <paramref name="delay"/>; perhaps less.</summary>
    public async ValueTask WaitAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        if (flood.IsHigh)
        {
            await Task.Delay(FloodGauge.Gathering, clock, cancellationToken);
            if (HasItems) return;
        }

        // The wait for work is kept over turns instead of cancelled: a channel cancels its waiters on the thread pool, out of a simulation's sight. So is the alarm,
        // unless it would ring too late: a timer set and cancelled for each of thousands of signals a second costs more than reading them. One too early is only a turn.
        arrival ??= HasWorkAsync();
        var due = clock.ReadSteady() + delay;
        if (alarm is { } set && (set.Rung.IsCompleted || set.Due > due)) await SilenceAsync(set);
        if (alarm is null)
        {
            var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            alarm = new Alarm(due, stop, RingAsync(delay, stop.Token));
        }

        await Task.WhenAny(arrival, alarm.Rung);
        if (arrival.IsCompleted) arrival = null;
    }

    async ValueTask SilenceAsync(Alarm set)
    {
        alarm = null;
        Background.Cancel(set.Stop);
        await set.Rung;
        set.Stop.Dispose();
    }

    async Task RingAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(delay, clock, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Not needed any more, or stopped.
        }
    }

    // Not AsTask(): that would finish on the thread pool too.
    async Task HasWorkAsync() => await work.WaitToReadAsync(CancellationToken.None);

    sealed record Alarm(TimeSpan Due, CancellationTokenSource Stop, Task Rung);
}
