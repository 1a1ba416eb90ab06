using Belfry.Core.Chains;
using Belfry.Core.Delivery;
using Belfry.Core.Hosting;
using Belfry.Core.Ledger;
using Belfry.Core.Tracking;
using Belfry.Core.Watches;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Sources;
using Belfry.Nodes.Simnet;
using Belfry.TestKit.Simulation;
using Microsoft.Extensions.Logging.Abstractions;

namespace Belfry.Core.Tests.Tracking;

/// <summary>A chain, its nodes, a network, a disk, clients, and Belfry's real pipeline and delivery between them, under one seeded scheduler. What is left running at the end is forgotten with it.</summary>
sealed class SimulatedWorld
{
    static readonly TimeSpan FailoverGrace = TimeSpan.FromSeconds(4);

    readonly ulong seed;
    readonly List<SimulatedClient> clients = [];
    readonly DistantNode way;
    DistantNode? spareWay;
    SimulatedServer server;
    int crashes;

    public SimulatedWorld(ulong seed, string id = "btc", ChainOptions? options = null, DeliveryOptions? delivery = null)
    {
        this.seed = seed;
        Entropy = new SeededEntropy(seed);
        Time = new SimulatedTime();
        Scheduler = new SimulatedScheduler(new SeededEntropy(seed ^ 0x9e3779b97f4a7c15), Time);
        Profile = new ChainProfile(new ChainId(id), id.ToUpperInvariant(), 8, "regtest", 10, TimeSpan.FromSeconds(30));
        Options = options ?? new ChainOptions { Network = "regtest", BehindGrace = TimeSpan.FromMinutes(2) };
        Delivery = delivery ?? new DeliveryOptions();
        Chain = new SimulatedChain(SimnetSettings.For(Profile), Entropy, Time.Unset);
        foreach (var wallet in Chain.Wallets) wallet.AddEachKind();
        Chain.Fund(2);
        Node = new SimulatedNode(Chain, new SeededEntropy(seed + 1));
        way = new DistantNode(Node, Time, new SeededEntropy(seed + 11));
        Disk = new MemoryDisk(new SeededEntropy(seed + 2));
        server = new SimulatedServer(this, Disk, seed + 3);
    }

    public SeededEntropy Entropy { get; }

    public SimulatedTime Time { get; }

    public SimulatedScheduler Scheduler { get; }

    public SimulatedChain Chain { get; }

    public SimulatedNode Node { get; }

    /// <summary>A second node of the same chain, once <see cref="AddSpareNode"/> was called.</summary>
    public SimulatedNode? SpareNode { get; private set; }

    public MemoryDisk Disk { get; }

    public ChainProfile Profile { get; }

    public ChainOptions Options { get; }

    public DeliveryOptions Delivery { get; }

    /// <summary>How long a sync of the disk takes; holds from the next start.</summary>
    public TimeSpan SyncTime { get; set; } = TimeSpan.FromMilliseconds(3);

    /// <summary>How long a question to a node, and its answer, are on the way at most.</summary>
    public TimeSpan Latency
    {
        set
        {
            way.Latency = value;
            if (spareWay is not null) spareWay.Latency = value;
        }
    }

    /// <summary>A bug put in on purpose, to see that it is found.</summary>
    public Func<ILedger, JournalTail, ILedger>? Sabotage { get; init; }

    /// <summary>The same between node and pipeline.</summary>
    public Func<IChainSource, IChainSource>? SabotageSource { get; init; }

    public MemoryStore Store => server.Store;

    public IChainTracker Tracker => server.Tracker;

    public IReadOnlyList<SimulatedClient> Clients => clients;

    public ListLogger Log { get; } = new();

    public void Run(Func<Task> work) => Scheduler.Run(work, TimeSpan.FromHours(1));

    public void Pass(TimeSpan time) => Scheduler.RunUntil(() => false, Time.True + time);

    public Task StartAsync() => server.StartAsync();

    /// <summary>A second node, for when the first is away; before the start.</summary>
    public void AddSpareNode()
    {
        SpareNode = new SimulatedNode(Chain, new SeededEntropy(seed + 4), "spare");
        spareWay = new DistantNode(SpareNode, Time, new SeededEntropy(seed + 12)) { Latency = way.Latency };
    }

    /// <summary>The way to the node or nodes; each call for one life of the server.</summary>
    public IChainSource OpenSource()
    {
        var source = spareWay is null ? (IChainSource)way : new FailoverSource([way, spareWay], Profile.Id, FailoverGrace, Time, NullLogger.Instance);
        return SabotageSource?.Invoke(source) ?? source;
    }

    public async Task WatchAsync(Script script, long? fromHeight = null)
    {
        var network = BitcoinNetworks.Find(Profile.Id, "regtest");
        var address = new BitcoinAddressCodec(network).Write(script.Span) ?? $"script:{script}";
        var watch = new Watch(Convert.ToHexString(Entropy.Bytes(8)), "default", Profile.Id, script, address, address, null, fromHeight, fromHeight is null, Time.GetUtcNow());
        await Store.Watches.AddAsync([watch], CancellationToken.None);
        if (server.IsStarted) await Tracker.WatchAsync([new WatchedScript(script, address, fromHeight)], CancellationToken.None);
    }

    /// <summary>A client that listens to some addresses, or to everything.</summary>
    public void AddClient(IReadOnlyList<Script>? scripts) =>
        clients.Add(new SimulatedClient(Time, new SeededEntropy(seed + 100 + (ulong)clients.Count), Profile.Id, scripts));

    /// <summary>Everybody who is not connected connects.</summary>
    public void Connect() => Run(() =>
    {
        foreach (var client in clients) client.Connect(server.Hub!);
        return Task.CompletedTask;
    });

    /// <summary>
    /// After some more steps of whatever is going on power is lost: some of what was written but not synced survives, everything in memory is gone; then Belfry starts again.
    /// </summary>
    public void Crash(int steps = 0)
    {
        Scheduler.RunSteps(steps);
        crashes++;
        foreach (var client in clients) client.Cut();
        server.LosePower(Entropy.Below(Store.Unsynced + 1));
        Run(server.BuryAsync);
        server = new SimulatedServer(this, Disk, seed + 3 + (1000 * (ulong)crashes));
        Run(server.StartAsync);
    }

    /// <summary>Everything calms down: no faults, the nodes show all, clients listen, and Belfry has time to notice.</summary>
    public void Quiesce()
    {
        Disk.IsFull = false;
        foreach (var node in SpareNode is null ? [Node] : new[] { Node, SpareNode })
        {
            node.Faults = new SimFaults { HideDepartures = node.Faults.HideDepartures };
            node.Restart(forgetMempool: false);
        }

        foreach (var client in clients) client.Slowness = 0;
        Pass(Options.AuditInterval * 3 + Options.RestartGrace + TimeSpan.FromMinutes(3));
        Connect();
        var settled = Scheduler.RunUntil(
            () => Tracker.Status.State == ChainState.Live && Tracker.Status.Tip?.Hash == Chain.Tip.Hash && Tracker.Status.RescanProgress is null,
            Time.True + TimeSpan.FromMinutes(10));
        if (!settled) throw new InvalidOperationException($"Belfry does not settle: {Tracker.Status}; chain tip {Chain.Tip}\n{Log}");
        Pass(Options.AuditInterval * 3);
    }
}
