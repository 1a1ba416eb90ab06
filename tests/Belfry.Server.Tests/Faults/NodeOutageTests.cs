using System.Diagnostics;
using System.Net;
using Belfry.Server.Tests.EndToEnd;
using Belfry.TestKit.Faults;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.Faults;

/// <summary>Everything between the server and its real nodes breaks, in every way that TCP knows, and the nodes themselves stop and go on.</summary>
public sealed class NodeOutageTests
{
    [Theory]
    [Trait("Fault", "N06")]
    [InlineData(6)]
    public Task However_the_way_to_a_node_breaks_it_is_noticed_within_ten_seconds_and_caught_up_within_five(int seed) =>
        // two servers side by side: most of the time is waiting
        Task.WhenAll(BreakEverythingAsync("ltc", seed), BreakEverythingAsync("btc", seed + 60));

    static async Task BreakEverythingAsync(string chain, int seed)
    {
        await using var node = await StartAsync(chain);
        await node.FundAsync();
        await using var way = new Way(node, seed);
        await using var server = BelfryProcess.Prepare();
        way.Configure(server);
        server.Launch();
        await server.AtTipOfAsync(node);
        var own = await node.NewAddressAsync();
        var address = await server.SpellAsync(chain, own);
        await server.WatchAsync(chain, own);
        await using var listener = await Listener.ToEverythingAsync(server);
        await server.ChainAsync(chain, row => row.GetProperty("feed").GetString() == (chain == "ltc" ? "peer" : "zmq"), "fed by push");

        await BreakAsync("frozen", node, server, listener, own, Now(way.Freeze), node.Continue, isSeen: true);
        await BreakAsync("black hole", node, server, listener, own, Now(() => way.Plan(new FaultPlan { StallAfter = 0 })), () => way.Plan(new FaultPlan()), isSeen: true);
        await BreakAsync("refused", node, server, listener, own, Now(way.Refuse), way.Allow, isSeen: true);
        await BreakAsync("reset once", node, server, listener, own, Now(way.Reset), () => { }, isSeen: false);
        await BreakAsync("half closed", node, server, listener, own, Now(way.HalfClose), () => { }, isSeen: false);
        await BreakAsync("cut in half", node, server, listener, own, Now(() => way.Plan(new FaultPlan { HalfCloseAfter = 700 })), () => way.Plan(new FaultPlan()), isSeen: false);
        await BreakAsync("late and in slices", node, server, listener, own, Now(() => way.Plan(new FaultPlan { SliceUpTo = 40, Latency = TimeSpan.FromMilliseconds(20) })), () => way.Plan(new FaultPlan()), isSeen: false);
        await BreakAsync("flapping", node, server, listener, own, () => way.FlapAsync(TestLength.Choose(40, 200), TimeSpan.FromMilliseconds(TestLength.Choose(60, 300))), () => { }, isSeen: false);

        await node.GenerateAsync(6, await node.StrangerAddressAsync());
        await server.AtTipOfAsync(node);
        await listener.HoldsTheJournalAsync();
        listener.KeepsOrder();
        var journal = await server.JournalAsync();
        var books = await NodeBooks.ReadAsync(node);
        foreach (var booked in books.Of(own))
        {
            var story = journal.Where(told => told.Transaction == booked.Id && told.Address == address).ToList();
            story.Count(static told => told.Kind == "new_transaction").ShouldBe(1, booked.Id);
            story.Where(static told => told.Kind == "verified_tx").Select(static told => told.Confirmations).ShouldBe([1, 3, 6], booked.Id);
        }

        journal.ShouldNotContain(static told => told.Kind == "transaction_dropped" || told.Kind == "block_disconnected");
        var belief = new Belief(chain);
        belief.Read(journal);
        belief.Gap.ShouldBeNull();
    }

