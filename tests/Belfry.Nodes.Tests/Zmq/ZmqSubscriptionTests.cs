using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Zmq;
using Belfry.TestKit;
using Shouldly;
using static Belfry.Nodes.Tests.Zmq.ScriptedPublisher;

namespace Belfry.Nodes.Tests.Zmq;

public sealed class ZmqSubscriptionTests
{
    static readonly ZmtpLimits Limits = new() { HandshakeTimeout = TimeSpan.FromSeconds(3), MaxFrameBytes = 3 << 20 };

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Messages_arrive_from_publishers_of_both_minor_versions(byte minor)
    {
        byte[] large = new byte[2 << 20];
        Random.Shared.NextBytes(large);
        var topic = "";
        await using var publisher = new ScriptedPublisher(async peer =>
        {
            topic = await peer.ShakeHandsAsync(minor);
            if (minor > 0) await peer.PongAsync();
            await peer.SendAsync(Message("rawtx", [1, 2, 3], 0));
            await peer.SendAsync(Message("rawtx2", [9], 0));
            await peer.SendAsync([.. Frame(1, "rawtx"u8.ToArray(), forceLong: true), .. Frame(1, []), .. Frame(0, [1, 0, 0, 0])]);
            await peer.SendAsync(Message("rawtx", large, 2));
            await peer.DrainAsync();
        });
        var messages = await ReceiveAsync(publisher, 3);
        topic.ShouldBe("rawtx");
        messages.Select(static message => message.Counter).ShouldBe([0u, 1u, 2u]);
        messages[0].Body.ShouldBe([1, 2, 3]);
        messages[1].Body.ShouldBeEmpty();
        messages[2].Body.SequenceEqual(large).ShouldBeTrue();
    }

    [Fact]
    public async Task A_message_that_comes_byte_by_byte_is_one_message()
    {
        await using var publisher = new ScriptedPublisher(async peer =>
        {
            await peer.ShakeHandsAsync();
            await peer.PongAsync();
            foreach (var one in Message("rawtx", [1, 2, 3, 4, 5], 7)) await peer.SendAsync([one]);
            await peer.DrainAsync();
        });
        (await ReceiveAsync(publisher, 1))[0].Body.ShouldBe([1, 2, 3, 4, 5]);
    }

