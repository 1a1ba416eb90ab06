using Belfry.Core.Chains;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;
using Belfry.Core.Tracking;
using Belfry.Core.Watches;
using Microsoft.Extensions.Logging;

namespace Belfry.Core.Leadership;

/// <summary>What several servers share when they follow chains together.</summary>
/// <param name="Leases">Who leads which chain.</param>
/// <param name="Changes">What changes among the watches, whoever changed it.</param>
/// <param name="Acknowledgements">What leaders have taken in of it.</param>
public sealed record SharedStore(IChainLease Leases, IWatchFeed Changes, IWatchAcknowledgements Acknowledgements);

/// <summary>
/// A chain that several servers on one store follow together. One of them leads: its tracker listens to its node and writes. The others stand by, know the chain from
/// the store, and take over when the lease ends. Safety does not hang on anybody's clock: the store takes commits of the present epoch only.
/// </summary>
public sealed class LedChain(
    TrackerParts parts, SharedStore shared, LeadershipOptions options, Func<TrackerParts, ChainTracker> open, ILogger<LedChain> logger) : IChainTracker
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    static readonly TimeSpan ReleasePatience = TimeSpan.FromSeconds(2);

    readonly SemaphoreSlim gate = new(1, 1);
    readonly FollowerView view = new(parts, shared.Leases, logger);
    CancellationTokenSource? running;
    Task? loop;
    volatile ChainTracker? led;
    bool disposed;

    /// <inheritdoc/>
    public ChainProfile Profile => parts.Chain.Profile;

    /// <inheritdoc/>
    public ChainStatus Status => led?.Status ?? view.Status;

    /// <summary>Whether this server leads the chain now, as far as it knows.</summary>
    public bool Leads => led is not null;

    ChainId Id => parts.Chain.Profile.Id;

    /// <inheritdoc/>
    public async ValueTask StartAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (loop is not null) return;
            running = new CancellationTokenSource();
            var stop = running.Token;
            view.Begin();
            loop = Background.Start(() => RunAsync(stop), CancellationToken.None);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Stops at a commit and gives up the lead, so that another server takes over at once.</summary>
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
            view.End();
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Returns when the leader, this server or another, matches everything that is stored by now.</summary>
    /// <exception cref="LeaderlessException">No leader did within 30 s.</exception>
    /// <remarks>What exactly was stored need not be told: whoever leads reads it from the store, on one way for all servers.</remarks>
    public async ValueTask WatchAsync(IReadOnlyList<WatchedScript> scripts, CancellationToken cancellationToken)
    {
        if (loop is null) return;
        var version = await shared.Changes.ReadVersionAsync(Id, cancellationToken);
        var begun = parts.Clock.ReadSteady();
        while (true)
        {
            var known = shared.Acknowledgements.Acknowledgements;
            if (await shared.Acknowledgements.ReadAcknowledgedAsync(Id, cancellationToken) >= version) return;
            if (parts.Clock.ReadSteady() - begun > Patience) throw new LeaderlessException(Id, Patience);
            await shared.Acknowledgements.WaitAcknowledgedAsync(known, Interval, cancellationToken);
        }
    }

    /// <inheritdoc cref="WatchAsync"/>
    public ValueTask UnwatchAsync(IReadOnlyList<Script> scripts, CancellationToken cancellationToken) => WatchAsync([], cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="NotLeaderException">Another server leads.</exception>
    public ValueTask RescanAsync(long fromHeight, CancellationToken cancellationToken) =>
        led is { } tracker ? tracker.RescanAsync(fromHeight, cancellationToken) : throw new NotLeaderException(Id, view.Leader);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true)) return;
        await StopAsync(CancellationToken.None);
        await parts.Chain.Source.DisposeAsync();
        gate.Dispose();
    }

    async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (await shared.Leases.AcquireAsync(Id, options.Server, options.Lease, stop) is { } lease)
                {
                    await LeadAsync(lease, stop);
                    continue;
                }

                await view.LookAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (StoreException problem)
            {
                view.Silent(problem);
            }

            await Background.WhenEndedAsync(Task.Delay(options.Look, parts.Clock, stop));
        }
    }

    async Task LeadAsync(Lease lease, CancellationToken stop)
    {
        LeadershipLog.Leads(logger, Id.Value, lease.Server, lease.Epoch);
        using var term = CancellationTokenSource.CreateLinkedTokenSource(stop);
        string? lost = null;
        void Lose(string why)
        {
            if (Interlocked.CompareExchange(ref lost, why, null) is null) Background.Cancel(term);
        }

        var fenced = shared.Leases.Open(lease);
        var tracker = open(parts with { Ledger = new FencedLedger(fenced, lease, (_, batch, cancellationToken) => CommitAsync(fenced, batch, Lose, cancellationToken)) });
        var taking = Background.Start(() => TakeInAsync(lease, tracker, Lose, term.Token), CancellationToken.None);
        await RenewAsync(lease, Lose, term.Token);
        led = null;
        // Whoever still asks the tracker something is answered by its stop.
        await tracker.StopAsync(CancellationToken.None);
        await taking;
        if (lost is not null) LeadershipLog.Lost(logger, Id.Value, lease.Server, lease.Epoch, lost);
        else await ReleaseAsync(lease);
    }

    // Whoever runs the term hears at once when a commit is refused, and not with the next renewal.
    static async ValueTask<CommitResult> CommitAsync(ILedger fenced, LedgerBatch batch, Action<string> lose, CancellationToken cancellationToken)
    {
        try
        {
            return await fenced.CommitAsync(batch, cancellationToken);
        }
        catch (LeaseLostException problem)
        {
            lose(problem.Message);
            throw;
        }
    }

    // A store that does not answer takes no lease away: as long as nobody took over, the next renewal is as good as this one.
    async Task RenewAsync(Lease lease, Action<string> lose, CancellationToken term)
    {
        try
        {
            while (true)
            {
                await Task.Delay(options.Renewal, parts.Clock, term);
                try
                {
                    if (!await shared.Leases.RenewAsync(lease, options.Lease, term)) lose("another server took over");
                }
                catch (StoreException problem)
                {
                    LeadershipLog.StoreSilent(logger, problem, Id.Value);
                }
            }
        }
        catch (OperationCanceledException) when (term.IsCancellationRequested)
        {
            // The end of the term.
        }
    }

    async Task TakeInAsync(Lease lease, ChainTracker tracker, Action<string> lose, CancellationToken term)
    {
        try
        {
            var version = await shared.Changes.ReadVersionAsync(Id, term);
            await tracker.StartAsync(term);
            led = tracker;
            await new WatchIntake(Id, shared.Changes, shared.Acknowledgements, parts.Clock, logger).RunAsync(lease, tracker, version, term);
        }
        catch (OperationCanceledException) when (term.IsCancellationRequested)
        {
            // The end of the term.
        }
        catch (BelfryException problem)
        {
            lose(problem.Message);
        }
    }

    async ValueTask ReleaseAsync(Lease lease)
    {
        using var patience = new CancellationTokenSource(ReleasePatience, parts.Clock);
        try
        {
            await shared.Leases.ReleaseAsync(lease, patience.Token);
            LeadershipLog.Released(logger, Id.Value, lease.Epoch);
        }
        catch (Exception problem) when (problem is StoreException or OperationCanceledException)
        {
            // It ends by itself.
            LeadershipLog.StoreSilent(logger, problem, Id.Value);
        }
    }
}
