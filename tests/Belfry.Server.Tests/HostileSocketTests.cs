using System.Buffers.Binary;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using Belfry.Core.Delivery;
using Belfry.Server.Tests.Fixtures;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Server.Tests;

public sealed class HostileSocketTests
{
    public static TheoryData<string, byte[], int> BrokenRules => new()
    {
        { "not masked", RawSocket.Frame(0x81, [0x7b, 0x7d], masked: false), 1002 },
        { "reserved bit", RawSocket.Frame(0xc1, [0x7b, 0x7d]), 1002 },
        { "unknown opcode", RawSocket.Frame(0x83, []), 1002 },
        { "unknown control opcode", RawSocket.Frame(0x8b, []), 1002 },
        { "fragmented ping", RawSocket.Frame(0x09, []), 1002 },
        { "ping of 126 bytes", RawSocket.Frame(0x89, new byte[126]), 1002 },
        { "continuation of nothing", RawSocket.Frame(0x80, [0x7b]), 1002 },
        { "message inside a message", [.. RawSocket.Frame(0x01, [0x7b]), .. RawSocket.Frame(0x81, [0x7d])], 1002 },
        { "close code of one byte", RawSocket.Frame(0x88, [3]), 1002 },
        { "close code 1005", RawSocket.Frame(0x88, [3, 0xed]), 1002 },
        { "binary", RawSocket.Frame(0x82, [1, 2]), 1003 },
        { "no UTF-8", RawSocket.Frame(0x81, [0x22, 0xff, 0x22]), 1007 },
        { "no UTF-8 over fragments", [.. RawSocket.Frame(0x01, [0xc3]), .. RawSocket.Frame(0x80, [0x28])], 1007 },
        { "flood of pings", [.. Enumerable.Repeat(RawSocket.Frame(0x89, []), 150).SelectMany(frame => frame)], 1008 },
        { "flood of empty fragments", [.. RawSocket.Frame(0x01, []), .. Enumerable.Repeat(RawSocket.Frame(0x00, []), 150).SelectMany(frame => frame)], 1008 },
        { "64 KB and a byte", RawSocket.Frame(0x81, new byte[(64 << 10) + 1]), 1009 },
        { "length of 2^63", [0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1009 },
        { "64 KB and a byte in fragments", [.. RawSocket.Frame(0x01, new byte[64 << 10]), .. RawSocket.Frame(0x80, new byte[1])], 1009 },
    };

    [Theory]
    [MemberData(nameof(BrokenRules))]
    public async Task A_broken_rule_closes_with_its_code(string rule, byte[] bytes, int code)
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await RawSocket.OpenAsync(server.Base);
        await client.GetStream().WriteAsync(bytes);
        var frame = await RawSocket.ReadFrameAsync(client.GetStream());
        while (frame.First == 0x8a) frame = await RawSocket.ReadFrameAsync(client.GetStream());
        frame.First.ShouldBe((byte)0x88, rule);
        BinaryPrimitives.ReadUInt16BigEndian(frame.Payload).ShouldBe((ushort)code, rule);
    }

