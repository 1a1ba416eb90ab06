using Belfry.Redis.Connection;
using Belfry.TestKit;
using Belfry.TestKit.Redis;
using Shouldly;

namespace Belfry.Stores.Tests.Redis;

public sealed class SubscriptionTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Messages_of_channels_patterns_and_sharded_channels_come_in_order(bool forceResp2)
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var redis = TestRedis.Connect(server, options => options with { ForceResp2 = forceResp2 });
        await using var channel = new Listening(redis, RedisSubscriptionKind.Channel, "news:1");
        await using var pattern = new Listening(redis, RedisSubscriptionKind.Pattern, "news:*");
        await using var sharded = new Listening(redis, RedisSubscriptionKind.Sharded, "shard");
        await using var twin = new Listening(redis, RedisSubscriptionKind.Channel, "news:1");
        foreach (var listening in new[] { channel, pattern, sharded, twin }) await listening.SubscribedAsync();
        for (var i = 0; i < 500; i++)
        {
            // Four subscriptions, of which two share one on the server.
            (await redis.SendAsync(new RedisCommand("PUBLISH", "news:1", $"m{i}"), RedisRead.Integer, default)).ShouldBe(2);
            await redis.SendAsync(new RedisCommand("PUBLISH", "news:2", $"n{i}"), RedisRead.Integer, default);
            await redis.SendAsync(new RedisCommand("SPUBLISH", "shard", $"s{i}"), RedisRead.Integer, default);
        }

        foreach (var (listening, last) in new[] { (channel, "m499"), (pattern, "n499"), (sharded, "s499"), (twin, "m499") }) await listening.HearsAsync(last);
        foreach (var listening in new[] { channel, twin })
            listening.Heard.Skip(1).Select(message => message.Text).ShouldBe(Enumerable.Range(0, 500).Select(i => $"m{i}"));
        pattern.Heard.Skip(1).Select(message => $"{message.Channel} {message.Text}").ShouldBe(Enumerable.Range(0, 500).SelectMany(i => new[] { $"news:1 m{i}", $"news:2 n{i}" }));
        sharded.Heard.Skip(1).Select(message => message.Text).ShouldBe(Enumerable.Range(0, 500).Select(i => $"s{i}"));
    }

    [Fact]
    public async Task After_an_outage_it_subscribes_anew_and_tells_the_gap()
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var redis = TestRedis.Connect(server);
        await using var channel = new Listening(redis, RedisSubscriptionKind.Channel, "c");
        await using var sharded = new Listening(redis, RedisSubscriptionKind.Sharded, "s");
        await channel.SubscribedAsync();
        await sharded.SubscribedAsync();
        for (var round = 1; round <= 3; round++)
        {
            if (round == 2)
            {
                using var admin = server.OpenAdmin();
                admin.Call("CLIENT", "KILL", "TYPE", "pubsub");
            }
            else
            {
                await server.RestartAsync();
            }

            await channel.GapAsync(round);
            await sharded.GapAsync(round);
            using var publisher = server.OpenAdmin();
            publisher.Call("PUBLISH", "c", $"c{round}");
            publisher.Call("SPUBLISH", "s", $"s{round}");
            await channel.HearsAsync($"c{round}");
            await sharded.HearsAsync($"s{round}");
        }

        // What is heard after a gap comes after it.
        var kinds = channel.Heard.Select(message => message.Kind).ToList();
        kinds.IndexOf(RedisMessageKind.Gap).ShouldBeLessThan(kinds.IndexOf(RedisMessageKind.Message));
    }

    [Fact]
    public async Task Who_stops_reading_is_taken_off_the_server()
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var redis = TestRedis.Connect(server);
        using var admin = server.OpenAdmin();
        await using (var first = new Listening(redis, RedisSubscriptionKind.Channel, "c"))
        {
            await first.SubscribedAsync();
            await using (var second = new Listening(redis, RedisSubscriptionKind.Channel, "c")) await second.SubscribedAsync();
            admin.Text("PUBSUB", "NUMSUB", "c").ShouldBe("c\n1");
        }

        await Eventually.HoldsAsync(() => admin.Text("PUBSUB", "NUMSUB", "c") == "c\n0");
        await using var third = new Listening(redis, RedisSubscriptionKind.Channel, "c");
        await third.SubscribedAsync();
        admin.Call("PUBLISH", "c", "again");
        await third.HearsAsync("again");
    }

    [Fact]
    public async Task A_reader_that_is_too_slow_hears_of_its_gap_and_holds_nobody_up()
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var redis = TestRedis.Connect(server, options => options with { MaxWaitingMessages = 10 });
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var slow = redis.SubscribeAsync(new RedisSubscription(RedisSubscriptionKind.Channel, "c"), enough.Token).GetAsyncEnumerator(enough.Token);
        (await slow.MoveNextAsync()).ShouldBeTrue();
        slow.Current.Kind.ShouldBe(RedisMessageKind.Subscribed);
        await using var quick = new Listening(redis, RedisSubscriptionKind.Channel, "other");
        await quick.SubscribedAsync();
        using var admin = server.OpenAdmin();
        for (var i = 0; i < 100; i++) admin.Call("PUBLISH", "c", $"m{i}");
        admin.Call("PUBLISH", "other", "not held up");
        await quick.HearsAsync("not held up");
        var texts = new List<string>();
        while (true)
        {
            await slow.MoveNextAsync();
            if (slow.Current.Kind == RedisMessageKind.Gap) break;
            texts.Add(slow.Current.Text);
        }

        texts.ShouldBe(Enumerable.Range(0, 10).Select(i => $"m{i}"));
        admin.Call("PUBLISH", "c", "after");
        await slow.MoveNextAsync();
        slow.Current.Text.ShouldBe("after");
    }

    [Fact]
    public async Task A_subscription_that_the_server_refuses_ends_with_its_refusal()
    {
        await using var server = await RedisServer.StartNewAsync(new RedisServerOptions { Users = ["user limited on >secret ~* resetchannels &allowed +@all"] });
        await using var redis = TestRedis.Connect(server, options => options with { User = "limited", Password = "secret" });
        await using var allowed = new Listening(redis, RedisSubscriptionKind.Channel, "allowed");
        await allowed.SubscribedAsync();
        var refusal = await Should.ThrowAsync<RedisErrorException>(async () =>
        {
            await foreach (var _ in redis.SubscribeAsync(new RedisSubscription(RedisSubscriptionKind.Channel, "forbidden"), default)) { }
        });
        (refusal.Code, refusal.Command).ShouldBe(("NOPERM", "SUBSCRIBE"));
        await redis.SendAsync(new RedisCommand("PUBLISH", "allowed", "still"), RedisRead.Integer, default);
        await allowed.HearsAsync("still");
    }
}
