using System.Net.Sockets;
using System.Text;
using Belfry.Core.Runtime;
using Belfry.Redis.Connection;
using Belfry.TestKit;
using Belfry.TestKit.Hostile;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Stores.Tests.Redis;

/// <summary>Something that listens where Redis should, and answers whatever it likes.</summary>
public sealed class HostileServerTests
{
    static readonly string[] Replies =
    [
        "+OK\r\n", ":1\r\n", "$5\r\nhello\r\n", "*3\r\n:1\r\n+two\r\n$-1\r\n", "_\r\n", "%1\r\n+k\r\n,1.5\r\n", "-ERR no\r\n", "-MOVED 1 127.0.0.1:1\r\n", "-ASK 1 :1\r\n", "-TRYAGAIN later\r\n",
        "-NOSCRIPT none\r\n", "-LOADING\r\n", ">2\r\n+invalidate\r\n_\r\n", "|1\r\n+a\r\n+b\r\n:1\r\n", "!9\r\nERR wrong\r\n", "#t\r\n", "(12345678901234567890\r\n", "-\r\n", "-MOVED\r\n", "-MOVED 99999 x\r\n",
    ];

    [Theory]
    [InlineData(RedisTopologyKind.Single)]
    [InlineData(RedisTopologyKind.Cluster)]
    public async Task Whatever_it_answers_every_command_ends_with_an_answer_or_a_clear_error(RedisTopologyKind topology)
    {
        var mutator = new Mutator(topology == RedisTopologyKind.Single ? 5u : 6u, [.. Replies.Select(Encoding.ASCII.GetBytes)]);
        var gate = new Lock();
        var port = 1;
        byte[] Next(string command)
        {
            lock (gate)
            {
                // Now and then honest, so that the conversation gets further.
                if (command.Contains("HELLO", StringComparison.Ordinal) && !mutator.Once(4)) return "%1\r\n+proto\r\n:3\r\n"u8.ToArray();
                if (command.Contains("SLOTS", StringComparison.Ordinal) && mutator.Once(2)) return Encoding.ASCII.GetBytes($"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$0\r\n\r\n:{port}\r\n");
                var reply = Encoding.ASCII.GetBytes(mutator.Pick(Replies));
                return mutator.Once(3) ? reply : mutator.Once(4) ? mutator.Bytes(mutator.Below(100)) : mutator.Mutate(reply, 1 << 12);
            }
        }

        await using var liar = new Liar(Next);
        port = liar.Port;
        await using var redis = new RedisConnection(TestRedis.Patient(liar.Port) with
        {
            Topology = topology,
            CommandTimeout = TimeSpan.FromMilliseconds(80),
            Patience = TimeSpan.FromMilliseconds(40),
            ConnectTimeout = TimeSpan.FromMilliseconds(200),
            MinBackoff = TimeSpan.FromMilliseconds(1),
            MaxBackoff = TimeSpan.FromMilliseconds(5),
            MaxReplyBytes = 1 << 16,
        });
        var ended = 0;
        for (var round = 0; round < (TestRedis.IsLong ? 3000 : 60); round++)
        {
            Task[] calls =
            [
                redis.SendAsync(new RedisCommand("GET", "k"), RedisRead.Value, default).AsTask(),
                redis.SendAsync(new RedisCommand("INCR", "k"), RedisRead.Integer, default).AsTask(),
                redis.SendAsync(RedisCommand.Evaluate(RedisScript.FromText("s", "return 1"), 1L, "k"), RedisRead.Texts, default).AsTask(),
                redis.SendBlockingAsync(new RedisCommand("BLPOP", "k", "0.01"), TimeSpan.FromMilliseconds(10), RedisRead.Texts, default).AsTask(),
            ];
            foreach (var call in calls)
            {
                await Background.WhenEndedAsync(call).WaitAsync(TimeSpan.FromSeconds(60));
                if (call.Exception?.InnerException is { } problem) problem.ShouldBeAssignableTo<BelfryException>($"{problem}");
                ended++;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{liar.Accepted} connections, {redis.State}");
        ended.ShouldBeGreaterThan(200);
        liar.Accepted.ShouldBeGreaterThan(5);
    }

    [Fact]
    public async Task A_reply_beyond_the_limit_breaks_the_line_off_and_says_which_setting()
    {
        await using var server = await Belfry.TestKit.Redis.RedisServer.StartNewAsync();
        await using var redis = TestRedis.Connect(server, options => options with { MaxReplyBytes = 10_000 });
        await redis.SendAsync(new RedisCommand("SET", "k", new byte[20_000]), RedisRead.Ok, default);
        var refusal = await Should.ThrowAsync<RedisUnavailableException>(async () => await redis.SendAsync(new RedisCommand("GET", "k"), RedisRead.Bytes, default));
        refusal.Message.ShouldContain("MaxReplyBytes");
        (await redis.SendAsync(new RedisCommand("STRLEN", "k"), RedisRead.Integer, default)).ShouldBe(20_000);
    }

    [Fact]
    public async Task Answers_that_nobody_asked_for_end_the_line_before_they_meet_a_question()
    {
        await using var liar = new Liar(command => command.Contains("HELLO", StringComparison.Ordinal) ? "%1\r\n+proto\r\n:3\r\n+extra\r\n"u8.ToArray() : "+PONG\r\n"u8.ToArray());
        await using var redis = new RedisConnection(TestRedis.Patient(liar.Port) with { MinBackoff = TimeSpan.FromMilliseconds(1) });
        await Eventually.HoldsAsync(() => redis.State.Problem?.Contains("nobody asked for", StringComparison.Ordinal) == true);
    }

    /// <summary>Answers each piece that it receives.</summary>
    sealed class Liar : IAsyncDisposable
    {
        readonly FreePort port = FreePort.Lease();
        readonly Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        readonly CancellationTokenSource stopping = new();
        readonly Func<string, byte[]> answer;
        readonly Task accepting;
        int accepted;

        public Liar(Func<string, byte[]> answer)
        {
            this.answer = answer;
            listener.Bind(port.EndPoint);
            listener.Listen(100);
            accepting = Task.Run(AcceptAsync);
        }

        public int Port => port.Number;

        public int Accepted => Volatile.Read(ref accepted);

        public async ValueTask DisposeAsync()
        {
            await stopping.CancelAsync();
            listener.Dispose();
            await accepting;
            port.Dispose();
            stopping.Dispose();
        }

        async Task AcceptAsync()
        {
            var talks = new List<Task>();
            try
            {
                while (true)
                {
                    var client = await listener.AcceptAsync(stopping.Token);
                    Interlocked.Increment(ref accepted);
                    talks.Add(TalkAsync(client));
                }
            }
            catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                await Task.WhenAll(talks);
            }
        }

        async Task TalkAsync(Socket client)
        {
            using var _ = client;
            var buffer = new byte[1 << 16];
            try
            {
                while (await client.ReceiveAsync(buffer, stopping.Token) is var count and > 0) await client.SendAsync(answer(Encoding.ASCII.GetString(buffer, 0, count)), stopping.Token);
            }
            catch (Exception end) when (end is OperationCanceledException or SocketException)
            {
                // The client left, or the test is over.
            }
        }
    }
}
