using System.Diagnostics.Metrics;
using Belfry.Core.Chains;
using Belfry.Core.Hosting;
using Belfry.Core.Ledger;
using Belfry.Core.Listeners;
using Belfry.Core.Tracking;
using Belfry.Core.Watches;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Readers;
using Belfry.Nodes.Simnet;
using Belfry.TestKit.Simulation;
using Microsoft.Extensions.Logging;

namespace Belfry.Core.Tests.Tracking;

/// <summary>A chain, a node, a disk and Belfry's real pipeline under one seeded scheduler.</summary>
sealed class SimulatedWorld : IDisposable
{
    readonly ulong seed;
    readonly ServiceMeters meters = new();
    readonly MemoryDisk disk;
    ChainTracker? tracker;
    int crashes;

    public SimulatedWorld(ulong seed, string id = "btc", ChainOptions? options = null)
    {
        this.seed = seed;
        Entropy = new SeededEntropy(seed);
        Time = new SimulatedTime();
        Scheduler = new SimulatedScheduler(new SeededEntropy(seed ^ 0x9e3779b97f4a7c15), Time);
        Profile = new ChainProfile(new ChainId(id), id.ToUpperInvariant(), 8, "regtest", 10, TimeSpan.FromSeconds(30));
        Options = options ?? new ChainOptions { Network = "regtest", BehindGrace = TimeSpan.FromMinutes(2) };
        Chain = new SimulatedChain(SimnetSettings.For(Profile), Entropy, Time);
        foreach (var wallet in Chain.Wallets) wallet.AddEachKind();
        Chain.Fund(2);
        Node = new SimulatedNode(Chain, new SeededEntropy(seed + 1));
        disk = new MemoryDisk(new SeededEntropy(seed + 2));
        Store = new MemoryStore(disk, new MemoryStoreOptions { Clock = Time, SyncTime = TimeSpan.FromMilliseconds(3) });
    }

    public SeededEntropy Entropy { get; }

    public SimulatedTime Time { get; }

    public SimulatedScheduler Scheduler { get; }

    public SimulatedChain Chain { get; }

    public SimulatedNode Node { get; }

    public ChainProfile Profile { get; }

    public ChainOptions Options { get; }

    public MemoryStore Store { get; private set; }

    public IChainTracker Tracker => tracker!;

    public ListLogger Log { get; } = new();

    public void Run(Func<Task> work) => Scheduler.Run(work, TimeSpan.FromHours(1));

    public void Pass(TimeSpan time) => Scheduler.RunUntil(() => false, Time.GetUtcNow() + time);

    public async Task StartAsync()
    {
        var network = BitcoinNetworks.Find(Profile.Id, "regtest");
        var parts = new ChainParts(Profile, new BitcoinAddressCodec(network), new BitcoinDecoder(network), new UndisposedSource(Node));
        tracker = new ChainTracker(
            new TrackerParts(parts, Options, Store.Ledger, Store.Watches, NobodyListens.Instance, Time),
            new SeededEntropy(seed + 3 + (ulong)crashes), new TrackingMetrics(meters), Log);
        await tracker.StartAsync(CancellationToken.None);
    }

    public async Task WatchAsync(Script script, long? fromHeight = null)
    {
        var network = BitcoinNetworks.Find(Profile.Id, "regtest");
        var address = new BitcoinAddressCodec(network).Write(script.Span) ?? $"script:{script}";
        var watch = new Watch(Convert.ToHexString(Entropy.Bytes(8)), "default", Profile.Id, script, address, address, null, fromHeight, fromHeight is null, Time.GetUtcNow());
        await Store.Watches.AddAsync([watch], CancellationToken.None);
        if (tracker is not null) await tracker.WatchAsync([new WatchedScript(script, address, fromHeight)], CancellationToken.None);
    }

    /// <summary>Power is lost: some of what was written but not synced survives, everything in memory is gone; then Belfry starts again.</summary>
    public async Task CrashAsync()
    {
        crashes++;
        Store.Crash(Entropy.Below(Store.Unsynced + 1));
        await tracker!.StopAsync(CancellationToken.None);
        Store = new MemoryStore(disk, new MemoryStoreOptions { Clock = Time, SyncTime = TimeSpan.FromMilliseconds(3) });
        await StartAsync();
    }

