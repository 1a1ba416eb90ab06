using Belfry.Core.Chains;

namespace Belfry.Core.Tracking;

/// <summary>How well a chain is being followed.</summary>
public enum ChainState
{
    /// <summary>Not being followed.</summary>
    Stopped,

    /// <summary>Working in blocks that were mined while Belfry was away, or waiting for the node's first answer.</summary>
    CatchingUp,

    /// <summary>At the tip.</summary>
    Live,

    /// <summary>The node shows less work than has already been seen; nothing is taken back.</summary>
    Behind,

    /// <summary>The feed has a hole that is not closed yet, or the node does not answer.</summary>
    Degraded,
}

/// <summary>A chain's standing, as told to people and programs.</summary>
public sealed record ChainStatus
{
    /// <summary>The chain.</summary>
    public required ChainProfile Profile { get; init; }

    /// <summary>How well it is being followed.</summary>
    public required ChainState State { get; init; }

    /// <summary>The best block worked in, or null before the first.</summary>
    public BlockRef? Tip { get; init; }

    /// <summary>Blocks that the node has and Belfry has not worked in.</summary>
    public long LagBlocks { get; init; }

    /// <summary>How news arrives.</summary>
    public FeedKind Feed { get; init; }

    /// <summary>The node's endpoint, without credentials.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>Why the state is not Live, for people; null when it is.</summary>
    public string? Reason { get; init; }

    /// <summary>How many transactions are in the node's mempool as far as known.</summary>
    public int MempoolSize { get; init; }

    /// <summary>Distinct scripts watched.</summary>
    public long WatchedScripts { get; init; }

    /// <summary>Whether this server follows the node; false where another server leads the chain.</summary>
    public bool Leads { get; init; } = true;

    /// <summary>When the state last changed.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>Progress of history being read for new watches, from 0 to 1; null when none is.</summary>
    public double? RescanProgress { get; init; }
}

/// <summary>The running pipeline of one chain.</summary>
public interface IChainTracker : IAsyncDisposable
{
    /// <summary>The chain.</summary>
    ChainProfile Profile { get; }

    /// <summary>Its standing now.</summary>
    ChainStatus Status { get; }

    /// <summary>Starts to follow; nothing when it already does.</summary>
    ValueTask StartAsync(CancellationToken cancellationToken);

    /// <summary>Stops at a commit; nothing when stopped.</summary>
    ValueTask StopAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Starts to match stored watches. Returns when they are effective; those with history to read (<see cref="Watches.WatchedScript.FromHeight"/> at or below the tip)
    /// become effective when it has been read, and are not waited for.
    /// </summary>
    ValueTask WatchAsync(IReadOnlyList<Watches.WatchedScript> scripts, CancellationToken cancellationToken);

    /// <summary>Stops to match scripts that nobody watches any more.</summary>
    ValueTask UnwatchAsync(IReadOnlyList<Script> scripts, CancellationToken cancellationToken);

    /// <summary>Reads blocks again from a height for all watched scripts and tells what was missed.</summary>
    ValueTask RescanAsync(long fromHeight, CancellationToken cancellationToken);
}
