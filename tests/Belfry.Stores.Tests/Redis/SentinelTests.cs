using Belfry.Redis.Connection;
using Belfry.TestKit;
using Belfry.TestKit.Redis;
using Shouldly;

namespace Belfry.Stores.Tests.Redis;

/// <summary>A primary that three real sentinels watch over.</summary>
public sealed class SentinelTests
{
    static RedisOptions Options(params IEnumerable<int> sentinels) => TestRedis.Patient(sentinels) with
    {
        Topology = RedisTopologyKind.Sentinel,
        PrimaryName = RedisSentinelSet.Name,
        Password = RedisSentinelSet.Password,
        SentinelPassword = RedisSentinelSet.SentinelPassword,
    };

    [Fact]
    public async Task The_primary_is_found_and_followed_through_failovers_under_load()
    {
        await using var set = await RedisSentinelSet.StartNewAsync();
        // One sentinel is enough to learn of the others; a port where nobody listens is passed over.
        await using var redis = new RedisConnection(Options(1, set.SentinelPorts[1]));
        await TestRedis.LiveAsync(redis);
        redis.State.Endpoint.ShouldBe($"127.0.0.1:{set.ReadPrimaryPort()}");
        await using var channel = new Listening(redis, RedisSubscriptionKind.Channel, "c");
        await channel.SubscribedAsync();
        await using var load = CounterLoad.Start(redis, Enumerable.Range(0, 20).Select(i => $"counter:{i}"), mayLose: true);

        // Sentinels do not wait for the replica to catch up, so what Redis acknowledged may be lost with the old primary.
        await load.ProgressAsync(50);
        // Leaves an idle blocking socket on the primary that is to go.
        (await redis.SendBlockingAsync(new RedisCommand("BLPOP", "list", "0.01"), TimeSpan.FromSeconds(1), RedisRead.Value, default)).Kind.ShouldBe(RespKind.Null);
        await set.FailOverAsync();
        var second = set.ReadPrimaryPort();
        await Eventually.HoldsAsync(() => redis.State.Endpoint == $"127.0.0.1:{second}" && redis.State.Phase == RedisPhase.Live, TimeSpan.FromSeconds(60));
        await load.ProgressAsync(50);
        await Eventually.HoldsAsync(async () =>
        {
            await redis.SendAsync(new RedisCommand("RPUSH", "list", "after"), RedisRead.Integer, default);
            return (await redis.SendBlockingAsync(new RedisCommand("BLPOP", "list", "1"), TimeSpan.FromSeconds(1), RedisRead.Texts, default)) is ["list", "after"];
        });
        await channel.GapAsync(1);
        await redis.SendAsync(new RedisCommand("PUBLISH", "c", "after"), RedisRead.Integer, default);
        await channel.HearsAsync("after");
    }

    [Fact]
    public async Task A_killed_primary_is_replaced_and_what_the_replica_had_is_there()
    {
        await using var set = await RedisSentinelSet.StartNewAsync();
        await using var redis = new RedisConnection(Options(set.SentinelPorts) with { Patience = TimeSpan.FromMilliseconds(100) });
        await Eventually.HoldsAsync(() => redis.SendAsync(new RedisCommand("SET", "k", "v"), RedisRead.Ok, default));
        using (var admin = set.Servers[0].OpenAdmin()) admin.Number("WAIT", "1", "30000").ShouldBe(1);
        await set.Servers[0].KillAsync();
        string? value = null;
        await Eventually.HoldsAsync(
            async () =>
            {
                value = await redis.SendAsync(new RedisCommand("GET", "k"), RedisRead.Text, default);
                return true;
            },
            TimeSpan.FromSeconds(60));
        value.ShouldBe("v");
        redis.State.Endpoint.ShouldBe($"127.0.0.1:{set.Servers[1].Port}");
        // The old primary comes back as a replica, and is not taken for the primary.
        await set.Servers[0].StartAsync();
        await Eventually.HoldsAsync(() => redis.SendAsync(new RedisCommand("SET", "k", "w"), RedisRead.Ok, default));
        redis.State.Endpoint.ShouldBe($"127.0.0.1:{set.Servers[1].Port}");
    }

    [Fact]
    public async Task Sentinels_that_know_no_such_primary_are_told_with_the_setting()
    {
        await using var set = await RedisSentinelSet.StartNewAsync();
        await using var redis = new RedisConnection(Options(set.SentinelPorts) with { PrimaryName = "no-such" });
        await Eventually.HoldsAsync(() => redis.State.Problem?.Contains("no primary named 'no-such'", StringComparison.Ordinal) == true);
        redis.State.Problem!.ShouldContain("Belfry:Redis:PrimaryName");
        await using var locked = new RedisConnection(Options(set.SentinelPorts) with { SentinelPassword = null });
        await Eventually.HoldsAsync(() => locked.State.Problem?.Contains("SentinelPassword", StringComparison.Ordinal) == true);
    }
}
