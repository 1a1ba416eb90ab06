using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Microsoft.Extensions.Logging;

namespace Belfry.Nodes.Bitcoin.Sources;

/// <summary>
/// Keeps the best feed open that the node really offers. A feed that fails is told as lost, the next best one takes over, and the better one is tried again
/// later; it is opened before the lesser one is closed, so that the change makes no hole.
/// </summary>
/// <param name="feeds">Best first; the last one always works while the node answers.</param>
/// <param name="node">Tells which node answers.</param>
/// <param name="context">What all feeds of a source share.</param>
/// <param name="opened">Called with each feed that becomes the one in use.</param>
sealed class FeedSupervisor(IReadOnlyList<IFeed> feeds, NodeIdentity node, FeedContext context, Action<FeedKind> opened)
{
    // While nothing is heard at all, the next best feed must not wait for the best; with one open, the better one may take its time.
    static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(2);
    static readonly TimeSpan OpenPatience = TimeSpan.FromSeconds(15);
    static readonly TimeSpan NodeBackoffCap = TimeSpan.FromSeconds(2);
    readonly FeedHealth[] health = [.. feeds.Select(_ => new FeedHealth())];

    // The loss that has been told and not yet been followed by an opening.
    string told = "";

    /// <summary>Supervises until the token is cancelled.</summary>
    public async Task RunAsync(SignalQueue queue, CancellationToken cancellationToken)
    {
        FeedRun? run = null;
        try
        {
            while (true)
            {
                await WaitForNodeAsync(queue, cancellationToken);
                run = await OpenBestAsync(feeds.Count, FirstPatience, queue, cancellationToken);
                if (run is null) await PauseAsync(TimeSpan.FromMilliseconds(250), cancellationToken);
                while (run is not null) run = await StayAsync(run, queue, cancellationToken);
            }
        }
        finally
        {
            if (run is not null) await run.DisposeAsync();
        }
    }

    /// <summary>Returns when the node answers and is on the right network; an outage is told once.</summary>
    async Task WaitForNodeAsync(SignalQueue queue, CancellationToken cancellationToken)
    {
        for (var delay = TimeSpan.FromMilliseconds(100); ; delay = delay * 2 < NodeBackoffCap ? delay * 2 : NodeBackoffCap)
        {
            try
            {
                await node.EnsureAsync(cancellationToken);
                if (!await node.CheckRestartAsync(cancellationToken)) return;
                // It may have come back with other options.
                foreach (var record in health) record.Recover();
                Tell(queue, LostReason.NodeRestarted, "the node was started anew", null);
                return;
            }
            catch (EndpointException problem)
            {
                node.NoteOutage(problem);
                var reason = problem.InnerException is WrongNetworkException ? LostReason.WrongNetwork : LostReason.ConnectionLost;
                if (told != reason) TellAway(queue, reason, problem.Message);
            }

            await PauseAsync(delay, cancellationToken);
        }
    }

