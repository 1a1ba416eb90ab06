using System.Diagnostics;
using Belfry.Core.Runtime;
using Belfry.Redis.Connection;
using Belfry.TestKit;
using Belfry.TestKit.Faults;
using Belfry.TestKit.Redis;
using Shouldly;

namespace Belfry.Stores.Tests.Redis;

/// <summary>One server that is killed, frozen, absent, or behind a bad line (rows R01 to R04 and R10 of the fault matrix).</summary>
public sealed class OutageTests
{
    static IEnumerable<string> Keys(int count) => Enumerable.Range(0, count).Select(i => $"counter:{i}");

    [Fact]
    [Trait("Fault", "R01")]
    public async Task Killed_under_load_what_was_acknowledged_is_counted_and_nothing_twice()
    {
        await using var server = await RedisServer.StartNewAsync(new RedisServerOptions { Persistent = true });
        // Short patience: what cannot be sent is refused soon, and told so.
        await using var redis = TestRedis.Connect(server, options => options with { Patience = TimeSpan.FromMilliseconds(50) });
        await using var load = CounterLoad.Start(redis, Keys(40));
        for (var kill = 0; kill < (TestRedis.IsLong ? 100 : 5); kill++)
        {
            await load.ProgressAsync(20);
            await server.KillAsync();
            var refused = load.NotSent;
            if (kill % 2 == 0) await Eventually.HoldsAsync(() => load.NotSent > refused);
            await server.StartAsync();
        }

        await load.ProgressAsync(20);
        using var admin = server.OpenAdmin();
        await load.StopAndCheckAsync(key => ValueTask.FromResult(admin.Number("GET", key)));
        load.Unknown.ShouldBeGreaterThan(0);
        load.NotSent.ShouldBeGreaterThan(0);
        redis.State.Connections.ShouldBeGreaterThan(5);
    }

    [Fact]
    public async Task Reset_lines_under_load_lose_and_double_nothing()
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var proxy = FaultProxy.Start(server.EndPoint);
        await using var redis = new RedisConnection(TestRedis.Patient(proxy.EndPoint.Port) with { Connections = 3 });
        await using var load = CounterLoad.Start(redis, Keys(40), scripted: true);
        using var admin = server.OpenAdmin();
        for (var round = 0; round < (TestRedis.IsLong ? 300 : 15); round++)
        {
            await load.ProgressAsync(5);
            if (round % 3 == 0) admin.Call("CLIENT", "KILL", "TYPE", "normal");
            else if (round % 3 == 1) admin.Call("SCRIPT", "FLUSH");
            proxy.ResetAll();
        }

