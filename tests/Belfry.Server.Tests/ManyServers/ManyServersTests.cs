using System.Diagnostics;
using Belfry.Server.Tests.EndToEnd;
using Belfry.Server.Tests.Faults;
using Belfry.TestKit;
using Belfry.TestKit.Postgres;
using Shouldly;

namespace Belfry.Server.Tests.ManyServers;

/// <summary>Three servers on one PostgreSQL, with clients that come back to whichever of them takes them.</summary>
public sealed class ManyServersTests
{
    static readonly int Rounds = TestLength.Choose(8, 100);
    static readonly int Takeovers = TestLength.Choose(3, 100);

    [Theory]
    [InlineData(1)]
    public async Task Whatever_becomes_of_servers_and_database_every_resuming_client_has_every_event_once_and_in_order(int seed)
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var chain = new FaultChain(seed);
        await using var group = await ServerGroup.StartAsync(chain, await postgres.CreateDatabaseAsync(), lease: TimeSpan.FromSeconds(2), seed: seed);
        await Belief.SettlesAsync(group.Servers[1], chain);
        await using var first = new ResumingClient(group.Address);
        await using var second = new ResumingClient(group.Address);
        using var enough = new CancellationTokenSource();
        var traffic = StepAsync(chain, enough.Token);
        var random = new Random(seed);
        var done = new List<string>();
        for (var round = 0; round < Rounds; round++)
        {
            if (traffic.IsFaulted) await traffic;
            await first.ReachesAsync(first.Last + random.Next(1, 15), TimeSpan.FromSeconds(90));
            done.Add(await HarmAsync(group, postgres, random, round));
        }

        await enough.CancelAsync();
        await traffic;
        chain.Chain.Mine(1);
        await group.AtTipAsync();
        var (_, journal) = await Belief.SettlesAsync(group.Servers[0], chain, TimeSpan.FromSeconds(90));
        foreach (var server in group.Servers)
        {
            await first.HoldsTheJournalAsync(server);
            await second.HoldsTheJournalAsync(server);
        }

