using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Core.Listeners;
using Belfry.Nodes.Simnet;
using Belfry.Server.Tests.EndToEnd;
using Belfry.Server.Tests.Fixtures;
using Belfry.TestKit;
using Belfry.TestKit.Faults;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;

namespace Belfry.Server.Tests.Faults;

/// <summary>Clients that read slowly or not at all, vanish without a word, come all at once, hold cursors that are none, and sit behind bad lines.</summary>
public sealed class ClientFaultTests
{
    const int Slow = 200;
    const int Silent = 1000;
    static readonly int Storm = TestLength.Choose(500, 2000);

    [Theory]
    [Trait("Fault", "C01")]
    [InlineData(1)]
    public async Task Two_hundred_slow_clients_change_nothing_for_the_fast_ones_and_are_sent_away_with_their_cursor(int seed)
    {
        await using var chain = new FaultChain(seed);
        var coins = chain.Split(3000);
        const int each = 1000;
        await using var server = await chain.ServeAsync(static one =>
        {
            one.Environment["DOTNET_GCConserveMemory"] = "9";
            one.Environment["BELFRY__Delivery__StallToCatchUp"] = "00:00:02";
            one.Environment["BELFRY__Delivery__StallToClose"] = "00:00:08";
        });
        await using var fast = new TimedClient(server.Base);
        await BurstAsync(chain, server, fast, coins.Take(each));
        await TrafficAsync(chain, server, fast);
        var before = ResidentBytes(server);
        await BurstAsync(chain, server, fast, coins.Skip(each).Take(each));
        var alone = await TrafficAsync(chain, server, fast);
        var memory = ResidentBytes(server);
        var slow = await Task.WhenAll(Enumerable.Range(0, Slow).Select(number => SlowClient.StartAsync(server.Base, number)));
        await BurstAsync(chain, server, fast, coins.Skip(2 * each));
        var crowded = await TrafficAsync(chain, server, fast);
        // the same without them cost memory too
        var grown = (ResidentBytes(server) - memory - (memory - before)) / Slow;
        TestLength.Say($"p99 {alone.TotalMilliseconds:F0} ms alone, {crowded.TotalMilliseconds:F0} ms beside {Slow} slow ones; {grown / 1024} KB each");
        // whoever waited for a slow one would wait until that is sent away, each time; how much less it is, the benchmark of one stuck client tells
        crowded.ShouldBeLessThan((alone * 1.2) + TestLength.Within(2));
        // what a collector keeps to use it again is not a cost of connections
        grown.ShouldBeLessThan((64 << 10) + ((32 << 20) / Slow));
        foreach (var one in slow.Where(static one => one.BytesPerSecond == 0)) (await one.CloseAsync()).ShouldBeTrue("cut, or closed with the cursor to come back with");
        foreach (var one in slow) one.Dispose();
        await Belief.SettlesAsync(server, chain);
    }

    [Fact]
    [Trait("Fault", "C03")]
    public async Task A_thousand_peers_that_vanish_without_a_word_are_gone_within_45_seconds_and_counted_out()
    {
        var clock = new ManualClock();
        await using var server = await RunningServer.StartAsync(clock: clock);
        var active = server.Services.GetRequiredService<IActiveAddresses>();
        var silent = await Task.WhenAll(Enumerable.Range(0, Silent).Select(async number =>
        {
            var raw = await RawSocket.OpenAsync(server.Base);
            await raw.GetStream().WriteAsync(RawSocket.Frame(0x81, System.Text.Encoding.UTF8.GetBytes($$"""{"type":"subscribe","currencies":["BTC"],"addresses":["btc1x{{number % 500}}"]}""")));
            return raw;
        }));
        await Eventually.HoldsAsync(async () => await active.ReadStatsAsync(new ChainId("btc"), CancellationToken.None) == new ActiveAddressStats(500, Silent));
        for (var second = 0; second < 45; second++) clock.Advance(TimeSpan.FromSeconds(1));
        await Eventually.HoldsAsync(() => server.Hub.ReaderCount == 0);
        await Eventually.HoldsAsync(async () => await active.ReadStatsAsync(new ChainId("btc"), CancellationToken.None) == new ActiveAddressStats(0, 0));
        foreach (var raw in silent) raw.Dispose();
    }