    [Fact]
    public async Task A_message_in_fragments_with_a_ping_between_is_one_message()
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await RawSocket.OpenAsync(server.Base);
        byte[] bytes = [.. RawSocket.Frame(0x01, Encoding.UTF8.GetBytes("""{"type":""")), .. RawSocket.Frame(0x89, [7]), .. RawSocket.Frame(0x80, Encoding.UTF8.GetBytes("\"ping\"}"))];
        foreach (var single in bytes) await client.GetStream().WriteAsync(new[] { single });
        (await RawSocket.ReadFrameAsync(client.GetStream())).Payload.ShouldBe([7]);
        Encoding.UTF8.GetString((await RawSocket.ReadFrameAsync(client.GetStream())).Payload).ShouldBe("""{"type":"pong"}""");
        await client.GetStream().WriteAsync(RawSocket.Frame(0x88, [3, 0xe8]));
        (await RawSocket.ReadFrameAsync(client.GetStream())).ShouldSatisfyAllConditions(close => close.First.ShouldBe((byte)0x88), close => close.Payload.ShouldBe([3, 0xe8]));
        (await client.GetStream().ReadAsync(new byte[1])).ShouldBe(0);
        await Eventually.HoldsAsync(() => server.Hub.ReaderCount == 0);
    }

    [Fact]
    public async Task A_peer_that_does_not_answer_a_ping_is_closed_with_3012()
    {
        var clock = new ManualClock();
        await using var server = await RunningServer.StartAsync(clock: clock);
        using var client = await RawSocket.OpenAsync(server.Base);
        await Eventually.HoldsAsync(() => server.Hub.ReaderCount == 1);
        for (var second = 0; second < 21; second++) clock.Advance(TimeSpan.FromSeconds(1));
        (await RawSocket.ReadFrameAsync(client.GetStream())).First.ShouldBe((byte)0x89);
        var closing = RawSocket.ReadFrameAsync(client.GetStream());
        await Eventually.HoldsAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return closing.IsCompleted;
        });
        var close = await closing;
        BinaryPrimitives.ReadUInt16BigEndian(close.Payload).ShouldBe((ushort)CloseCodes.NoPong);
    }

    [Theory]
    [InlineData("http://evil.example", false)]
    [InlineData("null", false)]
    [InlineData("file://", false)]
    [InlineData("http://localhost:3000", true)]
    [InlineData("http://127.0.0.1:5173", true)]
    [InlineData("https://wallet.example", true)]
    [InlineData("https://wallet.example.evil.example", false)]
    public async Task Only_pages_of_allowed_origins_connect(string origin, bool allowed)
    {
        await using var server = await RunningServer.StartAsync(options => options with { AllowedOrigins = ["https://wallet.example"] });
        if (allowed)
        {
            using var client = await server.ConnectAsync(origin: origin);
            (await client.AskAsync("""{"type":"ping"}""")).ShouldBe("""{"type":"pong"}""");
        }
        else
        {
            await Should.ThrowAsync<WebSocketException>(() => server.ConnectAsync(origin: origin));
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/chains/btc/stop");
            request.Headers.Add("Origin", origin);
            (await server.Http.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        }
    }

    [Fact]
    public async Task A_name_that_a_stranger_pointed_here_is_refused()
    {
        await using var server = await RunningServer.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/chains");
        request.Headers.Host = "rebound.evil.example";
        (await server.Http.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task One_address_may_open_only_so_many_connections_and_gets_places_back()
    {
        await using var server = await RunningServer.StartAsync(options => options with { Limits = options.Limits with { ConnectionsPerAddress = 2, LimitLoopback = true } });
        using var first = await server.ConnectAsync();
        using var second = await server.ConnectAsync();
        (await Should.ThrowAsync<WebSocketException>(() => server.ConnectAsync())).Message.ShouldContain("429");
        first.Socket.Abort();
        await Eventually.HoldsAsync(() => server.Hub.ReaderCount == 1);
        using var third = await Eventually.GetAsync(async () =>
        {
            try
            {
                return await server.ConnectAsync();
            }
            catch (WebSocketException)
            {
                return null;
            }
        });
    }

    [Fact]
    public async Task With_a_key_nobody_subscribes_without_it()
    {
        const string key = "bf_live_0123456789abcdef";
        var clock = new ManualClock();
        await using var server = await RunningServer.StartAsync(options => options with { ApiKey = key }, clock: clock);
        using (var client = await server.ConnectAsync())
        {
            (await client.AskAsync("""{"type":"subscribe"}""")).ShouldContain("\"code\":101");
            (await client.AskAsync($$"""{"type":"auth","token":"{{key}}"}""")).ShouldBe("""{"type":"authenticated"}""");
            (await client.AskAsync("""{"type":"subscribe"}""")).ShouldContain("subscription_confirmed");
        }

        using (var client = await server.ConnectAsync(headers: [("Authorization", $"Bearer {key}")])) (await client.AskAsync("""{"type":"subscribe"}""")).ShouldContain("subscription_confirmed");
        using (var client = await server.ConnectAsync())
        {
            await client.SendAsync("""{"type":"auth","token":"bf_live_wrong"}""");
            (await client.ReadToCloseAsync()).ShouldBe(CloseCodes.InvalidToken);
        }

        using (var client = await server.ConnectAsync())
        {
            for (var second = 0; second < 11; second++) clock.Advance(TimeSpan.FromSeconds(1));
            (await client.ReadToCloseAsync()).ShouldBe(CloseCodes.Stale);
        }

        await Should.ThrowAsync<WebSocketException>(() => server.ConnectAsync(headers: [("X-Api-Key", "wrong")]));
        (await server.Http.GetAsync("/api/v1/chains")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await server.Http.GetAsync("/health")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }
}
