using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Belfry.Core.Hosting;
using Belfry.Core.Journal;
using Belfry.Server.Tests.Fixtures;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Server.Tests.Hostile;

/// <summary>Clients that are slow on purpose, and clients that are many. Each limit is set small here, and each is told in the metrics.</summary>
public sealed class SlowHostileTests
{
    [Fact]
    public async Task The_head_of_a_request_that_trickles_in_is_cut()
    {
        await using var server = await StartAsync(limits => limits with { HeadTimeout = TimeSpan.FromSeconds(1) });
        foreach (var beginning in (string[])["GET /health HTTP/1.1\r\nHost: x\r\n", $"GET /ws/events HTTP/1.1\r\nHost: {server.Base.Authority}\r\nUpgrade: websocket\r\n"])
        {
            using var client = await ConnectAsync(server);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(beginning));
            await TrickleUntilCutAsync(client, "X-A: b\r\n");
        }

        await TellsAsync(server, "belfry_clients_cut_total{reason=\"head_timeout\"} 2");
    }

    [Fact]
    public async Task A_body_that_trickles_in_is_cut()
    {
        await using var server = await StartAsync(limits => limits with { MinBytesPerSecond = 1000, MinPaceGrace = TimeSpan.FromSeconds(1.5) });
        using var client = await ConnectAsync(server);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST /api/v1/watches HTTP/1.1\r\nHost: {server.Base.Authority}\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{{"));
        var answer = await TrickleUntilCutAsync(client, " ");
        answer.ShouldStartWith("HTTP/1.1 408");
        answer.ShouldContain("application/problem+json");
        await TellsAsync(server, "belfry_clients_cut_total{reason=\"slow_body\"} 1");
    }

    [Fact]
    public async Task A_client_that_asks_and_never_reads_is_cut()
    {
        await using var server = await StartAsync(limits => limits with { MinBytesPerSecond = 50_000_000, MinPaceGrace = TimeSpan.FromSeconds(1.5) });
        await server.TellAsync("btc", EventKind.NewPayment, "btc1alice", count: 1000);
        using var client = await ConnectAsync(server);
        client.ReceiveBufferSize = 4096;
        var ask = $"GET /api/v1/events?limit=1000 HTTP/1.1\r\nHost: {server.Base.Authority}\r\n\r\n";
        // Far more than the buffers on the way can hold.
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(ask, 100))));
        await TellsAsync(server, "belfry_clients_cut_total{reason=\"slow_reader\"} 1");
    }

    [Fact]
    public async Task A_connection_without_a_request_is_closed()
    {
        await using var server = await StartAsync(limits => limits with { IdleTimeout = TimeSpan.FromSeconds(1) });
        using var client = await ConnectAsync(server);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET /health/live HTTP/1.1\r\nHost: {server.Base.Authority}\r\n\r\n"));
        var answer = await ReadToEndAsync(client.GetStream());
        answer.ShouldStartWith("HTTP/1.1 200");
    }

    [Fact]
    public async Task A_message_that_trickles_in_is_cut_also_when_its_sender_answers_pings()
    {
        var clock = new ManualClock();
        await using var server = await StartAsync(limits => limits with { MessageTimeout = TimeSpan.FromSeconds(5) }, clock);
        using var inOne = await RawSocket.OpenAsync(server.Base);
        using var inPieces = await RawSocket.OpenAsync(server.Base);
        using var patient = await RawSocket.OpenAsync(server.Base);
        await inOne.GetStream().WriteAsync((byte[])[0x81, 0xfe, 1, 0, 0, 0, 0, 0, (byte)'{']);
        await inPieces.GetStream().WriteAsync(RawSocket.Frame(0x01, "{"u8.ToArray()));
        await patient.GetStream().WriteAsync(RawSocket.Frame(0x81, """{"type":"ping"}"""u8.ToArray()));
        (await RawSocket.ReadFrameAsync(patient.GetStream())).First.ShouldBe((byte)0x81);
        for (var second = 0; second < 7; second++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await inPieces.GetStream().WriteAsync((byte[])[.. RawSocket.Frame(0x8a, []), .. RawSocket.Frame(0x00, " "u8.ToArray())]);
            await inOne.GetStream().WriteAsync(new byte[] { 32 });
            // What was sent has to be there before the clock goes on.
            await Task.Delay(20);
        }

        foreach (var client in (TcpClient[])[inOne, inPieces])
        {
            var close = await RawSocket.ReadFrameAsync(client.GetStream());
            close.First.ShouldBe((byte)0x88);
            Encoding.UTF8.GetString(close.Payload.AsSpan(2)).ShouldStartWith("{\"reason\":\"message_timeout\"");
        }

        await patient.GetStream().WriteAsync(RawSocket.Frame(0x81, """{"type":"ping"}"""u8.ToArray()));
        (await RawSocket.ReadFrameAsync(patient.GetStream())).First.ShouldBe((byte)0x81, "one that has said all it wanted may be silent");
        await TellsAsync(server, "belfry_clients_cut_total{reason=\"message_timeout\"} 2");
    }

    [Fact]
    public async Task A_socket_that_never_reads_is_cut_and_the_others_hear_everything()
    {
        await using var server = await RunningServer.StartAsync(options => options with
        {
            Delivery = options.Delivery with { StallToCatchUp = TimeSpan.FromSeconds(1), StallToClose = TimeSpan.FromSeconds(2), CloseGrace = TimeSpan.FromSeconds(1), WindowBytes = 1 << 20, LagBytes = 1 << 18 },
        });
        using var healthy = await server.ConnectAsync();
        await healthy.AskAsync("""{"type":"subscribe"}""");
        using var stuck = await RawSocket.OpenAsync(server.Base);
        await stuck.GetStream().WriteAsync(RawSocket.Frame(0x81, """{"type":"subscribe"}"""u8.ToArray()));
        await Eventually.HoldsAsync(() => server.Hub.ReaderCount == 2);
        var told = 0;
        await Eventually.HoldsAsync(async () =>
        {
            await server.TellAsync("btc", EventKind.NewPayment, "btc1alice", count: 500);
            (await healthy.ReceiveSequencesAsync(500)).ShouldBe(Enumerable.Range(told + 1, 500).Select(number => (long)number));
            told += 500;
            return server.Hub.ReaderCount == 1;
        }, TimeSpan.FromSeconds(60));
        await TellsAsync(server, "belfry_delivery_slow_closed_total 1");
    }

    [Fact]
    public async Task One_address_has_so_many_TCP_connections_and_no_more()
    {
        await using var server = await StartAsync(limits => limits with { TcpConnectionsPerAddress = 3, LimitLoopback = true });
        var clients = new List<TcpClient>();
        for (var i = 0; i < 3; i++)
        {
            clients.Add(await ConnectAsync(server));
            (await AskAsync(clients[i], server)).ShouldStartWith("HTTP/1.1 200");
        }

        using var fourth = await ConnectAsync(server);
        (await AskAsync(fourth, server)).ShouldBeEmpty("it is closed without a word");
        // The client sees the close before the gate has counted it.
        await Eventually.HoldsAsync(async () => (await MetricsAsync(clients[0], server)).Contains("belfry_clients_refused_total{reason=\"tcp_connections\"} 1", StringComparison.Ordinal));
        clients[1].Dispose();
        await Eventually.HoldsAsync(async () =>
        {
            using var fifth = await ConnectAsync(server);
            return (await AskAsync(fifth, server)).StartsWith("HTTP/1.1 200", StringComparison.Ordinal);
        });
        foreach (var client in clients) client.Dispose();
    }

    [Fact]
    public async Task A_head_that_is_too_long_is_refused()
    {
        await using var server = await StartAsync(limits => limits with { RequestLineBytes = 256, HeaderBytes = 1024, HeaderCount = 8 });
        (await AskAsync(server, $"GET /{new string('a', 300)} HTTP/1.1\r\nHost: x\r\n\r\n")).ShouldStartWith("HTTP/1.1 414");
        (await AskAsync(server, $"GET / HTTP/1.1\r\nHost: {server.Base.Authority}\r\nA: {new string('a', 2000)}\r\n\r\n")).ShouldStartWith("HTTP/1.1 431");
        (await AskAsync(server, $"GET / HTTP/1.1\r\nHost: {server.Base.Authority}\r\n{string.Concat(Enumerable.Repeat("A: b\r\n", 9))}\r\n")).ShouldStartWith("HTTP/1.1 431");
        await TellsAsync(server, "belfry_clients_cut_total{reason=\"head_too_big\"}");
    }

    [Fact]
    public async Task A_message_or_body_of_more_bytes_than_allowed_is_refused_and_counted()
    {
        await using var server = await StartAsync(limits => limits with { MessageBytes = 100, BodyBytes = 200 });
        using (var client = await server.ConnectAsync())
        {
            await client.SendAsync(new string(' ', 101));
            (await client.ReadToCloseAsync()).ShouldBe(1009);
        }

        using var content = new StringContent(new string(' ', 201), Encoding.UTF8, "application/json");
        using var answer = await server.Http.PostAsync("/api/v1/watches", content);
        ((int)answer.StatusCode).ShouldBe(413);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("the body is too big");
        await TellsAsync(server, "belfry_clients_cut_total{reason=\"message_too_big\"} 1");
    }

    static Task<RunningServer> StartAsync(Func<LimitOptions, LimitOptions> change, TimeProvider? clock = null) =>
        RunningServer.StartAsync(options => options with { Limits = change(options.Limits) }, clock: clock);

    static async Task<TcpClient> ConnectAsync(RunningServer server)
    {
#pragma warning disable RS0030 // the test is the peer
        var client = new TcpClient { NoDelay = true };
#pragma warning restore RS0030
        await client.ConnectAsync(server.Base.Host, server.Base.Port);
        return client;
    }

    // Sends a little every 50 ms until the server has had enough; what it said.
    static async Task<string> TrickleUntilCutAsync(TcpClient client, string piece)
    {
        var reading = ReadToEndAsync(client.GetStream());
        var begun = Stopwatch.StartNew();
        while (!reading.IsCompleted)
        {
            begun.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(15));
            try
            {
                await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(piece));
            }
            catch (IOException)
            {
                break;
            }

            await Task.WhenAny(reading, Task.Delay(50));
        }

        return await reading.WaitAsync(TimeSpan.FromSeconds(15));
    }

    static async Task<string> AskAsync(RunningServer server, string request)
    {
        using var client = await ConnectAsync(server);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        return await ReadToEndAsync(client.GetStream());
    }

    static async Task<string> AskAsync(TcpClient client, RunningServer server) => await SendAsync(client, $"GET /health/live HTTP/1.1\r\nHost: {server.Base.Authority}\r\n\r\n");

    static async Task<string> MetricsAsync(TcpClient client, RunningServer server) => await SendAsync(client, $"GET /metrics HTTP/1.1\r\nHost: {server.Base.Authority}\r\n\r\n");

    // One whole answer: what is left of it in the socket would be taken for the next one.
    static async Task<string> SendAsync(TcpClient client, string request)
    {
        var buffer = new byte[1 << 20];
        var text = "";
        var held = 0;
        try
        {
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
            while (!IsWhole(text))
            {
                var read = await client.GetStream().ReadAsync(buffer.AsMemory(held)).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
                if (read == 0) break;
                held += read;
                text = Encoding.ASCII.GetString(buffer, 0, held);
            }

            return text;
        }
        catch (IOException)
        {
            return "";
        }
    }

    static bool IsWhole(string answer)
    {
        var head = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (head < 0) return false;
        if (answer[..head].Contains("chunked", StringComparison.OrdinalIgnoreCase)) return answer.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal);
        const string length = "Content-Length: ";
        var at = answer.IndexOf(length, StringComparison.OrdinalIgnoreCase) + length.Length;
        return answer.Length - head - 4 == int.Parse(answer.AsSpan(at, answer.IndexOf("\r\n", at, StringComparison.Ordinal) - at), CultureInfo.InvariantCulture);
    }

    static async Task<string> ReadToEndAsync(NetworkStream stream)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (await stream.ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(15)) is var count and > 0) text.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }
        catch (IOException)
        {
            // Cut.
        }

        return text.ToString();
    }

    static Task TellsAsync(RunningServer server, string line) =>
        Eventually.HoldsAsync(async () => (await server.Http.GetStringAsync("/metrics")).Contains(line, StringComparison.Ordinal), TimeSpan.FromSeconds(20), line);
}
