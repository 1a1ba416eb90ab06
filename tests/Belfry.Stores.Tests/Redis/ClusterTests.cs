using Belfry.Redis.Connection;
using Belfry.Redis.Connection.Topology;
using Belfry.TestKit;
using Belfry.TestKit.Nodes;
using Belfry.TestKit.Redis;
using Shouldly;

namespace Belfry.Stores.Tests.Redis;

/// <summary>A real cluster of three primaries and three replicas; started once, because that takes seconds.</summary>
public sealed class ClusterTests(ClusterTests.SharedCluster shared) : IClassFixture<ClusterTests.SharedCluster>
{
    RedisCluster Cluster => shared.Cluster ?? throw new InvalidOperationException("The cluster did not start.");

    RedisOptions Options => TestRedis.Patient(Cluster.Seeds) with { Topology = RedisTopologyKind.Cluster };

    [Fact]
    public async Task Commands_find_the_node_of_their_slot_from_any_seed()
    {
        shared.Require();
        await using var redis = new RedisConnection(Options with { Endpoints = [new RedisEndpoint("127.0.0.1", 1), new RedisEndpoint("127.0.0.1", Cluster.Servers[^1].Port)] });
        var script = RedisScript.FromText("both.lua", "return redis.call('GET', KEYS[1]) .. redis.call('GET', KEYS[2])");
        for (var i = 0; i < 200; i++)
        {
            var key = $"find:{i}";
            await redis.SendAsync(new RedisCommand("SET", key, i), RedisRead.Ok, default);
            (await redis.SendAsync(new RedisCommand("GET", key), RedisRead.Integer, default)).ShouldBe(i);
            await redis.SendAsync(new RedisCommand("MSET", $"{{{key}}}:a", "A", $"{{{key}}}:b", "B"), RedisRead.Ok, default);
            (await redis.SendAsync(RedisCommand.Evaluate(script, 2L, $"{{{key}}}:a", $"{{{key}}}:b"), RedisRead.Text, default)).ShouldBe("AB");
        }

        var sizes = await redis.SendToEachAsync(new RedisCommand("DBSIZE"), RedisRead.Integer, default);
        sizes.Count.ShouldBe(3);
        sizes.ShouldAllBe(size => size.Answer > 100);
        Should.Throw<ArgumentException>(() => { _ = redis.SendAsync(new RedisCommand("MGET", "a", "b"), RedisRead.Texts, default).AsTask(); });
        (await redis.SendBlockingAsync(new RedisCommand("BLPOP", "find:list", "0.05"), TimeSpan.FromSeconds(1), RedisRead.Value, default)).Kind.ShouldBe(RespKind.Null);
        (await redis.SendAsync(new RedisCommand("PING"), RedisRead.Text, default)).ShouldBe("PONG");
    }

    [Fact]
    [Trait("Fault", "R08")]
    public async Task Slots_that_move_under_load_lose_and_double_nothing()
    {
        shared.Require();
        await using var redis = new RedisConnection(Options);
        var tags = Enumerable.Range(0, 6).Select(i => $"move:{i}").ToList();
        // One-key commands follow key by key with ASK; scripts on two keys wait with TRYAGAIN until both are on one side.
        await using var single = CounterLoad.Start(redis, tags.SelectMany(tag => Enumerable.Range(0, 4).Select(i => $"{{{tag}}}:single:{i}")));
        await using var scripted = CounterLoad.Start(redis, tags, scripted: true);
        await using var sharded = new Listening(redis, RedisSubscriptionKind.Sharded, tags[0]);
        await sharded.SubscribedAsync();
        for (var move = 0; move < (TestRedis.IsLong ? 60 : 6); move++)
        {
            await single.ProgressAsync(5);
            var slot = HashSlot.Of(tags[move % tags.Count]);
            var from = Cluster.FindPrimary(slot);
            var to = Cluster.Servers.First(server => server != from && IsPrimary(server));
            await Cluster.MoveSlotAsync(slot, to, between: () => single.ProgressAsync(1));
            await scripted.ProgressAsync(2);
            if (move % tags.Count != 0) continue;
            // The sharded channel moved with its slot.
            await sharded.GapAsync(1 + move / tags.Count);
            await redis.SendAsync(new RedisCommand("SPUBLISH", tags[0], $"moved {move}"), RedisRead.Integer, default);
            await sharded.HearsAsync($"moved {move}");
        }

        await single.StopAndCheckAsync(key => redis.SendAsync(new RedisCommand("GET", key), RedisRead.Integer, default));
        await scripted.StopAndCheckAsync(key => redis.SendAsync(new RedisCommand("GET", key), RedisRead.Integer, default));
        (single.Unknown + scripted.Unknown).ShouldBe(0, "no line broke, so nothing can be unknown");
        await Cluster.WaitUntilWholeAsync();
    }

    [Fact]
    [Trait("Fault", "R08")]
    public async Task An_ordered_failover_under_load_loses_and_doubles_nothing()
    {
        shared.Require();
        await using var redis = new RedisConnection(Options);
        await using var load = CounterLoad.Start(redis, Enumerable.Range(0, 40).Select(i => $"ordered:{i}"));
        await using var channel = new Listening(redis, RedisSubscriptionKind.Channel, "ordered");
        await channel.SubscribedAsync();
        for (var round = 0; round < (TestRedis.IsLong ? 20 : 2); round++)
        {
            await load.ProgressAsync(10);
            var primary = Cluster.FindPrimary(HashSlot.Of($"ordered:{round}"));
            await Cluster.FailOverAsync(primary);
            await load.ProgressAsync(10);
            await Cluster.WaitUntilWholeAsync();
        }

        await load.StopAndCheckAsync(key => redis.SendAsync(new RedisCommand("GET", key), RedisRead.Integer, default));
        await redis.SendAsync(new RedisCommand("PUBLISH", "ordered", "still here"), RedisRead.Integer, default);
        await channel.HearsAsync("still here");
    }

    [Fact]
    [Trait("Fault", "R08")]
    public async Task A_killed_primary_is_replaced_under_load()
    {
        shared.Require();
        await using var redis = new RedisConnection(Options with { Patience = TimeSpan.FromMilliseconds(200) });
        await using var load = CounterLoad.Start(redis, Enumerable.Range(0, 40).Select(i => $"killed:{i}"), mayLose: true);
        await load.ProgressAsync(10);
        var primary = Cluster.FindPrimary(HashSlot.Of("killed:0"));
        await primary.KillAsync();
        await Eventually.HoldsAsync(() => Cluster.FindPrimary(HashSlot.Of("killed:0")) != primary, TimeSpan.FromSeconds(60));
        await load.ProgressAsync(10);
        await TestRedis.LiveAsync(redis);
        await primary.StartAsync();
        await Cluster.WaitUntilWholeAsync();
        await load.ProgressAsync(10);
        load.NotSent.ShouldBeGreaterThan(0);
    }

    static bool IsPrimary(RedisServer server)
    {
        using var admin = server.OpenAdmin();
        return admin.Text("ROLE").StartsWith("master", StringComparison.Ordinal);
    }

    public sealed class SharedCluster : IAsyncLifetime
    {
        public RedisCluster? Cluster { get; private set; }

        public void Require() => TestPeers.RequireRedis();

        public async ValueTask InitializeAsync()
        {
            if (!TestPeers.EmbeddedOnly) Cluster = await RedisCluster.StartNewAsync();
        }

        public async ValueTask DisposeAsync()
        {
            if (Cluster is not null) await Cluster.DisposeAsync();
        }
    }
}