    /// <summary>Breaks, pays and mines meanwhile, heals, and measures.</summary>
    static async Task BreakAsync(string name, RegtestNode node, BelfryProcess server, Listener listener, string address, Func<Task> fail, Action heal, bool isSeen)
    {
        // what is lost in the middle of being told counts most
        var before = await node.SendAsync(address, "0.1");
        var watch = Stopwatch.StartNew();
        await fail();
        var noticed = TimeSpan.Zero;
        var meanwhile = before;
        if (name != "frozen")
        {
            meanwhile = await node.SendAsync(address, "0.2");
            await node.GenerateAsync(1, await node.StrangerAddressAsync());
        }

        if (isSeen)
        {
            await server.ChainAsync(node.Chain, static row => row.GetProperty("state").GetString() == "degraded", $"degraded ({name})");
            noticed = watch.Elapsed;
        }

        watch.Restart();
        heal();
        var healing = watch.Elapsed;
        await listener.HeardAsync("new_transaction", before);
        await listener.HeardAsync("new_transaction", meanwhile);
        await server.AtTipOfAsync(node);
        var caughtUp = watch.Elapsed;
        TestLength.Say($"{node.Chain} {name}: noticed after {noticed.TotalSeconds:F1} s, caught up {caughtUp.TotalSeconds:F1} s after it healed (which took {healing.TotalSeconds:F1} s)");
        noticed.ShouldBeLessThan(TestLength.Within(10), name);
        caughtUp.ShouldBeLessThan(TestLength.Within(5), name);
    }

    static Func<Task> Now(Action deed) => () =>
    {
        deed();
        return Task.CompletedTask;
    };

    static async Task<RegtestNode> StartAsync(string chain) => chain == "ltc" ? await LitecoindNode.StartNewAsync() : await BcoinNode.StartNewAsync();

    /// <summary>A proxy before each door of a node.</summary>
    sealed class Way : IAsyncDisposable
    {
        readonly RegtestNode node;
        readonly FaultProxy rpc;
        readonly FaultProxy push;

        public Way(RegtestNode node, int seed)
        {
            this.node = node;
            rpc = FaultProxy.Start(new IPEndPoint(IPAddress.Loopback, node.RpcUrl.Port), new FaultPlan { Seed = seed });
            push = FaultProxy.Start(node.ZmqEndPoint is { } zmq ? new IPEndPoint(IPAddress.Loopback, new Uri(zmq).Port) : node.PeerEndPoint, new FaultPlan { Seed = seed });
        }

        public void Configure(BelfryProcess server)
        {
            void Set(string name, string value) => server.Environment[$"BELFRY__Chains__{node.Chain}__{name}"] = value;
            Set("Network", "regtest");
            Set("Rpc", $"http://{node.User}:{node.Password}@{rpc.EndPoint}");
            Set("PollInterval", "00:00:00.050");
            Set("DropGrace", "00:00:00.500");
            Set("RestartGrace", "00:00:02");
            if (node.ZmqEndPoint is null) Set("Peer", push.EndPoint.ToString());
            else Set("Zmq", $"tcp://{push.EndPoint}");
        }

        public void Freeze() => node.Freeze();

        public void Plan(FaultPlan plan) => (rpc.Plan, push.Plan) = (plan, plan);

        public void Refuse()
        {
            (rpc.Refusing, push.Refusing) = (true, true);
            Reset();
        }

        public void Allow() => (rpc.Refusing, push.Refusing) = (false, false);

        public void Reset()
        {
            rpc.ResetAll();
            push.ResetAll();
        }

        public void HalfClose()
        {
            rpc.HalfCloseAll();
            push.HalfCloseAll();
        }

        public async Task FlapAsync(int times, TimeSpan every)
        {
            for (var i = 0; i < times; i++)
            {
                if (i % 2 == 0) Refuse();
                else Allow();
                await Task.Delay(every);
            }

            Allow();
        }

        public async ValueTask DisposeAsync()
        {
            await rpc.DisposeAsync();
            await push.DisposeAsync();
        }
    }
}
