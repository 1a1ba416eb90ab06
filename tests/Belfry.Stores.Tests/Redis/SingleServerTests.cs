using System.Text;
using Belfry.Redis.Connection;
using Belfry.TestKit;
using Belfry.TestKit.Redis;
using Shouldly;

namespace Belfry.Stores.Tests.Redis;

/// <summary>The client against one real server.</summary>
public sealed class SingleServerTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Commands_are_answered_in_RESP3_and_in_RESP2(bool forceResp2)
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var redis = TestRedis.Connect(server, options => options with { ForceResp2 = forceResp2 });
        var token = TestContext.Current.CancellationToken;
        (await redis.SendAsync(new RedisCommand("SET", "k", "väl\0ue", "PX", 60_000L), RedisRead.Ok, token)).ShouldBeTrue();
        (await redis.SendAsync(new RedisCommand("GET", "k"), RedisRead.Text, token)).ShouldBe("väl\0ue");
        (await redis.SendAsync(new RedisCommand("GET", "none"), RedisRead.Bytes, token)).ShouldBeNull();
        (await redis.SendAsync(new RedisCommand("INCRBY", "n", -7L), RedisRead.Integer, token)).ShouldBe(-7);
        (await redis.SendAsync(new RedisCommand("ZADD", "z", 1.25, "one"), RedisRead.Integer, token)).ShouldBe(1);
        (await redis.SendAsync(new RedisCommand("ZSCORE", "z", "one"), RedisRead.DoubleOrNull, token)).ShouldBe(1.25);
        (await redis.SendAsync(new RedisCommand("HSET", "h", "a", "1", "b", "2"), RedisRead.Integer, token)).ShouldBe(2);
        var map = await redis.SendAsync(new RedisCommand("HGETALL", "h"), ReadMap, token);
        map.ShouldBe(new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" });
        var bytes = new byte[100_000];
        new Random(1).NextBytes(bytes);
        await redis.SendAsync(new RedisCommand("SET", "big", bytes), RedisRead.Ok, token);
        (await redis.SendAsync(new RedisCommand("GET", "big"), RedisRead.Bytes, token)).ShouldBe(bytes);
        (await redis.SendToEachAsync(new RedisCommand("DBSIZE"), RedisRead.Integer, token)).ShouldBe([($"127.0.0.1:{server.Port}", 5L)]);
        using var admin = server.OpenAdmin();
        admin.Text("CLIENT", "LIST").ShouldContain(forceResp2 ? "name=belfry" : "resp=3");
    }

    [Fact]
    public async Task A_refusal_names_the_command_and_none_of_its_arguments()
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var redis = TestRedis.Connect(server);
        var token = TestContext.Current.CancellationToken;
        await redis.SendAsync(new RedisCommand("SET", "k", "v"), RedisRead.Ok, token);
        var wrong = await Should.ThrowAsync<RedisErrorException>(async () => await redis.SendAsync(new RedisCommand("LPUSH", "k", "hidden"), RedisRead.Integer, token));
        (wrong.Code, wrong.Command, wrong.IsNotNow).ShouldBe(("WRONGTYPE", "LPUSH", false));
        wrong.Message.ShouldContain($"127.0.0.1:{server.Port}");
        wrong.Message.ShouldContain("Belfry:Redis");
        var unknown = await Should.ThrowAsync<RedisErrorException>(async () => await redis.SendAsync(new RedisCommand("NOSUCH", "hidden"), RedisRead.Value, token));
        unknown.Code.ShouldBe("ERR");
        unknown.Message.ShouldNotContain("hidden");
        var odd = await Should.ThrowAsync<RedisReplyException>(async () => await redis.SendAsync(new RedisCommand("GET", "k"), static (ref RespReader reply) => reply.ReadArrayHeader(), token));
        odd.Message.ShouldContain("an array was expected");
        // None of these disturbed the line.
        (await redis.SendAsync(new RedisCommand("GET", "k"), RedisRead.Text, token)).ShouldBe("v");
        redis.State.Connections.ShouldBe(1);
    }

    [Fact]
    public async Task What_would_stop_or_change_the_shared_socket_is_misuse()
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var redis = TestRedis.Connect(server);
        foreach (var name in new[] { "MULTI", "SUBSCRIBE", "BLPOP", "MONITOR", "SELECT", "QUIT", "WAIT", "HELLO", "AUTH", "WATCH" })
        {
#pragma warning disable CA1857 // several names in one test
            Should.Throw<ArgumentException>(() => { _ = redis.SendAsync(new RedisCommand(name, "1"), RedisRead.Value, default).AsTask(); }, name);
#pragma warning restore CA1857
        }

        Should.Throw<ArgumentException>(() => { _ = redis.SendAsync(new RedisCommand("CLIENT", "reply", "OFF"), RedisRead.Value, default).AsTask(); });
        Should.Throw<ArgumentException>(() => { _ = redis.SendAsync(new RedisCommand("subscribe", "c"), RedisRead.Value, default).AsTask(); });
        Should.Throw<ArgumentException>(() => { _ = redis.SendBlockingAsync(new RedisCommand("SELECT", "1"), TimeSpan.Zero, RedisRead.Value, default).AsTask(); });
        Should.Throw<ArgumentException>(() => { _ = redis.SendAsync(new RedisCommand("XREAD", "BLOCK", "0", "STREAMS", "s", "$"), RedisRead.Value, default).AsTask(); });
        (await redis.SendAsync(new RedisCommand("XREAD", "COUNT", "1", "STREAMS", "block", "0"), RedisRead.Value, default)).Kind.ShouldBe(RespKind.Null);
    }

    [Fact]
    [Trait("Fault", "R06")]
    public async Task A_server_that_has_no_memory_left_refuses_with_its_own_code_and_is_not_asked_again()
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var redis = TestRedis.Connect(server);
        using var admin = server.OpenAdmin();
        admin.Call("CONFIG", "SET", "maxmemory", "1");
        var refusal = await Should.ThrowAsync<RedisErrorException>(async () => await redis.SendAsync(new RedisCommand("SET", "k", "v"), RedisRead.Ok, default));
        (refusal.Code, refusal.IsNotNow).ShouldBe(("OOM", false));
        admin.Call("CONFIG", "SET", "maxmemory", "0");
        await redis.SendAsync(new RedisCommand("SET", "k", "v"), RedisRead.Ok, default);
    }

    [Fact]
    [Trait("Fault", "R10")]
    public async Task A_server_that_is_busy_with_a_script_is_asked_again_until_it_has_time()
    {
        await using var server = await RedisServer.StartNewAsync(new RedisServerOptions { Lines = ["busy-reply-threshold 1"] });
        await using var redis = TestRedis.Connect(server);
        await redis.SendAsync(new RedisCommand("PING"), RedisRead.Ok, default);
        using var admin = server.OpenAdmin();
        var busy = Task.Run(() => Should.Throw<InvalidOperationException>(() => admin.Call("EVAL", "while true do end", "0")));
        using var other = server.OpenAdmin();
        await Eventually.HoldsAsync(() => Should.Throw<InvalidOperationException>(() => other.Call("GET", "n")).Message.StartsWith("BUSY", StringComparison.Ordinal));
        var waiting = redis.SendAsync(new RedisCommand("INCR", "n"), RedisRead.Integer, default).AsTask();
        other.Call("SCRIPT", "KILL");
        await busy;
        (await waiting).ShouldBe(1);
    }

    [Fact]
    public async Task A_script_runs_by_its_hash_and_is_sent_again_when_the_server_forgot_it()
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var redis = TestRedis.Connect(server);
        var token = TestContext.Current.CancellationToken;
        var script = RedisScript.FromText("add.lua", "return redis.call('INCRBY', KEYS[1], ARGV[1])");
        using var admin = server.OpenAdmin();
        for (var round = 1; round <= 3; round++)
        {
            (await redis.SendAsync(RedisCommand.Evaluate(script, 1L, "n", 5L), RedisRead.Integer, token)).ShouldBe(round * 10 - 5);
            (await redis.SendAsync(RedisCommand.Evaluate(script, 1L, "n", 5L), RedisRead.Integer, token)).ShouldBe(round * 10);
            admin.Call("SCRIPT", "FLUSH");
        }

        // A hundred at once, of which the first ones all meet an empty cache.
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => redis.SendAsync(RedisCommand.Evaluate(script, 1L, "n", 1L), RedisRead.Integer, token).AsTask()));
        answers.Order().ShouldBe(Enumerable.Range(31, 100).Select(number => (long)number));
        admin.Text("GET", "n").ShouldBe("130");
        admin.Text("INFO", "commandstats").ShouldContain("cmdstat_evalsha:calls=1");
    }

    [Fact]
    public async Task A_blocking_read_disturbs_nobody_and_ends_with_its_message_its_limit_or_its_token()
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var redis = TestRedis.Connect(server, options => options with { BlockingConnections = 2 });
        var token = TestContext.Current.CancellationToken;
        var waiting = redis.SendBlockingAsync(new RedisCommand("BZPOPMIN", "z", "30"), TimeSpan.FromSeconds(30), RedisRead.Texts, token).AsTask();
        using var leaving = new CancellationTokenSource();
        var left = redis.SendBlockingAsync(new RedisCommand("BLPOP", "l", "30"), TimeSpan.FromSeconds(30), RedisRead.Texts, leaving.Token).AsTask();
        using var admin = server.OpenAdmin();
        await Eventually.HoldsAsync(() => admin.Text("INFO", "clients").Contains("blocked_clients:2", StringComparison.Ordinal));
        var third = await Should.ThrowAsync<RedisUnavailableException>(async () => await redis.SendBlockingAsync(new RedisCommand("BLPOP", "l", "1"), TimeSpan.FromSeconds(1), RedisRead.Texts, token));
        third.Outcome.ShouldBe(RedisOutcome.NotSent);
        third.Setting.ShouldBe("Belfry:Redis:BlockingConnections");
        (await redis.SendAsync(new RedisCommand("ZADD", "z", 1.0, "first"), RedisRead.Integer, token)).ShouldBe(1);
        (await waiting).ShouldBe(["z", "first", "1"]);
        await leaving.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(left);
        await Eventually.HoldsAsync(() => admin.Text("INFO", "clients").Contains("blocked_clients:0", StringComparison.Ordinal));
        // The socket of the one who left is closed: what is pushed now is nobody's to lose.
        admin.Call("RPUSH", "l", "kept");
        (await redis.SendBlockingAsync(new RedisCommand("BLPOP", "l", "1"), TimeSpan.FromSeconds(1), RedisRead.Texts, token)).ShouldBe(["l", "kept"]);
        (await redis.SendBlockingAsync(new RedisCommand("BLPOP", "l", "0.05"), TimeSpan.FromSeconds(1), RedisRead.Value, token)).Kind.ShouldBe(RespKind.Null);
    }

    [Fact]
    public async Task Ten_thousand_callers_at_once_have_ten_thousand_answers()
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var redis = TestRedis.Connect(server, options => options with { Connections = 2 });
        var callers = Enumerable.Range(0, 10_000).Select(async caller =>
        {
            var key = $"k{caller}";
            await redis.SendAsync(new RedisCommand("SET", key, key), RedisRead.Ok, default);
            (await redis.SendAsync(new RedisCommand("GET", key), RedisRead.Text, default)).ShouldBe(key);
            return await redis.SendAsync(new RedisCommand("INCR", "count"), RedisRead.Integer, default);
        });
        (await Task.WhenAll(callers)).Order().ShouldBe(Enumerable.Range(1, 10_000).Select(number => (long)number));
    }

    [Fact]
    public async Task A_storm_of_cancellations_takes_no_answer_to_the_wrong_caller()
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var redis = TestRedis.Connect(server);
        var (cancelled, answered) = (0, 0);
        await Parallel.ForAsync(0, 64, async (worker, _) =>
        {
            var random = new Random(worker);
            for (var i = 0; i < 300; i++)
            {
                var text = $"{worker}:{i}";
                using var source = new CancellationTokenSource();
                var answer = redis.SendAsync(new RedisCommand("ECHO", text), RedisRead.Text, source.Token);
                if (random.Next(2) == 0) await source.CancelAsync();
                else if (random.Next(4) == 0) source.CancelAfter(TimeSpan.FromMicroseconds(random.Next(200)));
                try
                {
                    (await answer).ShouldBe(text);
                    Interlocked.Increment(ref answered);
                }
                catch (OperationCanceledException)
                {
                    Interlocked.Increment(ref cancelled);
                }
            }
        });
        (cancelled + answered).ShouldBe(64 * 300);
        cancelled.ShouldBeGreaterThan(100);
        answered.ShouldBeGreaterThan(100);
        (await redis.SendAsync(new RedisCommand("ECHO", "after"), RedisRead.Text, default)).ShouldBe("after");
        redis.State.Connections.ShouldBe(1);
    }

    [Fact]
    public async Task A_reading_that_throws_hurts_its_caller_alone()
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var redis = TestRedis.Connect(server);
        RedisReading<int> failing = static (ref RespReader _) => throw new FormatException("mine");
        var calls = Enumerable.Range(0, 200).Select(i => i % 2 == 0
            ? redis.SendAsync(new RedisCommand("PING"), failing, default).AsTask()
            : redis.SendAsync(new RedisCommand("PING"), static (ref RespReader reply) => reply.ReadBytes().Length, default).AsTask()).ToList();
        for (var i = 0; i < calls.Count; i++)
        {
            if (i % 2 == 0) await Should.ThrowAsync<FormatException>(calls[i]);
            else (await calls[i]).ShouldBe(4);
        }
    }

    [Fact]
    public async Task A_command_allocates_next_to_nothing()
    {
        await using var server = await RedisServer.StartNewAsync();
        await using var redis = TestRedis.Connect(server);
        var key = Encoding.ASCII.GetBytes("counter");
        async Task RunAsync(int count)
        {
            for (var i = 0; i < count; i++) await redis.SendAsync(new RedisCommand("INCR", key), RedisRead.Integer, default);
        }

        await RunAsync(5000);
        var best = long.MaxValue;
        for (var round = 0; round < 5; round++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            await RunAsync(2000);
            best = Math.Min(best, (GC.GetTotalAllocatedBytes(precise: true) - before) / 2000);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{best} bytes per command");
        best.ShouldBeLessThan(200);
    }

    static Dictionary<string, string> ReadMap(ref RespReader reply)
    {
        var map = new Dictionary<string, string>();
        for (var left = reply.ReadMapHeader(); left > 0; left--) map[reply.ReadString()!] = reply.ReadString()!;
        return map;
    }
}
