using System.Diagnostics.Metrics;
using Belfry.Core.Delivery;
using Belfry.Core.Journal;
using Belfry.Core.Ledger;
using Belfry.Core.Tracking;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Readers;
using Belfry.Nodes.Simnet;
using Belfry.TestKit.Simulation;
using Microsoft.Extensions.Logging.Abstractions;

namespace Belfry.Core.Tests.Tracking;

/// <summary>One life of the server between two crashes: store, pipeline and delivery, the real ones, over a disk that outlives it.</summary>
sealed class SimulatedServer(SimulatedWorld world, MemoryDisk disk, ulong seed)
{
    readonly ServiceMeters meters = new();
    readonly JournalTail tail = new(world.Delivery);
    ChainTracker? tracker;

    public MemoryStore Store { get; } = new(disk, new MemoryStoreOptions { Clock = world.Time, SyncTime = world.SyncTime });

    public DeliveryHub? Hub { get; private set; }

    public IChainTracker Tracker => tracker ?? throw new InvalidOperationException("The server has not been started.");

    public bool IsStarted => tracker is not null;

    public async Task StartAsync()
    {
        Store.Attach(tail);
        var hub = new DeliveryHub(
            tail, new DistantJournal(Store.Journal, world.Time, new SeededEntropy(seed + 1)), world.Delivery, world.Time,
            new DeliveryMetrics(meters.Create(new MeterOptions("Belfry"))), NullLogger<DeliveryHub>.Instance);
        await hub.StartAsync(CancellationToken.None);
        Hub = hub;
        var network = BitcoinNetworks.Find(world.Profile.Id, "regtest");
        var parts = new ChainParts(world.Profile, new BitcoinAddressCodec(network), new BitcoinDecoder(network), world.OpenSource());
        tracker = new ChainTracker(
            new TrackerParts(parts, world.Options, world.Sabotage?.Invoke(Store.Ledger, tail) ?? Store.Ledger, Store.Watches, NobodyListens.Instance, world.Time),
            new SeededEntropy(seed), new TrackingMetrics(meters), world.Log);
        await tracker.StartAsync(CancellationToken.None);
    }

    /// <summary>Power is lost, at whatever point things are: a part of what was written but not synced survives.</summary>
    public void LosePower(int kept) => Store.Crash(kept);

    /// <summary>Clears away what is left of the process.</summary>
    public async Task BuryAsync()
    {
        if (tracker is not null) await tracker.StopAsync(CancellationToken.None);
        if (Hub is not null) await Hub.DisposeAsync();
        meters.Dispose();
    }

    /// <summary>A journal whose reads take a moment, so that it grows between question and answer.</summary>
    sealed class DistantJournal(IJournal journal, SimulatedTime time, SeededEntropy entropy) : IJournal
    {
        public ValueTask<long> ReadHeadAsync(CancellationToken cancellationToken) => journal.ReadHeadAsync(cancellationToken);

        public async ValueTask<JournalPage> ReadAsync(long after, int limit, JournalFilter? filter, CancellationToken cancellationToken)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20) * entropy.NextDouble(), time, cancellationToken);
            var page = await journal.ReadAsync(after, limit, filter, cancellationToken);
            await Task.Delay(TimeSpan.FromMilliseconds(20) * entropy.NextDouble(), time, cancellationToken);
            return page;
        }

        public ValueTask<JournalEntry?> FindAsync(string id, CancellationToken cancellationToken) => journal.FindAsync(id, cancellationToken);

        public ValueTask<string> ReadEpochAsync(CancellationToken cancellationToken) => journal.ReadEpochAsync(cancellationToken);
    }
}
