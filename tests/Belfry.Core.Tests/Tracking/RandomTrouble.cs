using Belfry.Core.Delivery;
using Belfry.Core.Tracking;
using Belfry.Nodes.Simnet;
using Shouldly;

namespace Belfry.Core.Tests.Tracking;

/// <summary>What goes wrong in one history. Each kind of trouble is there in some histories only, so that every mixture comes up, also none.</summary>
sealed class RandomTrouble
{
    static readonly TimeSpan TwoHours = TimeSpan.FromHours(2);
    static readonly TimeSpan Noticed = TimeSpan.FromSeconds(10);

    readonly SimulatedWorld world;
    readonly SeededEntropy random;
    readonly bool crashes, fullDisk, clockJumps, nodeStops, slowClients, longQuiet;

    public RandomTrouble(SimulatedWorld world, SeededEntropy random)
    {
        this.world = world;
        this.random = random;
        (crashes, fullDisk, clockJumps) = (random.Chance(0.5), random.Chance(0.25), random.Chance(0.25));
        (nodeStops, slowClients, longQuiet) = (random.Chance(0.25), random.Chance(0.5), random.Chance(0.1));
        if (random.Chance(0.5)) world.Latency = TimeSpan.FromMilliseconds(random.Chance(0.2) ? 800 : 40);
        if (random.Chance(0.25)) world.SyncTime = TimeSpan.FromMilliseconds(1 + random.Below(1500));
        foreach (var client in slowClients ? world.Clients : [])
        {
            client.Slowness = random.Chance(0.3) ? 0.5 : 0.05;
            client.LongestStall = TimeSpan.FromSeconds(random.Chance(0.2) ? 150 : 3);
        }
    }

    /// <summary>Delivery with next to no memory in half of the histories, so that paging and catching up are what happens all the time.</summary>
    public static DeliveryOptions Delivery(SeededEntropy random) => random.Chance(0.5)
        ? new DeliveryOptions()
        : new DeliveryOptions { WindowBytes = 1000 + random.Below(60_000), LagBytes = 1000 + random.Below(20_000), PendingEntries = 1 + random.Below(20), PageSize = 1 + random.Below(30) };

    /// <summary>What a node does wrong all the time.</summary>
    public static SimFaults Node(SeededEntropy random) => random.Chance(0.4)
        ? new SimFaults { HideDepartures = random.Chance(0.5) }
        : new SimFaults
        {
            Lose = random.Chance(0.5) ? 0.1 : 0,
            Duplicate = random.Chance(0.5) ? 0.1 : 0,
            Reorder = random.Chance(0.5) ? 0.1 : 0,
            Refuse = random.Chance(0.3) ? 0.03 : 0,
            Withhold = random.Chance(0.3) ? 0.1 : 0,
            AnnounceOnly = random.Chance(0.3),
            HideDepartures = random.Chance(0.3),
            RepeatBlockTransactions = random.Chance(0.5),
            NoPrevouts = random.Chance(0.3),
            HeadersFirst = random.Chance(0.5),
        };

    /// <summary>May strike while what has just happened on the chain is being worked in.</summary>
    public void Strike()
    {
        if (crashes && random.Chance(0.03)) world.Crash(random.Below(random.Chance(0.2) ? 1000 : 80));
    }

    /// <summary>Lets a moment pass in which something may go wrong.</summary>
    public void Step()
    {
        if (fullDisk && random.Chance(0.03)) world.Disk.IsFull = !world.Disk.IsFull;
        if (clockJumps && random.Chance(0.03)) world.Time.ClockOffset = random.Chance(0.3) ? TimeSpan.Zero : (TwoHours * 2 * random.NextDouble()) - TwoHours;
        if (nodeStops && random.Chance(0.02)) StopNode();
        if (longQuiet && random.Chance(0.02)) world.Pass(TimeSpan.FromHours(1 + random.Below(12)));
        foreach (var client in slowClients ? world.Clients : [])
        {
            if (random.Chance(0.03)) client.Cut();
        }

        if (random.Chance(0.3)) world.Connect();
    }

    void StopNode()
    {
        var node = world.SpareNode is { } spare && random.Chance(0.3) ? spare : world.Node;
        node.Stop();
        var away = TimeSpan.FromSeconds(1 + random.Below(90));
        world.Pass(away);
        // A chain that nobody can follow now is not silently live: unless another node took over, or this one was not listened to.
        if (away > Noticed && world.SpareNode is null && !world.Disk.IsFull) world.Tracker.Status.State.ShouldNotBe(ChainState.Live, "the node is away");
        node.Restart(random.Below(6), random.Chance(0.5));
        if (random.Chance(0.8)) node.CatchUp();
    }
}
