using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Microsoft.Extensions.Logging;

namespace Belfry.Core.Tracking;

/// <summary>
/// Whether the feed can be trusted. A gap is told once, when it opens (<c>feed_degraded</c>), and once, when what it hid has been read back
/// (<c>feed_recovered</c>).
/// </summary>
public sealed class FeedHealth(ChainReplica replica, TrackingMetrics metrics, ILogger logger)
{
    DateTimeOffset since;
    bool feedIsDown;

    /// <summary>A stable word for why the feed is degraded, or null when it is not.</summary>
    public string? Reason { get; private set; }

    /// <summary>The same for people.</summary>
    public string? Detail { get; private set; }

    /// <summary>The source told of a hole or of its death.</summary>
    public void Lost(string reason, string detail)
    {
        feedIsDown = true;
        Degrade(reason, detail);
    }

    /// <summary>The source says that news flows.</summary>
    public void Opened() => feedIsDown = false;

    /// <summary>Something else is wrong: the node does not answer, or is behind.</summary>
    public void Degrade(string reason, string detail)
    {
        if (Reason is not null) return;
        (Reason, Detail, since) = (reason, detail, replica.Parts.Clock.GetUtcNow());
        metrics.Degraded(replica.Id, reason);
        TrackingLog.FeedDegraded(logger, replica.Id.Value, reason, detail);
        if (replica.Position is not null) replica.Lifecycle.Tell(new Fact.FeedChanged(EventKind.FeedDegraded, reason, detail, null));
    }

    /// <summary>Blocks and mempool have been compared with the node, nothing is missing.</summary>
    /// <returns>Whether the feed recovered by that.</returns>
    public bool Reconciled(FeedKind feed)
    {
        if (Reason is not { } reason || feedIsDown) return false;
        var lasted = replica.Parts.Clock.GetUtcNow() - since;
        TrackingLog.FeedRecovered(logger, replica.Id.Value, lasted.TotalSeconds, reason);
        var detail = $"blocks and mempool compared with the node; listening by {feed.ToString().ToLowerInvariant()}";
        replica.Lifecycle.Tell(new Fact.FeedChanged(EventKind.FeedRecovered, reason, detail, lasted));
        (Reason, Detail) = (null, null);
        return true;
    }
}