    /// <summary>Stays with a run until it fails (null) or a better one takes over.</summary>
    async Task<FeedRun?> StayAsync(FeedRun run, SignalQueue queue, CancellationToken cancellationToken)
    {
        var place = IndexOf(run.Feed);
        using var wake = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var retry = Task.Delay(TimeUntilRetry(place), context.Clock, wake.Token);
        await Task.WhenAny(run.Completion, retry);
        await wake.CancelAsync();
        if (run.Completion.IsCompleted)
        {
            await LeaveAsync(run, queue, cancellationToken);
            return null;
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (await OpenBetterAsync(run, place, queue, cancellationToken) is not { } better) return run;
        await run.DisposeAsync();
        return better;
    }

    /// <summary>Tries to open a better feed than the one that runs; gives up when that one ends meanwhile, so that its end is told at once.</summary>
    async Task<FeedRun?> OpenBetterAsync(FeedRun run, int place, SignalQueue queue, CancellationToken cancellationToken)
    {
        using var trying = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var opening = OpenBestAsync(place, OpenPatience, queue, trying.Token);
        if (await Task.WhenAny(opening, run.Completion) != opening) await trying.CancelAsync();
        try
        {
            return await opening;
        }
        catch (OperationCanceledException) when (trying.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    async Task LeaveAsync(FeedRun run, SignalQueue queue, CancellationToken cancellationToken)
    {
        var failure = await run.ReadFailureAsync(cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        var own = health[IndexOf(run.Feed)];
        if (context.Clock.GetElapsedTime(run.OpenedAt) > FeedHealth.Sound) own.Recover();
        own.Fail(failure.Useless, context);
        Tell(queue, failure.Reason, failure.Message, run.Feed.Kind);
        node.Forget();
        await run.DisposeAsync();
    }

    /// <summary>Opens the best feed among the first <paramref name="count"/> whose time to be tried has come; null when none opens.</summary>
    async Task<FeedRun?> OpenBestAsync(int count, TimeSpan patience, SignalQueue queue, CancellationToken cancellationToken)
    {
        for (var i = 0; i < count; i++)
        {
            var last = i == feeds.Count - 1;
            if (!last && health[i].TimeUntilRetry(context.Clock) > TimeSpan.Zero) continue;
            var (run, failure) = await TryOpenAsync(feeds[i], last ? OpenPatience : patience, queue, cancellationToken);
            if (run is not null)
            {
                told = "";
                opened(run.Feed.Kind);
                SourceLog.Opened(context.Logger, context.Chain, context.Endpoint, run.Feed.Kind);
                return run;
            }

            health[i].Fail(failure!.Useless, context);
            SourceLog.NotOpened(context.Logger, context.Chain, context.Endpoint, feeds[i].Kind, failure.Reason, failure.Message, health[i].TimeUntilRetry(context.Clock));
        }

        return null;
    }

    async Task<(FeedRun? Run, FeedLostException? Failure)> TryOpenAsync(IFeed feed, TimeSpan patience, SignalQueue queue, CancellationToken cancellationToken)
    {
        try
        {
            return await feed.IsOfferedAsync(cancellationToken)
                ? await FeedRun.OpenAsync(feed, queue, context.Endpoint, patience, context.Clock, cancellationToken)
                : (null, new FeedLostException(LostReason.Silence, "the node does not offer it") { Useless = true });
        }
        catch (EndpointException problem)
        {
            return (null, new FeedLostException(LostReason.ConnectionLost, problem.Message, problem));
        }
    }

    TimeSpan TimeUntilRetry(int place)
    {
        var soonest = Timeout.InfiniteTimeSpan;
        for (var i = 0; i < place; i++)
        {
            var wait = health[i].TimeUntilRetry(context.Clock);
            if (soonest == Timeout.InfiniteTimeSpan || wait < soonest) soonest = wait;
        }

        return soonest;
    }

    void Tell(SignalQueue queue, string reason, string detail, FeedKind? kind)
    {
        if (kind is { } feed) SourceLog.Lost(context.Logger, context.Chain, context.Endpoint, feed, reason, detail);
        NodeMetrics.FeedLost.Add(1, new("chain", context.Chain.Value), new("reason", reason));
        queue.Write(new FeedSignal.Lost(reason, detail));
        told = reason;
    }

    void TellAway(SignalQueue queue, string reason, string problem)
    {
        if (reason == LostReason.WrongNetwork) SourceLog.WrongNetwork(context.Logger, context.Chain, problem);
        else SourceLog.NodeAway(context.Logger, context.Chain, problem);
        Tell(queue, reason, problem, null);
    }

    int IndexOf(IFeed feed)
    {
        var i = 0;
        while (!ReferenceEquals(feeds[i], feed)) i++;
        return i;
    }

    Task PauseAsync(TimeSpan about, CancellationToken cancellationToken) =>
        Task.Delay(about * (0.5 + (context.Entropy.NextDouble() / 2)), context.Clock, cancellationToken);
}

/// <summary>What the feeds of one source share.</summary>
sealed record FeedContext(ChainId Chain, string Endpoint, TimeProvider Clock, IEntropy Entropy, ILogger Logger);

/// <summary>How one feed has fared, and when it may be tried again.</summary>
sealed class FeedHealth
{
    /// <summary>A feed that was open for this long starts with a clean record.</summary>
    public static readonly TimeSpan Sound = TimeSpan.FromSeconds(30);

    static readonly TimeSpan Cap = TimeSpan.FromMinutes(5);
    int failures;
    long failedAt;
    TimeSpan pause;

    /// <summary>Forgets earlier failures.</summary>
    public void Recover() => failures = 0;

    /// <summary>Notes a failure. The first one may be repeated at once; a useless feed waits long.</summary>
    public void Fail(bool useless, FeedContext context)
    {
        failures++;
        var full = useless ? Cap : failures == 1 ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Min(Cap.TotalSeconds, 0.5 * Math.Pow(2, failures - 2)));
        pause = full * (0.75 + (context.Entropy.NextDouble() / 4));
        failedAt = context.Clock.GetTimestamp();
    }

    /// <summary>How long until it may be tried; zero or less: now.</summary>
    public TimeSpan TimeUntilRetry(TimeProvider clock)
    {
        if (failures == 0) return TimeSpan.Zero;
        var left = pause - clock.GetElapsedTime(failedAt);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
