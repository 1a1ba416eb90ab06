using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Runtime;
using Microsoft.Extensions.Logging;

namespace Belfry.Core.Tracking;

/// <summary>
/// Whether the feed can be trusted. A gap is told once, when it opens (<c>feed_degraded</c>), and once, when what it hid has been read back
/// (<c>feed_recovered</c>).
/// </summary>
public sealed class FeedHealth(ChainReplica replica, TrackingMetrics metrics, ILogger logger)
{
    /// <summary>The reason of a node that shows less than has been seen.</summary>
    public const string NodeBehind = "node_behind";

    TimeSpan since = replica.Parts.Clock.ReadSteady();
    bool feedIsDown;

    /// <summary>A stable word for why the feed is degraded, or null when it is not.</summary>
    public string? Reason { get; private set; } = replica.Position?.Gap;

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
        // One gap is told once, whatever else goes wrong in it; but a node that comes back behind is told as that also when its going away was told before.
        if (Reason == reason || (Reason is not null && reason != NodeBehind)) return;
        if (Reason is null) since = replica.Parts.Clock.ReadSteady();
        (Reason, Detail) = (reason, detail);
        metrics.Degraded(replica.Id, reason);
        TrackingLog.FeedDegraded(logger, replica.Id.Value, reason, detail);
        if (replica.Position is null) return;
        replica.MarkGap(reason);
        replica.Lifecycle.Tell(new Fact.FeedChanged(EventKind.FeedDegraded, reason, detail, null));
    }

    /// <summary>Blocks and mempool have been compared with the node, nothing is missing.</summary>
    /// <returns>Whether the feed recovered by that.</returns>
    public bool Reconciled(FeedKind feed)
    {
        if (Reason is not { } reason || feedIsDown) return false;
        var lasted = replica.Parts.Clock.ReadSteady() - since;
        TrackingLog.FeedRecovered(logger, replica.Id.Value, lasted.TotalSeconds, reason);
        var detail = $"blocks and mempool compared with the node; listening by {feed.ToString().ToLowerInvariant()}";
        (Reason, Detail) = (null, null);
        // A gap before the chain's very first block was never told.
        if (replica.Position is not { Gap: not null }) return false;
        replica.MarkGap(null);
        replica.Lifecycle.Tell(new Fact.FeedChanged(EventKind.FeedRecovered, reason, detail, lasted));
        return true;
    }
}