    /// <summary>Everything calms down: no faults, the node shows all, and Belfry has time to notice.</summary>
    public void Quiesce()
    {
        Node.Faults = new SimFaults { HideDepartures = Node.Faults.HideDepartures };
        Node.Restart(forgetMempool: false);
        Pass(Options.AuditInterval * 3 + Options.RestartGrace + TimeSpan.FromMinutes(3));
        var settled = Scheduler.RunUntil(
            () => tracker!.Status.State == ChainState.Live && tracker.Status.Tip?.Hash == Chain.Tip.Hash && tracker.Status.RescanProgress is null,
            Time.GetUtcNow() + TimeSpan.FromMinutes(10));
        if (!settled) throw new InvalidOperationException($"Belfry does not settle: {tracker!.Status}; chain tip {Chain.Tip}\n{Log}");
        Pass(Options.AuditInterval * 3);
    }

    public void Dispose()
    {
        // What is left running is forgotten with its scheduler.
        meters.Dispose();
    }

    /// <summary>The tracker disposes its source; here the node outlives trackers.</summary>
    sealed class UndisposedSource(SimulatedNode node) : IChainSource
    {
        public SourceStatus Status => node.Status;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        public IAsyncEnumerable<FeedSignal> ListenAsync(CancellationToken cancellationToken) => node.ListenAsync(cancellationToken);

        public ValueTask<ChainTip> ReadTipAsync(CancellationToken cancellationToken) => node.ReadTipAsync(cancellationToken);

        public ValueTask<BlockHeader?> ReadHeaderAsync(BlockHash hash, CancellationToken cancellationToken) => node.ReadHeaderAsync(hash, cancellationToken);

        public ValueTask<bool> IsInvalidAsync(BlockHash hash, CancellationToken cancellationToken) => node.IsInvalidAsync(hash, cancellationToken);

        public ValueTask<BlockHash?> ReadHashAsync(long height, CancellationToken cancellationToken) => node.ReadHashAsync(height, cancellationToken);

        public ValueTask<ReadOnlyMemory<byte>?> ReadBlockAsync(BlockHash hash, CancellationToken cancellationToken) => node.ReadBlockAsync(hash, cancellationToken);

        public ValueTask<MempoolSnapshot> ReadMempoolAsync(CancellationToken cancellationToken) => node.ReadMempoolAsync(cancellationToken);

        public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>?>> ReadTransactionsAsync(IReadOnlyList<TxHash> ids, CancellationToken cancellationToken) =>
            node.ReadTransactionsAsync(ids, cancellationToken);

        public ValueTask<IReadOnlyList<TxOutput?>> ReadPrevoutsAsync(ChainTransaction transaction, BlockHash? block, CancellationToken cancellationToken) =>
            node.ReadPrevoutsAsync(transaction, block, cancellationToken);
    }

    sealed class NobodyListens : IActiveAddresses
    {
        public static NobodyListens Instance { get; } = new();

        public ValueTask<long> AddAsync(ChainId chain, Script script, string address, CancellationToken cancellationToken) => ValueTask.FromResult(1L);

        public ValueTask<long> RemoveAsync(ChainId chain, Script script, CancellationToken cancellationToken) => ValueTask.FromResult(0L);

        public bool IsActive(ChainId chain, Script script) => false;

        public ValueTask<IReadOnlyDictionary<string, long>> ReadAllAsync(ChainId chain, CancellationToken cancellationToken) =>
            ValueTask.FromResult<IReadOnlyDictionary<string, long>>(new Dictionary<string, long>());

        public ValueTask<ActiveAddressStats> ReadStatsAsync(ChainId chain, CancellationToken cancellationToken) => ValueTask.FromResult(default(ActiveAddressStats));

        public ValueTask<int> CleanUpAsync(ChainId chain, CancellationToken cancellationToken) => ValueTask.FromResult(0);
    }

    sealed class ServiceMeters : IMeterFactory
    {
        readonly List<Meter> created = [];

        public Meter Create(MeterOptions options)
        {
            var meter = new Meter(options);
            created.Add(meter);
            return meter;
        }

        public void Dispose() => created.ForEach(static meter => meter.Dispose());
    }
}

/// <summary>Keeps log lines, for the message of a failing seed.</summary>
sealed class ListLogger : ILogger<ChainTracker>
{
    readonly List<string> lines = [];

    /// <summary>Also hears every line.</summary>
    public ITestOutputHelper? Echo { get; set; }

    public IReadOnlyList<string> Failures => [.. lines.Where(static line => line.Contains("pipeline failed", StringComparison.Ordinal))];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lines.Add($"{formatter(state, exception)} {exception}");
        Echo?.WriteLine(lines[^1]);
    }

    public override string ToString() => string.Join('\n', lines.TakeLast(Environment.GetEnvironmentVariable("BELFRY_SIMULATION_SEED") is null ? 40 : 1000));
}