    [Theory]
    [Trait("Fault", "C04")]
    [InlineData(4)]
    public async Task A_storm_of_clients_that_come_back_at_once_is_over_in_ten_seconds(int seed)
    {
        await using var chain = new FaultChain(seed);
        await using var server = await chain.ServeAsync();
        var clients = Enumerable.Range(0, Storm).Select(_ => new ResumingClient(server.Base, TimeSpan.FromSeconds(1))).ToList();
        var head = (await server.JournalAsync()).Count;
        foreach (var client in clients) await client.ReachesAsync(head, TimeSpan.FromSeconds(90));
        await server.KillAsync();
        for (var i = 0; i < 10; i++) chain.Driver.Step();
        server.Launch();
        await Eventually.HoldsAsync(async () => (await server.GetAsync("health/ready")).ValueKind == JsonValueKind.Object);
        var watch = Stopwatch.StartNew();
        await chain.AtTipAsync(server);
        var (_, journal) = await Belief.SettlesAsync(server, chain);
        foreach (var client in clients) await client.ReachesAsync(journal.Count, TimeSpan.FromSeconds(90));
        var took = watch.Elapsed;
        var before = server.Process.ProcessorTime;
        var idle = Stopwatch.StartNew();
        await Task.Delay(1000);
        var share = (server.Process.ProcessorTime - before) / idle.Elapsed;
        TestLength.Say($"{Storm} clients were back and had everything {took.TotalSeconds:F1} s after the server; {share:P0} of a processor afterwards");
        took.ShouldBeLessThan(TestLength.Within(10));
        share.ShouldBeLessThan(1);
        clients.ShouldAllBe(static client => client.Connections == 2);
        foreach (var client in clients.Take(5)) await client.HoldsTheJournalAsync(server);
        await Task.WhenAll(clients.Select(static client => client.DisposeAsync().AsTask()));
    }

    [Theory]
    [Trait("Fault", "C05")]
    [InlineData(5)]
    public async Task A_cursor_that_is_none_is_refused_with_a_way_out_and_never_skips_in_silence(int seed)
    {
        await using var chain = new FaultChain(seed);
        await using var server = await chain.ServeAsync();
        var (_, journal) = await Belief.SettlesAsync(server, chain);
        var epoch = (await server.GetAsync("health")).GetProperty("epoch").GetString();
        using var client = await SocketClient.ConnectAsync(new Uri($"ws://{server.Base.Authority}/ws/events"), null);
        var random = new Random(seed);
        string[] wrong =
        [
            $"\"after\":{journal.Count + 1000}", "\"after\":9223372036854775807", "\"after\":1,\"epoch\":\"0123456789abcdef\"", "\"after\":-1", "\"after\":\"1\"", "\"after\":1.5", "\"after\":1e3",
            "\"after\":true", "\"after\":[]", "\"after\":{}", "\"after\":99999999999999999999999", $"\"after\":\"{new string('9', 10_000)}\"", $"\"after\":1,\"epoch\":\"{new string('x', 10_000)}\"",
            "\"after\":1,\"epoch\":7", .. Enumerable.Range(0, 50).Select(_ => $"\"after\":{Garbage(random)}"),
        ];
        foreach (var cursor in wrong)
        {
            var answer = JsonElement.Parse(await client.AskAsync("{\"type\":\"subscribe\",\"id\":1," + cursor + "}"));
            answer.GetProperty("type").GetString().ShouldBe("error", cursor);
            answer.GetProperty("code").GetInt32().ShouldBeOneOf([107, 112, 100, 106], cursor);
        }

        var lost = JsonElement.Parse(await client.AskAsync($$"""{"type":"subscribe","after":{{journal.Count + 1000}},"epoch":"{{epoch}}"}"""));
        (lost.GetProperty("code").GetInt32(), lost.GetProperty("hint").GetString()!.Length > 10).ShouldBe((112, true));
        foreach (var path in new[] { "after=-1", "after=x", $"after={journal.Count + 1000}", "after=99999999999999999999", $"after={new string('9', 5000)}" })
        {
            using var answer = await server.Http.GetAsync(new Uri("api/v1/events?" + path, UriKind.Relative));
            ((int)answer.StatusCode).ShouldBeInRange(400, 422, path[..Math.Min(40, path.Length)]);
            (await answer.Content.ReadAsStringAsync()).ShouldContain("problem", Case.Insensitive);
        }

        // the oldest there is, and the connection that was told so often what is wrong still serves
        (await client.AskAsync($$"""{"type":"subscribe","after":0,"epoch":"{{epoch}}"}""")).ShouldContain("subscription_confirmed");
        (await client.ReceiveSequencesAsync(journal.Count)).ShouldBe(Enumerable.Range(1, journal.Count).Select(static number => (long)number));
    }

