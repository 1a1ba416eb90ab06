namespace Belfry.TestKit;

/// <summary>A clock that moves only when told. Timers fire inside <see cref="Advance"/>, in order of their due time.</summary>
public sealed class ManualClock(DateTimeOffset? start = null) : TimeProvider
{
    readonly Lock gate = new();
    readonly PriorityQueue<(ManualTimer Timer, long Generation), (DateTimeOffset Due, long Order)> due = new();
    DateTimeOffset now = start ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    long order;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (gate) return now;
    }

    /// <inheritdoc/>
    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the time forward and fires every timer that falls due on the way.</summary>
    public void Advance(TimeSpan by)
    {
        var until = GetUtcNow() + by;
        while (true)
        {
            (ManualTimer Timer, long Generation) next;
            lock (gate)
            {
                if (!due.TryPeek(out next, out var at) || at.Due > until)
                {
                    now = until;
                    return;
                }

                due.Dequeue();
                if (at.Due > now) now = at.Due;
            }

            next.Timer.Fire(next.Generation);
        }
    }

    void Schedule(ManualTimer timer, long generation, TimeSpan dueTime)
    {
        lock (gate) due.Enqueue((timer, generation), (now + dueTime, order++));
    }

    sealed class ManualTimer(ManualClock clock, TimerCallback callback, object? state) : ITimer
    {
        readonly Lock gate = new();
        long generation;
        TimeSpan period;

        public bool Change(TimeSpan dueTime, TimeSpan newPeriod)
        {
            lock (gate)
            {
                generation++;
                period = newPeriod;
                if (dueTime != Timeout.InfiniteTimeSpan) clock.Schedule(this, generation, dueTime);
                return true;
            }
        }

        public void Fire(long firedGeneration)
        {
            lock (gate)
            {
                if (firedGeneration != generation) return;
                if (period != Timeout.InfiniteTimeSpan && period > TimeSpan.Zero) clock.Schedule(this, generation, period);
            }

            callback(state);
        }

        public void Dispose()
        {
            lock (gate) generation++;
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
