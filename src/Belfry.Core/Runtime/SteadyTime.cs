namespace Belfry.Core.Runtime;

/// <summary>Time for waiting and expiry. The wall clock is for timestamps only: it can be set back or forward by hours while we run.</summary>
public static class SteadyTime
{
    /// <summary>How long some fixed moment before this process is ago. Means nothing outside this process; only differences do.</summary>
    public static TimeSpan ReadSteady(this TimeProvider clock) => clock.GetElapsedTime(0);
}
