using Belfry.Core.Chains;
using Belfry.Core.Leadership;
using Belfry.Core.Ledger;
using Belfry.Core.Tests.Tracking;
using Belfry.Core.Tracking;
using Belfry.Core.Watches;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Readers;
using Belfry.Nodes.Simnet;
using Microsoft.Extensions.Logging.Abstractions;

namespace Belfry.Core.Tests.Leadership;

/// <summary>Several servers on one store that follow one simulated chain together.</summary>
sealed class SimulatedServers
{
    readonly SimulatedWorld world;
    readonly ulong seed;
    readonly LeadershipBug bug;
    readonly InProcessLease leases;
    readonly List<Member> members = [];
    int started;

    public SimulatedServers(SimulatedWorld world, ulong seed, int count, LeadershipBug bug = LeadershipBug.None)
    {
        (this.world, this.seed, this.bug) = (world, seed, bug);
        Store = new MemoryStore(new MemoryDisk(new SeededEntropy(seed + 50)), new MemoryStoreOptions { Clock = world.Time, SyncTime = TimeSpan.FromMilliseconds(3) });
        leases = new InProcessLease(Store.Ledger, world.Time);
        for (var i = 0; i < count; i++) Start();
    }

    public MemoryStore Store { get; }

    public IReadOnlyList<Member> Members => members;

    public LeadershipOptions Options { get; init; } = new() { Server = "" };

    /// <summary>The one that leads as far as the store knows; null when nobody does, or a dead one.</summary>
    public Member? Leader
    {
        get
        {
            ChainLeader? leader = null;
            world.Run(async () => leader = await leases.ReadLeaderAsync(world.Profile.Id, CancellationToken.None));
            return members.Find(member => member.Name == leader?.Server);
        }
    }

    /// <summary>One more server.</summary>
    public void Start()
    {
        var number = (ulong)++started;
        var line = new StoreLine(world.Time, new SeededEntropy(seed + (100 * number)));
        var sharing = new DistantSharing(leases, Store.Ledger, Store.Changes, line, bug);
        var network = BitcoinNetworks.Find(world.Profile.Id, "regtest");
        var parts = new TrackerParts(
            new ChainParts(world.Profile, new BitcoinAddressCodec(network), new BitcoinDecoder(network), world.OpenSource()), world.Options,
            new DistantLedger(Store.Ledger, line), new DistantWatches(Store.Watches, line), NobodyListens.Instance, world.Time);
        var name = $"server-{number}";
        var chain = new LedChain(
            parts, new SharedStore(sharing, sharing, sharing), Options with { Server = name },
            own => new ChainTracker(own, new SeededEntropy(seed + number), new TrackingMetrics(new ServiceMeters()), world.Log), NullLogger<LedChain>.Instance);
        members.Add(new Member(name, line, chain, parts.Watches));
        world.Run(async () => await chain.StartAsync(CancellationToken.None));
    }

    /// <summary>Kill -9, and another server in its place.</summary>
    public void Replace(Member member)
    {
        member.Line.Kill();
        members.Remove(member);
        Start();
    }

    /// <summary>Stores a watch through one of the servers and waits until it says that the watch is effective.</summary>
    public async Task WatchAsync(Member member, Script script, string address, long? fromHeight)
    {
        var watch = new Watch(Convert.ToHexString(world.Entropy.Bytes(8)), "default", world.Profile.Id, script, address, address, null, fromHeight, fromHeight is null, world.Time.GetUtcNow());
        await member.Watches.AddAsync([watch], CancellationToken.None);
        await member.Chain.WatchAsync([new WatchedScript(script, address, fromHeight)], CancellationToken.None);
    }

    internal sealed record Member(string Name, StoreLine Line, LedChain Chain, IWatchStore Watches);
}
