using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using Belfry.Core.Delivery;
using Belfry.Nodes.Simnet;
using Belfry.Server.Tests.EndToEnd;
using Belfry.Server.Tests.Fixtures;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Server.Tests.Faults;

/// <summary>The server is stopped, told to end, starved of memory, of file handles and of processor time, under traffic.</summary>
public sealed class ServerPressureTests
{
    // nothing unpleasant on the chain itself: whatever is told as lost would be a lie
    static readonly SimnetTraffic Calm = new() { KeepBlocks = 100_000, Steal = 0, Bump = 0, Evict = 0, Reorg = 0, DoubleSpend = 0 };

    [Theory]
    [Trait("Fault", "F03")]
    [InlineData(1, 3)]
    [InlineData(10, 33)]
    [InlineData(60, 333)]
    public async Task A_frozen_server_goes_on_where_it_was_and_takes_nothing_for_expired(int seconds, int seed)
    {
        Assert.SkipWhen(seconds > 10 && !TestLength.IsLong, "A minute of standing still belongs to the long run.");
        await using var chain = new FaultChain(seed, traffic: Calm);
        await using var server = await chain.ServeAsync();
        await using var client = new ResumingClient(server.Base);
        await StepAsync(chain, 20);
        await client.ReachesAsync(20);
        server.Process.Freeze();
        await StepAsync(chain, seconds * 10, pause: 100);
        server.Process.Continue();
        var (took, journal) = await Belief.SettlesAsync(server, chain);
        await client.HoldsTheJournalAsync(server);
        journal.Select(static told => told.Kind).Intersect(["transaction_dropped", "transaction_replaced", "transaction_reorged", "block_disconnected"]).ShouldBeEmpty();
        TestLength.Say($"{seconds} s frozen; the truth stood {took.TotalSeconds:F1} s later; {client.Connections} connections");
    }

    [Theory]
    [Trait("Fault", "F04")]
    [InlineData(4)]
    public async Task Told_to_end_under_load_it_exits_with_zero_within_ten_seconds_and_nothing_is_lost(int seed)
    {
        await using var chain = new FaultChain(seed);
        await using var server = await chain.ServeAsync();
        await using var client = new ResumingClient(server.Base);
        for (var round = 0; round < 3; round++)
        {
            using var enough = new CancellationTokenSource();
            var traffic = RunAsync(chain, enough.Token);
            using var witness = await SocketClient.ConnectAsync(new Uri($"ws://{server.Base.Authority}/ws/events"), null);
            await witness.AskAsync("""{"type":"subscribe"}""");
            await witness.ReceiveSequencesAsync(20);
            var watch = Stopwatch.StartNew();
            server.Process.Terminate();
            (await witness.ReadToCloseAsync()).ShouldBe(CloseCodes.Shutdown);
            await server.Process.WaitForExitAsync(TestLength.Within(10));
            TestLength.Say($"ended after {watch.Elapsed.TotalSeconds:F1} s");
            server.Process.ExitCode.ShouldBe(0, server.Output);
            await enough.CancelAsync();
            await traffic;
            await server.ForgetAsync();
            server.Launch();
            await chain.AtTipAsync(server);
        }

        await Belief.SettlesAsync(server, chain);
        await client.HoldsTheJournalAsync(server);
    }

