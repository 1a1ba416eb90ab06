namespace Belfry.Core.Runtime;

/// <summary>
/// Wakes who waits for something that is found out by asking. Counts, so that no ring between asking and waiting is missed: read <see cref="Rung"/>, ask, and when the
/// answer was no, wait with the number that was read.
/// </summary>
public sealed class Bell(TimeProvider clock)
{
    readonly Lock gate = new();
    TaskCompletionSource next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    long rung;

    /// <summary>How often it has rung.</summary>
    public long Rung
    {
        get
        {
            lock (gate) return rung;
        }
    }

    /// <summary>Wakes everybody.</summary>
    public void Ring()
    {
        TaskCompletionSource heard;
        lock (gate)
        {
            rung++;
            heard = next;
            next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        heard.SetResult();
    }

    /// <summary>Returns when it has rung more often than <paramref name="known"/>, and after <paramref name="atMost"/> in any case.</summary>
    public async ValueTask WaitAsync(long known, TimeSpan atMost, CancellationToken cancellationToken)
    {
        Task ring;
        lock (gate)
        {
            if (rung != known) return;
            ring = next.Task;
        }

        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var alarm = Background.WhenEndedAsync(Task.Delay(atMost, clock, enough.Token));
        await Task.WhenAny(HearAsync(ring), alarm);
        Background.Cancel(enough);
        await alarm;
        cancellationToken.ThrowIfCancellationRequested();
    }

    // Awaited here, so that it goes on where the waiter's scheduler is; WhenAny alone would go on on the thread pool, out of a simulation's sight.
    static async Task HearAsync(Task ring) => await ring;
}
