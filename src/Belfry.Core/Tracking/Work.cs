using Belfry.Core.Chains;
using Belfry.Core.Watches;

namespace Belfry.Core.Tracking;

/// <summary>What a chain's loop is given to do.</summary>
public abstract record Work
{
    Work() { }

    /// <summary>The source said something.</summary>
    public sealed record Heard(FeedSignal Signal) : Work;

    /// <summary>Match these from now on.</summary>
    public sealed record Watch(IReadOnlyList<WatchedScript> Scripts, TaskCompletionSource Done) : Work;

    /// <summary>Match these no longer.</summary>
    public sealed record Unwatch(IReadOnlyList<Script> Scripts, TaskCompletionSource Done) : Work;

    /// <summary>Read blocks again.</summary>
    public sealed record Rescan(long FromHeight, TaskCompletionSource Done) : Work;
}
