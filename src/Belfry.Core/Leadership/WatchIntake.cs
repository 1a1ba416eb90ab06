using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Core.Tracking;
using Belfry.Core.Watches;
using Microsoft.Extensions.Logging;

namespace Belfry.Core.Leadership;

/// <summary>For as long as a server leads a chain: hands every change of watches, through whichever server it came, to the tracker, and acknowledges it.</summary>
sealed class WatchIntake(ChainId chain, IWatchFeed feed, IWatchAcknowledgements acknowledgements, TimeProvider clock, ILogger logger)
{
    const int PageSize = 1000;
    static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs until cancelled or until the lease turns out to be lost.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="tracker">A tracker that was started after <paramref name="version"/> was read.</param>
    /// <param name="version">Everything up to here is in the store that the tracker loads.</param>
    /// <param name="cancellationToken">The end of the term.</param>
    /// <exception cref="LeaseLostException">Another server leads.</exception>
    public async Task RunAsync(Lease lease, IChainTracker tracker, long version, CancellationToken cancellationToken)
    {
        // A question is answered when the tracker has loaded: then it matches all that was stored before.
        await tracker.WatchAsync([], CancellationToken.None);
        var acknowledged = -1L;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (acknowledged < version)
                {
                    await acknowledgements.AcknowledgeAsync(lease, version, cancellationToken);
                    acknowledged = version;
                }

                var known = feed.Stirrings;
                var changes = await feed.ReadChangesAsync(chain, version, PageSize, cancellationToken);
                if (changes.Count == 0)
                {
                    await feed.WaitAsync(known, Interval, cancellationToken);
                    continue;
                }

                await TakeAsync(tracker, changes);
                version = changes[^1].Version;
            }
            catch (StoreException problem)
            {
                LeadershipLog.WatchesUnread(logger, problem, chain.Value);
                await Task.Delay(Interval, clock, cancellationToken);
            }
        }
    }

    // Not cancelled: a tracker that is stopped answers every question that it holds.
    static async ValueTask TakeAsync(IChainTracker tracker, IReadOnlyList<WatchChange> changes)
    {
        var gone = changes.Where(static change => !change.IsWatched).Select(static change => change.Script).ToList();
        if (gone.Count > 0) await tracker.UnwatchAsync(gone, CancellationToken.None);
        // One that is live and has another watch waiting for older history is both.
        var wanted = changes.Where(static change => change.IsLive).Select(static change => new WatchedScript(change.Script, change.Address, null))
            .Concat(changes.Where(static change => change.IsPending).Select(static change => new WatchedScript(change.Script, change.Address, change.PendingFrom))).ToList();
        if (wanted.Count > 0) await tracker.WatchAsync(wanted, CancellationToken.None);
    }
}