        TestLength.Say($"{journal.Count} events, {first.Connections} and {second.Connections} connections; {string.Join(", ", done.GroupBy(static what => what).Select(static group => $"{group.Count()} x {group.Key}"))}");
    }

    [Fact]
    public async Task A_killed_leader_is_followed_within_ten_seconds()
    {
        await using var chain = new FaultChain(3);
        await using var group = await ServerGroup.StartAsync(chain, await (await PostgresServer.SharedAsync()).CreateDatabaseAsync());
        var times = new List<TimeSpan>();
        for (var kill = 0; kill < Takeovers; kill++)
        {
            var leader = await group.LeaderAsync();
            var survivor = group.Servers.First(server => server != leader);
            await using var listener = await Listener.ToEverythingAsync(survivor);
            await leader.KillAsync();
            var died = Stopwatch.GetTimestamp();
            var block = chain.Chain.Mine(1)[^1];
            await listener.HeardBlockAsync("new_block", block.Hash.ToString());
            times.Add(Stopwatch.GetElapsedTime(died));
            leader.Launch();
            await group.AtTipAsync();
        }

        times.Sort();
        TestLength.Say($"{Takeovers} kills of the leader: the next block is told after {times[times.Count / 2].TotalSeconds:F1} s in the middle, {times[^1].TotalSeconds:F1} s at worst");
        times[^1].ShouldBeLessThan(TestLength.Within(10));
    }

    [Fact]
    public async Task A_leader_that_is_frozen_writes_nothing_when_it_wakes_and_becomes_a_follower()
    {
        await using var chain = new FaultChain(4);
        await using var group = await ServerGroup.StartAsync(chain, await (await PostgresServer.SharedAsync()).CreateDatabaseAsync(), lease: TimeSpan.FromSeconds(2));
        var frozen = await group.LeaderAsync();
        frozen.Process.Freeze();
        BelfryProcess? next = null;
        await Eventually.HoldsAsync(async () =>
        {
            foreach (var server in group.Servers.Where(server => server != frozen))
                if (await group.LeadsAsync(server)) next = server;
            return next is not null;
        }, what: "another server leads");
        chain.Chain.Reorg(2, 3, Nodes.Simnet.SimBranchContent.Return);
        chain.Chain.Mine(2);
        await chain.AtTipAsync(next!);
        var before = (await next!.JournalAsync()).Count;
        frozen.Process.Continue();
        await Eventually.HoldsAsync(async () => !await group.LeadsAsync(frozen), what: "the former leader follows");
        await Eventually.HoldsAsync(() => frozen.Output.Contains("leads no more", StringComparison.Ordinal), what: "the log says that the lead is lost");
        await group.AtTipAsync();
        chain.Chain.Mine(1);
        await group.AtTipAsync();
        await Belief.SettlesAsync(frozen, chain);
        (await frozen.JournalAsync()).Skip(before).Count(static told => told.Kind == "new_block").ShouldBe(1, "each block is told by the leader alone");
    }

    [Fact]
    public async Task A_watch_through_any_server_is_effective_on_the_leader_when_it_is_acknowledged()
    {
        await using var chain = new FaultChain(5);
        await using var group = await ServerGroup.StartAsync(chain, await (await PostgresServer.SharedAsync()).CreateDatabaseAsync());
        var coins = chain.Split(12);
        await group.AtTipAsync();
        var leader = await group.LeaderAsync();
        foreach (var (server, number) in group.Servers.Concat(group.Servers).Select(static (server, number) => (server, number)))
        {
            var script = FaultChain.Fresh(9000 + number);
            var address = chain.AddressOf(script);
            await using var listener = number % 2 == 0 ? await Listener.ToAddressesAsync(server, address) : await Listener.ToEverythingAsync(server);
            if (number % 2 == 1) await server.WatchAsync(chain.Id, address);
            // straight into a block: nothing that was missed in the mempool is told later
            var paid = chain.Chain.Pay(chain.Payer, script, 20_000, new Nodes.Simnet.SimPayment { Coins = [coins[number]] });
            chain.Chain.Mine(1);
            await listener.HeardAsync("new_payment", paid.Id.ToString(), address);
        }

        (await group.LeaderAsync()).ShouldBe(leader, "nothing happened to it");
    }

    [Fact]
    public async Task An_account_hears_on_every_server_what_it_watches_through_another_and_nobody_else_does()
    {
        const string main = "the-main-key-of-the-test", other = "another-key-of-this-test";
        await using var chain = new FaultChain(7);
        await using var group = await ServerGroup.StartAsync(chain, await (await PostgresServer.SharedAsync()).CreateDatabaseAsync(), count: 2, change: static server =>
        {
            server.Environment["BELFRY__ApiKey"] = main;
            server.Environment["BELFRY__ApiKeys"] = other;
            server.Http.DefaultRequestHeaders.Add("X-Api-Key", main);
        });
        var coins = chain.Split(20);
        await group.AtTipAsync();
        using var owner = await SubscribeAsync(group.Servers[1], other);
        using var stranger = await SubscribeAsync(group.Servers[1], main);
        for (var number = 0; number < 20; number++)
        {
            var script = FaultChain.Fresh(7000 + number);
            var address = chain.AddressOf(script);
            using var content = new StringContent($$"""{"chain":"{{chain.Id}}","address":"{{address}}"}""", System.Text.Encoding.UTF8, "application/json");
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(group.Servers[0].Base, "api/v1/watches")) { Content = content };
            request.Headers.Add("X-Api-Key", other);
            using var http = new HttpClient();
            (await http.SendAsync(request)).EnsureSuccessStatusCode();
            var paid = chain.Chain.Pay(chain.Payer, script, 20_000, new Nodes.Simnet.SimPayment { Coins = [coins[number]] }).Id.ToString();
            chain.Chain.Mine(1);
            await HearsAsync(owner, text => text.Contains("new_payment", StringComparison.Ordinal) && text.Contains(paid, StringComparison.Ordinal));
        }

        // whatever was told of those payments stands before the next block in the stranger's stream
        var last = chain.Chain.Mine(1)[^1].Hash.ToString();
        await HearsAsync(stranger, text =>
        {
            text.ShouldNotContain("\"amount\":\"0.0002\"");
            return text.Contains(last, StringComparison.Ordinal);
        });

        static async Task<Fixtures.SocketClient> SubscribeAsync(BelfryProcess server, string key)
        {
            var client = await Fixtures.SocketClient.ConnectAsync(new Uri($"ws://{server.Base.Authority}/ws/events"), null, ("X-Api-Key", key));
            await client.SendAsync("""{"type":"subscribe"}""");
            (await client.ReceiveJsonAsync()).GetProperty("type").GetString().ShouldBe("subscription_confirmed");
            return client;
        }

        static async Task HearsAsync(Fixtures.SocketClient client, Func<string, bool> wanted)
        {
            while (!wanted(await client.ReceiveAsync(TimeSpan.FromSeconds(60)) ?? throw new InvalidOperationException("The connection was closed.")))
            {
            }
        }
    }

    [Fact]
    public async Task A_rolling_restart_of_all_servers_under_load_loses_nothing()
    {
        await using var chain = new FaultChain(6);
        await using var group = await ServerGroup.StartAsync(chain, await (await PostgresServer.SharedAsync()).CreateDatabaseAsync());
        await Belief.SettlesAsync(group.Servers[0], chain);
        await using var client = new ResumingClient(group.Address);
        using var enough = new CancellationTokenSource();
        var traffic = StepAsync(chain, enough.Token);
        foreach (var server in group.Servers)
        {
            await client.ReachesAsync(client.Last + 10, TimeSpan.FromSeconds(60));
            await server.StopAsync();
            server.Process.ExitCode.ShouldBe(0, server.Output);
            await server.ForgetAsync();
            server.Launch();
            await Eventually.HoldsAsync(async () => (await server.Http.GetAsync(new Uri("health/live", UriKind.Relative))).IsSuccessStatusCode);
        }

        await enough.CancelAsync();
        await traffic;
        await group.AtTipAsync();
        await Belief.SettlesAsync(group.Servers[0], chain, TimeSpan.FromSeconds(90));
        await client.HoldsTheJournalAsync(group.Servers[2]);
    }

    static async Task<string> HarmAsync(ServerGroup group, PostgresServer postgres, Random random, int round)
    {
        var victim = random.Next(3) > 0 ? await group.LeaderAsync(TimeSpan.FromSeconds(90)) : group.Pick();
        // each kind comes about, whatever the dice say
        switch (round % 4)
        {
            case 0:
                await victim.KillAsync();
                await Task.Delay(random.Next(0, 4000));
                victim.Launch();
                return "kill -9 of a server";
            case 1:
                victim.Process.Freeze();
                await Task.Delay(random.Next(1000, 6000));
                victim.Process.Continue();
                return "freeze of a server";
            case 2:
                await (random.Next(3) switch
                {
                    0 => postgres.StopAsync(),
                    1 => postgres.StopImmediatelyAsync(),
                    _ => postgres.KillAsync(),
                });
                await postgres.StartAgainAsync();
                return "restart of PostgreSQL";
            default:
                group.Door.ResetAll();
                await victim.StopAsync();
                await victim.ForgetAsync();
                victim.Launch();
                return "restart of a server";
        }
    }

    static async Task StepAsync(FaultChain chain, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
        {
            chain.Driver.Step();
            await Task.Delay(60, CancellationToken.None);
        }
    }
}