    [Theory]
    [Trait("Fault", "C06")]
    [InlineData(6)]
    public async Task Behind_a_line_that_slices_delays_and_cuts_a_client_hears_everything_once(int seed)
    {
        await using var chain = new FaultChain(seed);
        await using var server = await chain.ServeAsync();
        await using var line = FaultProxy.Start(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, server.Base.Port), new FaultPlan { Seed = seed });
        await using var client = new ResumingClient(new Uri($"http://{line.EndPoint}/"));
        var random = new Random(seed);
        for (var round = 0; round < 24; round++)
        {
            line.Plan = (round % 4) switch
            {
                0 => new FaultPlan { Seed = round, SliceUpTo = 50, Latency = TimeSpan.FromMilliseconds(15) },
                1 => new FaultPlan { Seed = round, ResetAfter = random.Next(200, 20_000) },
                2 => new FaultPlan { Seed = round, HalfCloseAfter = random.Next(200, 20_000) },
                _ => new FaultPlan { Seed = round },
            };
            for (var i = 0; i < 8; i++)
            {
                chain.Driver.Step();
                await Task.Delay(20);
            }

            if (round % 3 == 1) line.ResetAll();
            if (round % 3 == 2) line.HalfCloseAll();
        }

        line.Plan = new FaultPlan();
        line.ResetAll();
        await Belief.SettlesAsync(server, chain);
        await client.HoldsTheJournalAsync(server);
        TestLength.Say($"{client.Last} events over {client.Connections} connections");
        client.Connections.ShouldBeGreaterThan(8);
    }

    static string Garbage(Random random)
    {
        var text = string.Concat(Enumerable.Range(0, random.Next(1, 40)).Select(_ => (char)random.Next(0x20, 0x7f)));
        return JsonSerializer.Serialize(text);
    }

    static long ResidentBytes(BelfryProcess server) =>
        long.Parse(File.ReadLines($"/proc/{server.Process.Id}/status").First(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;

    // Payments one by one; the time in which 99 of 100 events were with the fast client after they were told.
    static async Task<TimeSpan> TrafficAsync(FaultChain chain, BelfryProcess server, TimedClient fast)
    {
        fast.Forget();
        for (var i = 0; i < 100; i++)
        {
            chain.Driver.Step();
            await Task.Delay(30);
        }

        await chain.AtTipAsync(server);
        return await fast.ReachAsync((await server.JournalAsync()).Count);
    }

    // Until the server has put into the buffers of slow readers what goes into them.
    static Task CalmAsync(BelfryProcess server) => Eventually.HoldsAsync(async () =>
    {
        var (before, watch) = (server.Process.ProcessorTime, Stopwatch.StartNew());
        await Task.Delay(300);
        return (server.Process.ProcessorTime - before) / watch.Elapsed < 0.2;
    });

    // What fills the buffers of everybody who does not read.
    static async Task BurstAsync(FaultChain chain, BelfryProcess server, TimedClient fast, IEnumerable<SimCoin> coins)
    {
        chain.Chain.Mine(1, include: [.. coins.Select((coin, i) => chain.Chain.Pay(chain.Payer, chain.Watched[i % 2], 20_000, new SimPayment { Coins = [coin], Submit = false }))]);
        await chain.AtTipAsync(server);
        await fast.ReachAsync((await server.JournalAsync()).Count);
        await CalmAsync(server);
    }

    /// <summary>A healthy client that notes how late each event comes.</summary>
    sealed class TimedClient : IAsyncDisposable
    {
        readonly List<TimeSpan> late = [];
        readonly Task<SocketClient> connecting;
        readonly Task reading;
        long last;

        public TimedClient(Uri server)
        {
            connecting = SocketClient.ConnectAsync(new Uri($"ws://{server.Authority}/ws/events"), null);
            reading = Task.Run(ReadAsync);
        }

        public void Forget()
        {
            lock (late) late.Clear();
        }

        public async Task<TimeSpan> ReachAsync(long sequence)
        {
            await Eventually.HoldsAsync(() => Volatile.Read(ref last) >= sequence || reading.IsFaulted);
            lock (late) return late.Order().ElementAt(late.Count * 99 / 100);
        }

        public async ValueTask DisposeAsync()
        {
            (await connecting).Socket.Abort();
            await reading.ContinueWith(static _ => { }, TaskScheduler.Default);
            (await connecting).Dispose();
        }

        async Task ReadAsync()
        {
            var client = await connecting;
            await client.SendAsync("""{"type":"subscribe"}""");
            while (await client.ReceiveAsync(TimeSpan.FromMinutes(2)) is { } text)
            {
                var message = JsonElement.Parse(text);
                if (message.GetProperty("type").GetString() != "event") continue;
                var told = DateTimeOffset.UnixEpoch.AddSeconds(message.GetProperty("timestamp").GetDouble());
                lock (late) late.Add(DateTimeOffset.UtcNow - told);
                Volatile.Write(ref last, message.GetProperty("seq").GetInt64());
            }
        }
    }

    /// <summary>A client that takes nothing, a byte a second or a frame a second.</summary>
    sealed class SlowClient : IDisposable
    {
        readonly TcpClient raw;
        readonly CancellationTokenSource done = new();

        SlowClient(TcpClient raw, int bytesPerSecond) => (this.raw, BytesPerSecond) = (raw, bytesPerSecond);

        public int BytesPerSecond { get; }

        public static async Task<SlowClient> StartAsync(Uri server, int number)
        {
            var opened = await RawSocket.OpenAsync(server);
            await opened.GetStream().WriteAsync(RawSocket.Frame(0x81, """{"type":"subscribe","after":0}"""u8.ToArray()));
            var client = new SlowClient(opened, (number % 3) switch { 0 => 0, 1 => 1, _ => 800 });
            if (client.BytesPerSecond > 0) _ = client.ReadAsync();
            return client;
        }

        /// <summary>Reads all that is left until the server has closed or cut.</summary>
        public async Task<bool> CloseAsync()
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            var buffer = new byte[64 * 1024];
            try
            {
                while (await raw.GetStream().ReadAsync(buffer, patience.Token) > 0)
                {
                }

                return true;
            }
            catch (IOException)
            {
                return true;
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }

        public void Dispose()
        {
            done.Cancel();
            raw.Dispose();
        }

        async Task ReadAsync()
        {
            var buffer = new byte[BytesPerSecond];
            try
            {
                while (await raw.GetStream().ReadAsync(buffer, done.Token) > 0) await Task.Delay(1000, done.Token);
            }
            catch (Exception problem) when (problem is IOException or OperationCanceledException or ObjectDisposedException)
            {
                // Cut, or the test is over.
            }
        }
    }
}
