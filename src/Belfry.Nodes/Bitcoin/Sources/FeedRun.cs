using Belfry.Core.Chains;
using Belfry.Core.Runtime;

namespace Belfry.Nodes.Bitcoin.Sources;

/// <summary>One run of one feed, from its start to its failure. Once stopped it tells nothing more.</summary>
sealed class FeedRun : IFeedSink, IAsyncDisposable
{
    readonly TaskCompletionSource opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly CancellationTokenSource stop;
    readonly SignalQueue queue;
    readonly string endpoint;
    readonly TimeProvider clock;
    volatile bool silenced;

    FeedRun(IFeed feed, SignalQueue queue, string endpoint, TimeProvider clock, CancellationToken cancellationToken)
    {
        Feed = feed;
        this.queue = queue;
        this.endpoint = endpoint;
        this.clock = clock;
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Completion = Background.Start(() => feed.RunAsync(this, stop.Token), stop.Token);
    }

    /// <summary>What runs.</summary>
    public IFeed Feed { get; }

    /// <summary>Ends when the feed does; always by an exception.</summary>
    public Task Completion { get; }

    /// <summary>When it opened, as a timestamp.</summary>
    public long OpenedAt { get; private set; }

    /// <summary>Starts a feed and waits until it is open.</summary>
    /// <returns>The run, or the reason why there is none.</returns>
    public static async Task<(FeedRun? Run, FeedLostException? Failure)> OpenAsync(
        IFeed feed, SignalQueue queue, string endpoint, TimeSpan patience, TimeProvider clock, CancellationToken cancellationToken)
    {
        var run = new FeedRun(feed, queue, endpoint, clock, cancellationToken);
        var deadline = Task.Delay(patience, clock, run.stop.Token);
        await Task.WhenAny(run.opened.Task, run.Completion, deadline);
        if (run.opened.Task.IsCompletedSuccessfully) return (run, null);
        var failure = run.Completion.IsCompleted ? await run.ReadFailureAsync(cancellationToken) : new FeedLostException(LostReason.ConnectionLost, $"did not open within {patience.TotalSeconds:0.#} s");
        await run.DisposeAsync();
        cancellationToken.ThrowIfCancellationRequested();
        return (null, failure);
    }

    /// <summary>Why the feed ended. Call when <see cref="Completion"/> is over.</summary>
    public async Task<FeedLostException> ReadFailureAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Completion;
            return new FeedLostException(LostReason.ConnectionLost, "the feed ended");
        }
        catch (FeedLostException problem)
        {
            return problem;
        }
        catch (BelfryException problem)
        {
            return new FeedLostException(LostReason.ConnectionLost, problem.Message, problem);
        }
        catch (OperationCanceledException problem) when (!cancellationToken.IsCancellationRequested)
        {
            return new FeedLostException(LostReason.ConnectionLost, "the feed ended", problem);
        }
    }

    /// <inheritdoc/>
    public void Opened()
    {
        OpenedAt = clock.GetTimestamp();
        Write(new FeedSignal.Opened(Feed.Kind, endpoint));
        opened.TrySetResult();
    }

    /// <inheritdoc/>
    public void Hole(string reason, string detail)
    {
        Write(new FeedSignal.Lost(reason, detail));
        Write(new FeedSignal.Opened(Feed.Kind, endpoint));
    }

    /// <inheritdoc/>
    public void Tell(FeedSignal signal) => Write(signal);

    /// <summary>Stops the feed and waits for its end.</summary>
    public async ValueTask DisposeAsync()
    {
        silenced = true;
        await stop.CancelAsync();
        // Whatever it ends with was wanted or has been read.
        await Background.WhenEndedAsync(Completion);
        _ = Completion.Exception;
        stop.Dispose();
    }

    void Write(FeedSignal signal)
    {
        if (!silenced) queue.Write(signal);
    }
}
