using System.Threading.Channels;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;
using Microsoft.Extensions.Logging;

namespace Belfry.Core.Tracking;

/// <summary>
/// The loop of one chain from start to stop: hears signals, brings blocks and mempool to the node's, judges what went missing, reads history in between. One
/// task, no locks; everything that it learns is committed before it learns more.
/// </summary>
public sealed class ChainRun
{
    const int SignalsPerTurn = 2048;
    const int SweepableMempool = 20_000;
    static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);
    static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(5);

    readonly ChainReplica replica;
    readonly Committer committer;
    readonly FeedHealth health;
    readonly BehindWatch behind;
    readonly MempoolSync mempool;
    readonly BlockSync blocks;
    readonly History history;
    readonly Inbox inbox;
    readonly Action<ChainStatus> publish;
    readonly ILogger logger;

    bool tipIsDirty = true;
    bool mempoolIsDirty = true;
    bool sweepMempool;
    bool initialSync = true;
    bool nodeIsSyncing;
    TimeSpan nextAudit;
    TimeSpan retry = FirstRetry;
    TimeSpan notBefore;
    string? trouble;
    ChainStatus status;

    /// <summary>A run over a loaded replica.</summary>
    public ChainRun(ChainReplica replica, ChannelReader<Work> work, TrackingMetrics metrics, Action<ChainStatus> publish, ILogger logger)
    {
        (this.replica, this.publish, this.logger) = (replica, publish, logger);
        inbox = new Inbox(work, replica.Parts.Clock);
        committer = new Committer(replica, metrics, logger) { Troubled = Publish };
        health = new FeedHealth(replica, metrics, logger);
        behind = new BehindWatch(replica);
        mempool = new MempoolSync(replica, committer, metrics, logger);
        blocks = new BlockSync(replica, committer, behind, mempool, logger);
        history = new History(replica, committer, logger);
        status = new ChainStatus { Profile = replica.Parts.Chain.Profile, State = ChainState.CatchingUp, Since = Today };
    }

    TimeSpan Now => replica.Parts.Clock.ReadSteady();

    DateTimeOffset Today => replica.Parts.Clock.GetUtcNow();

    bool AtTip => !tipIsDirty && behind.Until is null && !nodeIsSyncing;

    // Nothing that can be done now may be left for the next signal or audit: that may be half a minute away.
    bool HasMore =>
        (mempool.HasWork && replica.Position is not null) || tipIsDirty || (AtTip && (mempoolIsDirty || sweepMempool || history.HasWork)) || inbox.HasItems;

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var script in replica.Parts.Watches.ReadScriptsAsync(replica.Id, active: false, cancellationToken)) history.Add([script]);
        nextAudit = Now + replica.Parts.Options.AuditInterval;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                await DrainAsync(cancellationToken);
                await TellTroubleAsync(cancellationToken);
                if (Now >= notBefore && await TurnAsync(cancellationToken)) continue;
            }
            catch (EndpointException problem)
            {
                trouble = problem.Message;
                health.Degrade("node_unreachable", problem.Message);
                await committer.CommitAsync(null, cancellationToken);
                (tipIsDirty, mempoolIsDirty) = (true, true);
                notBefore = Now + retry;
                retry = retry < LongestRetry ? retry * 2 : LongestRetry;
            }

            Publish();
            await WaitAsync(cancellationToken);
        }
    }

    // The next question may wait for a node that is frozen: what the feed has told of it must not wait too.
    async ValueTask TellTroubleAsync(CancellationToken cancellationToken)
    {
        if (health.Reason is null || status.State is ChainState.Degraded or ChainState.Behind) return;
        await committer.CommitAsync(null, cancellationToken);
        Publish();
    }

    /// <summary>One step of whatever is most urgent.</summary>
    /// <returns>Whether there is more to do at once.</returns>
    async ValueTask<bool> TurnAsync(CancellationToken cancellationToken)
    {
        if (Now >= nextAudit) await AuditAsync(cancellationToken);
        if (mempool.HasWork && replica.Position is not null) await mempool.WorkInAsync(cancellationToken);
        if (tipIsDirty) return await SyncBlocksAsync(cancellationToken) || HasMore;
        if (behind.Until is null && !nodeIsSyncing && (mempoolIsDirty || sweepMempool)) await SyncMempoolAsync(cancellationToken);
        if (mempool.NextJudgement <= Now) tipIsDirty |= !await mempool.JudgeMissingAsync(AtTip, cancellationToken);
        if (AtTip && history.HasWork) sweepMempool |= await history.StepAsync(cancellationToken);
        tipIsDirty |= history.SawOtherChain;
        history.SawOtherChain = false;
        trouble = null;
        retry = FirstRetry;
        return HasMore;
    }

    async ValueTask<bool> SyncBlocksAsync(CancellationToken cancellationToken)
    {
        tipIsDirty = false;
        var before = replica.Position?.Cursor.Block;
        var result = await blocks.StepAsync(initialSync, cancellationToken);
        if (result == SyncResult.Progress && replica.Position?.Cursor.Block == before)
        {
            // The node contradicts itself, or its chain changes while it is asked: asking again at once would only heat the room.
            tipIsDirty = true;
            notBefore = Now + retry;
            retry = retry < LongestRetry ? retry * 2 : LongestRetry;
            return false;
        }

        (trouble, retry) = (null, FirstRetry);
        nodeIsSyncing = result == SyncResult.NodeSyncing;
        switch (result)
        {
            case SyncResult.Progress:
                tipIsDirty = true;
                // Far behind, everything that arrived meanwhile was judged without the coins of these blocks.
                sweepMempool |= blocks.FoundCoins && blocks.NodeHeight - replica.Position!.Cursor.Block.Height > 2;
                break;
            case SyncResult.Behind when behind.IsLasting:
                var detail = $"the node's best block is {blocks.NodeHeight}, block {replica.Position!.Cursor.Block.Height} has been seen";
                if (health.Reason != FeedHealth.NodeBehind)
                    TrackingLog.Behind(logger, replica.Id.Value, replica.Parts.Chain.Source.Status.Endpoint, blocks.NodeHeight, replica.Position.Cursor.Block.Height, Today + (behind.Until!.Value - Now));
                health.Degrade(FeedHealth.NodeBehind, detail);
                await committer.CommitAsync(null, cancellationToken);
                mempoolIsDirty = true;
                break;
        }

        if (blocks.FoundCoins)
        {
            mempool.LookAgain();
            // The latest arrivals are kept to be looked at again; the older ones have to be asked for, which a huge mempool does not allow for every such block:
            // there, what spends such a coin is told when it is in a block itself.
            sweepMempool |= blocks.FoundUnheard && mempool.Size <= SweepableMempool;
            (blocks.FoundCoins, blocks.FoundUnheard) = (false, false);
        }

        if (blocks.TookBackTo is { } height)
        {
            history.TookBack(height);
            mempoolIsDirty = true;
            blocks.TookBackTo = null;
        }

        Publish();
        return tipIsDirty;
    }

    async ValueTask SyncMempoolAsync(CancellationToken cancellationToken)
    {
        var everything = sweepMempool;
        (mempoolIsDirty, sweepMempool) = (false, false);
        await mempool.ReconcileAsync(null, everything, cancellationToken);
        if (initialSync)
        {
            initialSync = false;
            TrackingLog.Live(logger, replica.Id.Value, replica.Position!.Cursor.Block.Height, replica.Parts.Chain.Source.Status.Feed.ToString());
        }

        if (health.Reconciled(replica.Parts.Chain.Source.Status.Feed)) await committer.CommitAsync(null, cancellationToken);
    }

    async ValueTask AuditAsync(CancellationToken cancellationToken)
    {
        nextAudit = Now + replica.Parts.Options.AuditInterval;
        var before = replica.Position?.Cursor.Block.Height;
        tipIsDirty = false;
        while (await SyncBlocksAsync(cancellationToken)) { /* one step at a time, each committed */ }
        if (!AtTip || initialSync) return;
        var found = await mempool.ReconcileAsync("audit", everything: false, cancellationToken);
        var missed = (replica.Position?.Cursor.Block.Height ?? 0) - (before ?? 0);
        if (found > 0 || missed > 0) TrackingLog.AuditFound(logger, replica.Id.Value, found, missed);
        if (health.Reconciled(replica.Parts.Chain.Source.Status.Feed)) await committer.CommitAsync(null, cancellationToken);
    }

    async ValueTask DrainAsync(CancellationToken cancellationToken)
    {
        for (var i = 0; i < SignalsPerTurn && inbox.TryRead(out var item); i++)
        {
            switch (item)
            {
                case Work.Heard(var signal):
                    Hear(signal);
                    break;
                case Work.Watch(var scripts, var done):
                    try
                    {
                        await WatchAsync(scripts, cancellationToken);
                    }
                    finally
                    {
                        // Should this fail, the pipeline starts again from the store, where the watch is.
                        done.TrySetResult();
                    }

                    break;
                case Work.Unwatch(var scripts, var done):
                    foreach (var script in scripts)
                    {
                        replica.Index.Remove(script);
                        history.Remove(script);
                    }

                    done.TrySetResult();
                    break;
                case Work.Rescan(var from, var done):
                    history.Rescan(from);
                    done.TrySetResult();
                    break;
            }
        }
    }

    void Hear(FeedSignal signal)
    {
        switch (signal)
        {
            case FeedSignal.TransactionArrived arrived when !initialSync:
                // Before that nobody can tell which of the coins it spends are ours; the first comparison reads the whole mempool.
                mempool.Arrived(arrived.Raw);
                break;
            case FeedSignal.TransactionAnnounced announced:
                mempool.Announced(announced.Id, announced.Sequence);
                break;
            case FeedSignal.TransactionLeft left:
                mempool.Left(left.Id, left.Sequence);
                break;
            case FeedSignal.TipChanged:
                tipIsDirty = true;
                break;
            case FeedSignal.Opened:
                health.Opened();
                mempool.Reset();
                // It answers again: nothing to be patient for.
                (notBefore, retry) = (default, FirstRetry);
                (tipIsDirty, mempoolIsDirty) = (true, true);
                break;
            case FeedSignal.Lost lost:
                health.Lost(lost.Reason, lost.Detail);
                (tipIsDirty, mempoolIsDirty) = (true, true);
                if (lost.Reason is "node_restarted" or "connection_lost" or "node_switched") mempool.HoldUntil = Now + replica.Parts.Options.RestartGrace;
                if (lost.Reason == "node_switched") behind.Switched = true;
                break;
        }
    }

    async ValueTask WatchAsync(IReadOnlyList<WatchedScript> scripts, CancellationToken cancellationToken)
    {
        var tip = replica.Position?.Cursor.Block.Height ?? -1;
        var live = scripts.Where(script => script.FromHeight is not { } from || (replica.Position is not null && from > tip)).ToArray();
        foreach (var script in live) replica.Index.Add(script.Script);
        var early = live.Where(static script => script.FromHeight is not null).Select(static script => script.Script).ToArray();
        if (early.Length > 0) await committer.ActivateAsync(early, cancellationToken);
        history.Add(scripts.Except(live));
        sweepMempool |= live.Length > 0;
    }

    async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        var until = nextAudit;
        if (notBefore > Now) until = notBefore;
        else if (mempool.NextJudgement is { } judgement && AtTip && judgement < until) until = judgement;
        if (behind.Until is { } believed && believed < until) until = believed;
        // A node that is behind or syncing tells nothing when it moves on from a block that we know.
        if (behind.Until is not null || nodeIsSyncing) until = Min(until, Now + TimeSpan.FromSeconds(1));
        // Never without a pause: whatever is due and cannot be done yet must not turn into a busy loop.
        var delay = until - Now is var left && left > ShortestWait ? left : ShortestWait;
        await inbox.WaitAsync(delay, cancellationToken);
        if (behind.Until is not null || nodeIsSyncing) tipIsDirty = true;
    }

    static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    void Publish()
    {
        var source = replica.Parts.Chain.Source.Status;
        var state = behind.IsLasting ? ChainState.Behind
            : health.Reason is not null || committer.Trouble is not null ? ChainState.Degraded
            : initialSync || nodeIsSyncing ? ChainState.CatchingUp
            : ChainState.Live;
        var tip = replica.Position?.Cursor.Block;
        status = status with
        {
            State = state,
            Tip = tip,
            LagBlocks = tip is { } block ? Math.Max(blocks.NodeHeight - block.Height, 0) : 0,
            Feed = source.Feed,
            Endpoint = source.Endpoint,
            Reason = committer.Trouble ?? trouble ?? health.Detail ?? (nodeIsSyncing ? "the node is still downloading its chain" : null),
            MempoolSize = mempool.Size,
            WatchedScripts = replica.Index.Scripts.Count,
            Since = state == status.State ? status.Since : Today,
            RescanProgress = history.Progress,
        };
        publish(status);
    }
}