    [Fact]
    public async Task A_publisher_s_ping_is_answered_with_its_context()
    {
        var pong = new TaskCompletionSource<byte[]>();
        await using var publisher = new ScriptedPublisher(async peer =>
        {
            await peer.ShakeHandsAsync();
            await peer.PongAsync();
            await peer.SendAsync(Command("PING", 0, 50, 1, 2, 3));
            pong.SetResult((await peer.ReadAsync()).Body);
            await peer.DrainAsync();
        });
        await using var subscription = await OpenAsync(publisher);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var run = subscription.RunAsync(static _ => { }, stop.Token);
        (await pong.Task.WaitAsync(TimeSpan.FromSeconds(5), Token)).ShouldBe([4, .. "PONG"u8, 1, 2, 3]);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => run);
    }

    [Fact]
    public async Task A_publisher_that_gives_no_sign_of_life_is_given_up()
    {
        await using var publisher = new ScriptedPublisher(static async peer =>
        {
            await peer.ShakeHandsAsync();
            await peer.PongAsync();
            await peer.DrainAsync();
        });
        await using var subscription = await OpenAsync(publisher, Limits with { Heartbeat = TimeSpan.FromMilliseconds(50), HeartbeatTimeout = TimeSpan.FromMilliseconds(300) });
        (await Should.ThrowAsync<IOException>(() => subscription.RunAsync(static _ => { }, Token))).Message.ShouldContain("no sign of life");
    }

    public static TheoryData<string, byte[], string> BadHandshakes => new()
    {
        { "http", "HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), "no ZeroMQ signature" },
        { "zmtp 2", Greeting(major: 1), "version 1 where 3 is needed" },
        { "curve", Greeting(mechanism: "CURVE"), "mechanism 'CURVE'" },
        { "control characters", Greeting(mechanism: "\u001b[2J"), "mechanism '?[2J'" },
        { "error", [.. Greeting(), .. Command("ERROR", [4, .. "away"u8])], "refused: away" },
        { "pull", [.. Greeting(), .. Ready("PUSH")], "a 'PUSH' socket" },
        { "no type", [.. Greeting(), .. Command("READY")], "a '' socket" },
        { "metadata cut", [.. Greeting(), .. Command("READY", 11, 65)], "cut short" },
        { "metadata long", [.. Greeting(), .. Command("READY", 1, 65, 0xff, 0xff, 0xff, 0xff)], "cut short" },
        { "message first", [.. Greeting(), .. Frame(0, [1])], "before READY" },
        { "nameless", [.. Greeting(), .. Frame(4, [])], "no name" },
        { "long command", [.. Greeting(), .. Frame(4, new byte[5000])], "at most 4096" },
        { "reserved", [.. Greeting(), 0x80, 0], "reserved flags" },
    };

    [Theory]
    [MemberData(nameof(BadHandshakes))]
    public async Task What_is_no_publisher_is_refused_with_the_reason(string what, byte[] bytes, string expected)
    {
        await using var publisher = new ScriptedPublisher(async peer =>
        {
            await peer.SendAsync(bytes);
            await peer.DrainAsync();
        });
        (await Should.ThrowAsync<MalformedDataException>(() => OpenAsync(publisher), what)).Message.ShouldContain(expected);
    }

    [Fact]
    public async Task A_handshake_that_never_ends_is_given_up()
    {
        await using var publisher = new ScriptedPublisher(static peer => peer.DrainAsync());
        (await Should.ThrowAsync<IOException>(() => OpenAsync(publisher, Limits with { HandshakeTimeout = TimeSpan.FromMilliseconds(200) }))).Message.ShouldContain("shake hands");
    }

    public static TheoryData<string, byte[], string> BadMessages => new()
    {
        { "one frame", Frame(0, "rawtx"u8.ToArray()), "three frames" },
        { "two frames", [.. Frame(1, "rawtx"u8.ToArray()), .. Frame(0, [1])], "three frames" },
        { "four frames", [.. Frame(1, "rawtx"u8.ToArray()), .. Frame(1, [1]), .. Frame(1, [0, 0, 0, 0]), .. Frame(0, [])], "three frames" },
        { "short counter", [.. Frame(1, "rawtx"u8.ToArray()), .. Frame(1, [1]), .. Frame(0, [0, 0, 0])], "a counter of 3 bytes" },
        { "command inside", [.. Frame(1, "rawtx"u8.ToArray()), .. Command("PING", 0, 0)], "a command inside" },
        { "command in parts", [5, 0], "a command in several frames" },
        { "huge", [2, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "where at most" },
        { "negative", [2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "where at most" },
        { "long topic", Message(new string('r', 100), [1], 1), "a topic of 100 bytes" },
    };

    [Theory]
    [MemberData(nameof(BadMessages))]
    public async Task What_is_no_message_of_a_node_ends_the_subscription_with_the_reason(string what, byte[] bytes, string expected)
    {
        await using var publisher = new ScriptedPublisher(async peer =>
        {
            await peer.ShakeHandsAsync();
            await peer.PongAsync();
            await peer.SendAsync(bytes);
            await peer.DrainAsync();
        });
        await using var subscription = await OpenAsync(publisher);
        (await Should.ThrowAsync<MalformedDataException>(() => subscription.RunAsync(static _ => { }, Token), what)).Message.ShouldContain(expected);
    }

    [Fact]
    public async Task Random_bytes_after_the_handshake_end_it_within_bounds()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var noise = new byte[random.Next(1, 2000)];
            random.NextBytes(noise);
            await using var publisher = new ScriptedPublisher(async peer =>
            {
                await peer.ShakeHandsAsync();
                await peer.PongAsync();
                await peer.SendAsync(noise);
            });
            await using var subscription = await OpenAsync(publisher);
            var problem = await Should.ThrowAsync<Exception>(() => subscription.RunAsync(static _ => { }, Token));
            (problem is IOException or MalformedDataException).ShouldBeTrue($"seed {seed}: {problem}");
        }
    }

    [Fact]
    public void Counters_tell_order_gap_and_restart_over_the_end_of_the_number_range()
    {
        var counter = new ZmqCounter();
        counter.Take(uint.MaxValue - 1, out _).ShouldBe(CounterVerdict.InOrder);
        counter.Take(uint.MaxValue, out _).ShouldBe(CounterVerdict.InOrder);
        counter.Take(0, out _).ShouldBe(CounterVerdict.InOrder);
        counter.Take(3, out var missing).ShouldBe(CounterVerdict.Gap);
        missing.ShouldBe(2u);
        counter.Take(3, out _).ShouldBe(CounterVerdict.InOrder);
        counter.Take(0, out _).ShouldBe(CounterVerdict.Restarted);
        counter.Reconnect();
        counter.Take(50, out _).ShouldBe(CounterVerdict.InOrder);
        counter.Reconnect();
        counter.Take(1, out _).ShouldBe(CounterVerdict.Restarted);
    }

    [Fact]
    public void A_sequence_body_tells_hash_label_and_number()
    {
        var hash = RandomNumberGenerator.GetBytes(32);
        var number = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(number, 123_456_789_012);
        var added = new ZmqMessage("sequence", [.. hash, (byte)'A', .. number], 0).ReadSequence();
        added.Hash.ToString().ShouldBe(Convert.ToHexStringLower(hash));
        (added.Label, added.MempoolSequence).ShouldBe(('A', 123_456_789_012UL));
        new ZmqMessage("sequence", [.. hash, (byte)'C'], 0).ReadSequence().MempoolSequence.ShouldBeNull();
        foreach (var bad in (byte[][])[[], hash, [.. hash, (byte)'X'], [.. hash, (byte)'A'], [.. hash, (byte)'C', .. number], [.. hash, (byte)'R', .. number, 0]])
            Should.Throw<MalformedDataException>(() => new ZmqMessage("sequence", bad, 0).ReadSequence());
    }

    [Theory]
    [InlineData("tcp://127.0.0.1:28332", "tcp://127.0.0.1:28332")]
    [InlineData("localhost:1", "tcp://localhost:1")]
    [InlineData("tcp://[::1]:28332", "tcp://[::1]:28332")]
    public void An_endpoint_is_read(string text, string expected) => ZmqEndpoint.Parse(text, "Chains:btc:Zmq").ToString().ShouldBe(expected);

    [Theory]
    [InlineData("ipc:///tmp/x")]
    [InlineData("tcp://127.0.0.1")]
    [InlineData("tcp://127.0.0.1:70000")]
    [InlineData("tcp://:1")]
    [InlineData("tcp://host:x")]
    public void What_is_no_endpoint_is_refused_and_the_setting_named(string text) =>
        Should.Throw<EndpointException>(() => ZmqEndpoint.Parse(text, "Chains:btc:Zmq")).Message.ShouldContain("Chains:btc:Zmq");

    static Task<ZmqSubscription> OpenAsync(ScriptedPublisher publisher, ZmtpLimits? limits = null) =>
        ZmqSubscription.OpenAsync(publisher.EndPoint, "rawtx", TcpNetwork.Instance, TimeProvider.System, limits ?? Limits, Token);

    static async Task<IReadOnlyList<ZmqMessage>> ReceiveAsync(ScriptedPublisher publisher, int count)
    {
        var messages = new ConcurrentQueue<ZmqMessage>();
        await using var subscription = await OpenAsync(publisher);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var run = subscription.RunAsync(messages.Enqueue, stop.Token);
        await Eventually.HoldsAsync(() => messages.Count >= count || run.IsCompleted);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => run);
        return [.. messages];
    }
}
