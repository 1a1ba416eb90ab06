using Belfry.Core.Chains;

namespace Belfry.Nodes.Bitcoin.Sources;

/// <summary>One way to hear news from a node.</summary>
interface IFeed
{
    /// <summary>What it is.</summary>
    FeedKind Kind { get; }

    /// <summary>Whether the node seems to offer it; asking is cheap, and only <see cref="RunAsync"/> gives certainty.</summary>
    ValueTask<bool> IsOfferedAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Opens, tells <see cref="IFeedSink.Opened"/> as soon as nothing that happens from then on can be missed, and tells news until it fails.
    /// </summary>
    /// <exception cref="FeedLostException">It failed; the supervisor chooses what comes next.</exception>
    Task RunAsync(IFeedSink sink, CancellationToken cancellationToken);
}

/// <summary>Where a feed tells its news. Never blocks.</summary>
interface IFeedSink
{
    /// <summary>The feed is open.</summary>
    void Opened();

    /// <summary>The feed has a hole but goes on: told as lost and at once as open again, so that the hole is read back.</summary>
    void Hole(string reason, string detail);

    /// <summary>A hint.</summary>
    void Tell(FeedSignal signal);
}

/// <summary>A feed has failed.</summary>
/// <param name="reason">Stable word, as in <see cref="FeedSignal.Lost"/>.</param>
/// <param name="detail">For people, without credentials.</param>
#pragma warning disable CA1064 // between a feed and its supervisor
sealed class FeedLostException(string reason, string detail, Exception? inner = null) : Exception(detail, inner)
#pragma warning restore CA1064
{
    public string Reason { get; } = reason;

    /// <summary>The feed opens but brings nothing: opening it again at once would only lose time.</summary>
    public bool Useless { get; init; }
}

/// <summary>Stable words for <see cref="FeedSignal.Lost"/>.</summary>
static class LostReason
{
    public const string AnnouncementsLost = "announcements_lost";
    public const string ConnectionLost = "connection_lost";
    public const string FrameGap = "frame_gap";
    public const string Garbled = "garbled";
    public const string NodeRestarted = "node_restarted";
    public const string NodeSwitched = "node_switched";
    public const string Overflow = "overflow";
    public const string Silence = "silence";
    public const string WrongNetwork = "wrong_network";
}