    [Theory]
    [Trait("Fault", "F06")]
    [InlineData(6)]
    public async Task With_200_MB_of_heap_a_flood_is_shed_and_the_truth_is_told(int seed)
    {
        await using var chain = new FaultChain(seed);
        var coins = chain.Split(2000);
        await using var server = await chain.ServeAsync(static one => one.Environment["DOTNET_GCHeapHardLimit"] = "0xC800000");
        await using var client = new ResumingClient(server.Base);
        // forty that never read, a hundred that send more than anybody may, twenty thousand watches, and a block of two thousand payments
        var stuck = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => NeverReadingAsync(server)));
        var flood = Task.WhenAll(Enumerable.Range(0, 100).Select(_ => FloodAsync(server)));
        var import = ImportAsync(chain, server, 20_000);
        chain.Chain.Mine(1, include: [.. coins.Select((coin, i) => chain.Chain.Pay(chain.Payer, chain.Watched[i % 2], 20_000, new SimPayment { Coins = [coin], Submit = false }))]);
        await flood;
        (await import).ShouldBe(20_000);
        await Belief.SettlesAsync(server, chain, TimeSpan.FromSeconds(90));
        server.Process.HasExited.ShouldBeFalse(server.Output);
        await client.HoldsTheJournalAsync(server);
        foreach (var one in stuck) one.Dispose();
    }

    // .NET itself holds about 260: two for each library that is loaded.
    [Theory]
    [Trait("Fault", "F07")]
    [InlineData(7)]
    public async Task With_400_file_handles_streams_go_on_new_ones_are_refused_at_once_and_it_recovers(int seed)
    {
        await using var chain = new FaultChain(seed);
        await using var server = await chain.ServeAsync(static one => one.Under = ["prlimit", "--nofile=400"]);
        await using var client = new ResumingClient(server.Base);
        await client.ReachesAsync(1);
        var (open, refused, slowest) = (new List<ClientWebSocket>(), 0, TimeSpan.Zero);
        for (var i = 0; i < 400; i++)
        {
            var watch = Stopwatch.StartNew();
            var socket = new ClientWebSocket();
            try
            {
                using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
                await socket.ConnectAsync(new Uri($"ws://{server.Base.Authority}/ws/events"), patience.Token);
                open.Add(socket);
            }
            catch (Exception problem) when (problem is WebSocketException or OperationCanceledException)
            {
                refused++;
                socket.Dispose();
            }

            if (watch.Elapsed > slowest) slowest = watch.Elapsed;
        }

        TestLength.Say($"{open.Count} open, {refused} refused; the slowest answer took {slowest.TotalSeconds:F2} s");
        refused.ShouldBeGreaterThan(0, "the limit was never met: this test proves nothing");
        slowest.ShouldBeLessThan(TestLength.Within(2));
        open.Count.ShouldBeGreaterThan(40);
        server.Output.ShouldContain("new event connections are refused");
        // who is in goes on, blocks come, and people still get answers
        var before = client.Last;
        await StepAsync(chain, 30);
        await client.ReachesAsync(before + 20);
        using var http = new HttpClient { Timeout = TestLength.Within(2), BaseAddress = server.Base };
        using var health = await http.GetAsync(new Uri("health/ready", UriKind.Relative));
        health.StatusCode.ShouldBe(HttpStatusCode.OK);
        await Belief.SettlesAsync(server, chain);
        foreach (var socket in open) socket.Dispose();
        await Eventually.HoldsAsync(async () =>
        {
            using var again = await SocketClient.ConnectAsync(new Uri($"ws://{server.Base.Authority}/ws/events"), null);
            return (await again.AskAsync("""{"type":"ping"}""")).Contains("pong", StringComparison.Ordinal);
        });
        await client.HoldsTheJournalAsync(server);
    }

    [Theory]
    [Trait("Fault", "F08")]
    [InlineData(8)]
    public async Task With_a_fifth_of_a_processor_the_lag_is_bounded_and_nothing_times_out(int seed)
    {
        await using var chain = new FaultChain(seed, traffic: Calm);
        await using var server = await chain.ServeAsync();
        await using var client = new ResumingClient(server.Base);
        await StepAsync(chain, 10);
        using var enough = new CancellationTokenSource();
        var starving = Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                server.Process.Freeze();
                await Task.Delay(80, CancellationToken.None);
                server.Process.Continue();
                await Task.Delay(20, CancellationToken.None);
            }
        });
        await StepAsync(chain, 120, pause: 50);
        var (took, journal) = await Belief.SettlesAsync(server, chain);
        await enough.CancelAsync();
        await starving;
        took.ShouldBeLessThan(TestLength.Within(10));
        journal.ShouldNotContain(static told => told.Kind == "feed_degraded");
        await client.HoldsTheJournalAsync(server);
        TestLength.Say($"still starved, the truth stood {took.TotalSeconds:F1} s after the last payment");
    }

    static async Task StepAsync(FaultChain chain, int steps, int pause = 20)
    {
        for (var i = 0; i < steps; i++)
        {
            chain.Driver.Step();
            await Task.Delay(pause);
        }
    }

    static async Task RunAsync(FaultChain chain, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested) await StepAsync(chain, 1, 30);
    }

    static async Task<System.Net.Sockets.TcpClient> NeverReadingAsync(BelfryProcess server)
    {
        var raw = await RawSocket.OpenAsync(server.Base);
        await raw.GetStream().WriteAsync(RawSocket.Frame(0x81, """{"type":"subscribe","after":0}"""u8.ToArray()));
        return raw;
    }

    static async Task FloodAsync(BelfryProcess server)
    {
        using var raw = await RawSocket.OpenAsync(server.Base);
        var addresses = string.Join(',', Enumerable.Range(0, 1300).Select(static number => $"\"bcrt1q{number.ToString("x38", CultureInfo.InvariantCulture)}\""));
        var message = RawSocket.Frame(0x81, Encoding.UTF8.GetBytes($$"""{"type":"subscribe","addresses":[{{addresses}}]}"""));
        try
        {
            for (var i = 0; i < 6; i++) await raw.GetStream().WriteAsync(message);
        }
        catch (IOException)
        {
            // cut, which is one way to shed it
        }
    }

    static async Task<int> ImportAsync(FaultChain chain, BelfryProcess server, int count)
    {
        var lines = new StringBuilder();
        for (var i = 0; i < count; i++) lines.Append(CultureInfo.InvariantCulture, $$"""{"chain":"{{chain.Id}}","address":"{{chain.AddressOf(FaultChain.Fresh(1_000_000 + i))}}"}""").Append('\n');
        using var body = new StringContent(lines.ToString(), Encoding.UTF8, "application/x-ndjson");
        using var patient = new HttpClient { BaseAddress = server.Base, Timeout = TimeSpan.FromMinutes(3) };
        using var answer = await patient.PostAsync(new Uri("api/v1/watches/import", UriKind.Relative), body);
        return (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Count(static line => line.Contains("\"id\"", StringComparison.Ordinal));
    }
}
