using System.Threading.Channels;
using Belfry.Core.Chains;
using Belfry.Core.Leadership;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;
using Microsoft.Extensions.Logging;

namespace Belfry.Core.Tracking;

/// <summary>
/// Starts, stops and feeds the pipeline of one chain. A pipeline that fails loses nothing: it starts again from its last commit, with a picture loaded anew.
/// </summary>
public sealed class ChainTracker(TrackerParts parts, IEntropy entropy, TrackingMetrics metrics, ILogger<ChainTracker> logger) : IChainTracker
{
    const int SignalsHeld = 65536;
    static readonly TimeSpan FailurePause = TimeSpan.FromSeconds(1);

    readonly SemaphoreSlim gate = new(1, 1);
    CancellationTokenSource? running;
    Task? loop;
    Channel<Work>? work;
    bool disposed;
    volatile ChainStatus status = new() { Profile = parts.Chain.Profile, State = ChainState.Stopped };

    /// <inheritdoc/>
    public ChainProfile Profile => parts.Chain.Profile;

    /// <inheritdoc/>
    public ChainStatus Status => status;

    /// <inheritdoc/>
    public async ValueTask StartAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (loop is { IsCompleted: false }) return;
            running = new CancellationTokenSource();
            var stop = running.Token;
            var channel = NewChannel();
            status = status with { State = ChainState.CatchingUp, Since = parts.Clock.GetUtcNow(), Reason = null };
            work = channel;
            loop = Background.Start(() => RunAsync(channel, stop), CancellationToken.None);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask StopAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (running is null || loop is null) return;
            Background.Cancel(running);
            await loop.WaitAsync(cancellationToken);
            running.Dispose();
            (running, loop) = (null, null);
            var stopped = Interlocked.Exchange(ref work, null);
            if (stopped is not null) Abandon(stopped);
            status = status with { State = ChainState.Stopped, Since = parts.Clock.GetUtcNow(), Reason = null };
            TrackingLog.Stopped(logger, parts.Chain.Profile.Id.Value, status.Tip?.Height ?? -1);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <inheritdoc/>
    public ValueTask WatchAsync(IReadOnlyList<WatchedScript> scripts, CancellationToken cancellationToken) =>
        AskAsync(done => new Work.Watch(scripts, done), cancellationToken);

    /// <inheritdoc/>
    public ValueTask UnwatchAsync(IReadOnlyList<Script> scripts, CancellationToken cancellationToken) =>
        AskAsync(done => new Work.Unwatch(scripts, done), cancellationToken);

    /// <inheritdoc/>
    public ValueTask RescanAsync(long fromHeight, CancellationToken cancellationToken) =>
        AskAsync(done => new Work.Rescan(fromHeight, done), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true)) return;
        await StopAsync(CancellationToken.None);
        await parts.Chain.Source.DisposeAsync();
        gate.Dispose();
    }

    static Channel<Work> NewChannel() => Channel.CreateBounded<Work>(new BoundedChannelOptions(SignalsHeld)
    {
        // A full channel holds the source back: its own sockets fill, the node notices or drops, and the gap is seen by the source. Nothing is dropped here.
        FullMode = BoundedChannelFullMode.Wait,
        SingleReader = true,
    });

    // A stopped chain has nothing to tell: the next start reads all stored watches.
    async ValueTask AskAsync(Func<TaskCompletionSource, Work> question, CancellationToken cancellationToken)
    {
        if (work is not { } channel) return;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await channel.Writer.WriteAsync(question(done), cancellationToken);
        }
        catch (ChannelClosedException)
        {
            return;
        }

        await done.Task.WaitAsync(cancellationToken);
    }

    static void Abandon(Channel<Work> channel)
    {
        channel.Writer.TryComplete();
        while (channel.Reader.TryRead(out var item)) (item switch { Work.Watch watch => watch.Done, Work.Unwatch un => un.Done, Work.Rescan again => again.Done, _ => null })?.TrySetResult();
    }

    async Task RunAsync(Channel<Work> channel, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            using var attempt = CancellationTokenSource.CreateLinkedTokenSource(stop);
            Task? pump = null;
            try
            {
                // Listen first, read second: what happens in between waits in the channel.
                pump = Background.Start(() => PumpAsync(channel.Writer, attempt), CancellationToken.None);
                var replica = new ChainReplica(parts, new FingerprintKey(entropy));
                await replica.LoadAsync(attempt.Token);
                if (replica.Position is { } place) TrackingLog.Following(logger, replica.Id.Value, Profile.Network, parts.Chain.Source.Status.Endpoint, place.Cursor.Block.Height);
                await new ChainRun(replica, channel.Reader, metrics, next => status = next, logger).RunAsync(attempt.Token);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Stopping is not a failure.
            }
            catch (LeaseLostException problem)
            {
                // Another server leads the chain: whoever started this tracker has heard of it too, and stops it.
                status = status with { State = ChainState.Degraded, Reason = problem.Message, Since = parts.Clock.GetUtcNow() };
                await Background.WhenEndedAsync(Task.Delay(FailurePause, parts.Clock, stop));
            }
#pragma warning disable CA1031 // the pipeline of a chain must outlive its own bugs: state in memory is thrown away and loaded again from the last commit
            catch (Exception problem)
#pragma warning restore CA1031
            {
                TrackingLog.PipelineFailed(logger, problem, parts.Chain.Profile.Id.Value);
                status = status with { State = ChainState.Degraded, Reason = problem.Message, Since = parts.Clock.GetUtcNow() };
                await Background.WhenEndedAsync(Task.Delay(FailurePause, parts.Clock, stop));
            }
            finally
            {
                Background.Cancel(attempt);
                if (pump is not null) await pump;
            }
        }
    }

    async Task PumpAsync(ChannelWriter<Work> writer, CancellationTokenSource attempt)
    {
        try
        {
            await foreach (var signal in parts.Chain.Source.ListenAsync(attempt.Token)) await writer.WriteAsync(new Work.Heard(signal), attempt.Token);
        }
        catch (OperationCanceledException) when (attempt.IsCancellationRequested)
        {
            // The run is over.
        }
        catch (ChannelClosedException)
        {
            // The chain was stopped while a signal was on its way.
        }
#pragma warning disable CA1031 // a source that breaks its promise never to fail must not leave the chain deaf: the run ends and starts again
        catch (Exception problem)
#pragma warning restore CA1031
        {
            TrackingLog.PipelineFailed(logger, problem, parts.Chain.Profile.Id.Value);
            Background.Cancel(attempt);
        }
    }
}
