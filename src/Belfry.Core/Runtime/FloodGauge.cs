namespace Belfry.Core.Runtime;

/// <summary>
/// Tells a flood of messages from ordinary traffic. In a flood, waking a thread for each message costs more than all that is done with it; whoever reads then waits
/// a moment and takes what has gathered, as network cards do. Ordinary traffic (the busiest chains bring some hundreds a second) is never kept waiting.
/// </summary>
public sealed class FloodGauge(TimeProvider clock)
{
    /// <summary>How long messages gather in a flood.</summary>
    public static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(10);

    const double MessagesPerSecond = 2000;
    static readonly TimeSpan Window = TimeSpan.FromMilliseconds(20);
    long since = clock.GetTimestamp();
    int count;
    bool isHigh;

    /// <summary>Whether messages come faster than 2,000 a second, over the last 20 ms at least.</summary>
    public bool IsHigh
    {
        get
        {
            var elapsed = clock.GetElapsedTime(since);
            if (elapsed < Window) return isHigh;
            isHigh = count / elapsed.TotalSeconds > MessagesPerSecond;
            since = clock.GetTimestamp();
            count = 0;
            return isHigh;
        }
    }

    /// <summary>One more message.</summary>
    public void Count() => count++;
}