        await load.ProgressAsync(5);
        await load.StopAndCheckAsync(key => ValueTask.FromResult(admin.Number("GET", key)));
        load.NotSent.ShouldBe(0);
    }

    [Fact]
    [Trait("Fault", "R02")]
    public async Task Absent_at_start_it_is_joined_when_it_comes_and_commands_say_at_once_that_it_is_not_there()
    {
        await using var server = RedisServer.Prepare();
        await using var redis = TestRedis.Connect(server, options => options with { Patience = TimeSpan.FromMilliseconds(50) });
        RedisUnavailableException? refusal = null;
        await Eventually.HoldsAsync(async () =>
        {
            var watch = Stopwatch.StartNew();
            refusal = await Should.ThrowAsync<RedisUnavailableException>(async () => await redis.SendAsync(new RedisCommand("GET", "k"), RedisRead.Text, default));
            return watch.ElapsedMilliseconds < 20;
        });
        refusal!.Outcome.ShouldBe(RedisOutcome.NotSent);
        refusal.Message.ShouldContain($"127.0.0.1:{server.Port}");
        refusal.Message.ShouldContain("Belfry:Redis");
        redis.State.Phase.ShouldBe(RedisPhase.Connecting);
        await server.StartAsync();
        await TestRedis.LiveAsync(redis);
        await Eventually.HoldsAsync(async () => await redis.SendAsync(new RedisCommand("PING"), RedisRead.Text, default) == "PONG");
    }

    [Fact]
    [Trait("Fault", "R03")]
    public async Task Frozen_it_holds_nobody_up_for_long_and_goes_on_where_it_stood()
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var redis = TestRedis.Connect(server, options => options with { Patience = TimeSpan.FromMilliseconds(100) });
        // So little patience that a busy machine may use it up before the first answer.
        await Eventually.HoldsAsync(() => redis.SendAsync(new RedisCommand("SET", "k", "v"), RedisRead.Ok, default));
        await TestRedis.LiveAsync(redis);
        server.Freeze();
        var owed = redis.SendAsync(new RedisCommand("INCR", "n"), RedisRead.Integer, default).AsTask();
        await Eventually.HoldsAsync(() => redis.State.Phase == RedisPhase.Silent);
        for (var i = 0; i < 100; i++)
        {
            var call = redis.SendAsync(new RedisCommand("GET", "k"), RedisRead.Text, default);
            call.IsCompleted.ShouldBeTrue("a refusal waits for nothing");
            (await Should.ThrowAsync<RedisUnavailableException>(async () => await call)).Outcome.ShouldBe(RedisOutcome.NotSent);
        }

        server.Continue();
        (await owed).ShouldBe(1);
        await TestRedis.LiveAsync(redis);
        await Eventually.HoldsAsync(async () => await redis.SendAsync(new RedisCommand("GET", "k"), RedisRead.Text, default) == "v");
        redis.State.Connections.ShouldBe(1);
    }

    [Fact]
    [Trait("Fault", "R03")]
    public async Task Frozen_for_longer_than_a_command_may_take_its_line_is_broken_off_and_the_outcome_is_unknown()
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var redis = TestRedis.Connect(server, options => options with { Patience = TimeSpan.FromMilliseconds(100), CommandTimeout = TimeSpan.FromMilliseconds(500), ConnectTimeout = TimeSpan.FromSeconds(2) });
        await TestRedis.LiveAsync(redis);
        server.Freeze();
        var late = await Should.ThrowAsync<RedisUnavailableException>(async () => await redis.SendAsync(new RedisCommand("INCR", "n"), RedisRead.Integer, default));
        late.Outcome.ShouldBe(RedisOutcome.Unknown);
        late.Message.ShouldContain("INCR");
        await Eventually.HoldsAsync(() => redis.State.Phase == RedisPhase.Away);
        server.Continue();
        await TestRedis.LiveAsync(redis);
        redis.State.Connections.ShouldBeGreaterThanOrEqualTo(2);
        await Eventually.HoldsAsync(async () => await redis.SendAsync(new RedisCommand("PING"), RedisRead.Text, default) == "PONG");
    }

    [Fact]
    [Trait("Fault", "R04")]
    public async Task Behind_a_line_that_refuses_and_stalls_it_comes_back_when_the_line_is_mended()
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var proxy = FaultProxy.Start(server.EndPoint);
        await using var redis = new RedisConnection(TestRedis.Patient(proxy.EndPoint.Port) with { ConnectTimeout = TimeSpan.FromSeconds(1), CommandTimeout = TimeSpan.FromSeconds(1) });
        await TestRedis.LiveAsync(redis);
        proxy.Refusing = true;
        proxy.ResetAll();
        await Eventually.HoldsAsync(() => redis.State.Phase == RedisPhase.Away);
        redis.State.Problem.ShouldNotBeNullOrEmpty();
        proxy.Refusing = false;
        await TestRedis.LiveAsync(redis);
        // A black hole: the handshake of the next line has no answer either.
        proxy.Plan = new FaultPlan { StallAfter = 0 };
        await Should.ThrowAsync<RedisUnavailableException>(async () => await redis.SendAsync(new RedisCommand("PING"), RedisRead.Text, default));
        await Eventually.HoldsAsync(() => redis.State.Phase == RedisPhase.Away);
        proxy.Plan = new FaultPlan { SliceUpTo = 3, Latency = TimeSpan.FromMilliseconds(2) };
        await TestRedis.LiveAsync(redis);
        await Eventually.HoldsAsync(async () => await redis.SendAsync(new RedisCommand("ECHO", "through pieces of three bytes"), RedisRead.Text, default) == "through pieces of three bytes");
    }

    [Fact]
    public async Task More_than_may_wait_is_refused_with_the_setting_to_turn()
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var redis = TestRedis.Connect(server, options => options with { MaxInFlight = 100 });
        await TestRedis.LiveAsync(redis);
        server.Freeze();
        var calls = Enumerable.Range(0, 150).Select(_ => redis.SendAsync(new RedisCommand("INCR", "n"), RedisRead.Integer, default).AsTask()).ToList();
        var refused = calls.Where(call => call.IsFaulted).ToList();
        refused.Count.ShouldBe(50);
        var refusal = await Should.ThrowAsync<RedisUnavailableException>(refused[0]);
        (refusal.Outcome, refusal.Setting).ShouldBe((RedisOutcome.NotSent, "Belfry:Redis:MaxInFlight"));
        server.Continue();
        await Background.WhenEndedAsync(Task.WhenAll(calls));
        using var admin = server.OpenAdmin();
        admin.Number("GET", "n").ShouldBe(100);
    }

    [Fact]
    public async Task A_blocking_read_hears_at_once_that_its_line_broke()
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var redis = TestRedis.Connect(server);
        var blocking = redis.SendBlockingAsync(new RedisCommand("BLPOP", "l", "300"), TimeSpan.FromSeconds(300), RedisRead.Texts, default).AsTask();
        using (var admin = server.OpenAdmin()) await Eventually.HoldsAsync(() => admin.Text("INFO", "clients").Contains("blocked_clients:1", StringComparison.Ordinal));
        await server.KillAsync();
        (await Should.ThrowAsync<RedisUnavailableException>(blocking.WaitAsync(TimeSpan.FromSeconds(60)))).Outcome.ShouldBe(RedisOutcome.Unknown);
    }

    [Fact]
    public async Task Closed_while_commands_wait_every_one_of_them_ends()
    {
        await using var server = await RedisServer.StartNewAsync();
        var redis = TestRedis.Connect(server);
        await TestRedis.LiveAsync(redis);
        var blocking = redis.SendBlockingAsync(new RedisCommand("BLPOP", "l", "300"), TimeSpan.FromSeconds(300), RedisRead.Texts, default).AsTask();
        using (var admin = server.OpenAdmin()) await Eventually.HoldsAsync(() => admin.Text("INFO", "clients").Contains("blocked_clients:1", StringComparison.Ordinal));
        server.Freeze();
        var calls = Enumerable.Range(0, 100).Select(_ => redis.SendAsync(new RedisCommand("INCR", "n"), RedisRead.Integer, default).AsTask()).ToList();
        await redis.DisposeAsync();
        foreach (var call in calls) await Should.ThrowAsync<RedisUnavailableException>(call);
        (await Should.ThrowAsync<RedisUnavailableException>(blocking.WaitAsync(TimeSpan.FromSeconds(60)))).Outcome.ShouldBe(RedisOutcome.Unknown);
        (await Should.ThrowAsync<RedisUnavailableException>(async () => await redis.SendAsync(new RedisCommand("PING"), RedisRead.Text, default))).Outcome.ShouldBe(RedisOutcome.NotSent);
        redis.State.Phase.ShouldBe(RedisPhase.Closed);
        server.Continue();
    }
}
