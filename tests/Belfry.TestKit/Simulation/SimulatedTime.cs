namespace Belfry.TestKit.Simulation;

/// <summary>Time that passes only when nothing else can happen. Timers fire in order of their due time, ties in order of creation.</summary>
public sealed class SimulatedTime : TimeProvider
{
    readonly PriorityQueue<(SimulatedTimer Timer, long Generation), (DateTimeOffset Due, long Order)> due = new();
    DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    long order;
    UnsetClock? unset;

    /// <summary>Added to the wall clock but not to timers: a clock that was set forward or back.</summary>
    public TimeSpan ClockOffset { get; set; }

    /// <summary>What no setting of the clock changes: the start of the simulation plus what has passed.</summary>
    public DateTimeOffset True => now;

    /// <summary>A clock that nobody sets: that of the rest of the world.</summary>
    public TimeProvider Unset => unset ??= new UnsetClock(this);

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => now + ClockOffset;

    /// <inheritdoc/>
    public override long GetTimestamp() => now.UtcTicks;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SimulatedTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Jumps to the next timer and fires it.</summary>
    /// <returns>False when there is none before <paramref name="deadline"/>; the time is then at the deadline.</returns>
    public bool AdvanceToNext(DateTimeOffset deadline)
    {
        while (due.TryPeek(out var next, out var at))
        {
            if (at.Due > deadline) break;
            due.Dequeue();
            if (!next.Timer.IsCurrent(next.Generation)) continue;
            if (at.Due > now) now = at.Due;
            next.Timer.Fire();
            return true;
        }

        if (deadline > now) now = deadline;
        return false;
    }

    void Schedule(SimulatedTimer timer, long generation, TimeSpan dueTime) => due.Enqueue((timer, generation), (now + dueTime, order++));

    sealed class UnsetClock(SimulatedTime time) : TimeProvider
    {
        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.True;

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);
    }

    sealed class SimulatedTimer(SimulatedTime time, TimerCallback callback, object? state) : ITimer
    {
        long generation;
        TimeSpan period;

        public bool Change(TimeSpan dueTime, TimeSpan newPeriod)
        {
            generation++;
            period = newPeriod;
            if (dueTime != Timeout.InfiniteTimeSpan) time.Schedule(this, generation, dueTime);
            return true;
        }

        public bool IsCurrent(long fired) => fired == generation;

        public void Fire()
        {
            if (period > TimeSpan.Zero) time.Schedule(this, generation, period);
            callback(state);
        }

        public void Dispose() => generation++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
