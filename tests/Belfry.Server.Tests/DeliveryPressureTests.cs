using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Belfry.Core.Delivery;
using Belfry.Core.Journal;
using Belfry.Server.Tests.Fixtures;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Server.Tests;

public sealed class DeliveryPressureTests
{
    [Fact]
    [Trait("Fault", "C02")]
    public async Task A_burst_of_ten_thousand_events_reaches_every_healthy_client_in_order()
    {
        await using var server = await RunningServer.StartAsync(options => options with { Delivery = new DeliveryOptions { LagBytes = 200_000, WindowBytes = 1 << 20 } });
        var clients = await Task.WhenAll(Enumerable.Range(0, 20).Select(async number =>
        {
            var client = await server.ConnectAsync();
            await client.AskAsync(number % 2 == 0 ? """{"type":"subscribe"}""" : """{"type":"subscribe","addresses":["btc1a"]}""");
            return client;
        }));
        const int count = 10_000;
        for (var i = 0; i < count; i += 500) await server.TellAsync("btc", EventKind.NewTransaction, "btc1a", 500);
        var all = await Task.WhenAll(clients.Select(client => client.ReceiveSequencesAsync(count)));
        foreach (var sequences in all) sequences.ShouldBe(Enumerable.Range(1, count).Select(number => (long)number));
        foreach (var client in clients) client.Dispose();
    }

    [Fact]
    public async Task A_client_that_never_reads_changes_nothing_for_the_others_and_costs_a_bounded_window()
    {
        await using var server = await RunningServer.StartAsync(options => options with { Delivery = new DeliveryOptions { LagBytes = 1 << 20, WindowBytes = 4 << 20 } });
        using var stuck = await NeverReadingAsync(server);
        using var healthy = await server.ConnectAsync();
        await healthy.AskAsync("""{"type":"subscribe"}""");
        const int count = 40_000;
        var reading = healthy.ReceiveSequencesAsync(count);
        for (var i = 0; i < count; i += 1000) await server.TellAsync("btc", EventKind.NewTransaction, "btc1a", 1000);
        (await reading).ShouldBe(Enumerable.Range(1, count).Select(number => (long)number));
        server.Hub.ReaderCount.ShouldBe(2);
    }

    [Fact]
    public async Task A_socket_that_takes_nothing_for_two_minutes_is_cut_and_the_others_stay()
    {
        var clock = new ManualClock();
        await using var server = await RunningServer.StartAsync(
            options => options with { Limits = options.Limits with { KeepAliveInterval = TimeSpan.FromHours(1) } }, clock: clock);
        using var stuck = await NeverReadingAsync(server);
        using var healthy = await server.ConnectAsync();
        await healthy.AskAsync("""{"type":"subscribe"}""");
        for (var i = 0; i < 40; i++) await server.TellAsync("btc", EventKind.NewTransaction, "btc1a", 1000);
        await healthy.ReceiveSequencesAsync(40_000);
        for (var second = 0; second < 100; second++) clock.Advance(TimeSpan.FromSeconds(1));
        server.Hub.ReaderCount.ShouldBe(2);
        // the kernel may take a little more while this clock runs fast, and the two minutes begin anew
        await Eventually.HoldsAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return server.Hub.ReaderCount == 1;
        });
        (await healthy.AskAsync("""{"type":"ping"}""")).ShouldBe("""{"type":"pong"}""");
    }

    [Fact]
    public async Task A_client_that_reads_again_after_a_minute_sees_that_it_lagged_and_is_closed_with_3008_and_its_cursor()
    {
        var clock = new ManualClock();
        await using var server = await RunningServer.StartAsync(
            options => options with { Limits = options.Limits with { KeepAliveInterval = TimeSpan.FromHours(1) } }, clock: clock);
        using var stuck = await NeverReadingAsync(server);
        using var healthy = await server.ConnectAsync();
        await healthy.AskAsync("""{"type":"subscribe"}""");
        for (var i = 0; i < 40; i++) await server.TellAsync("btc", EventKind.NewTransaction, "btc1a", 1000);
        await healthy.ReceiveSequencesAsync(40_000);
        // the kernel may still take something while this clock runs fast, and the minute begins anew
        await Eventually.HoldsAsync(async () =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return (await server.Http.GetStringAsync("/metrics")).Contains("belfry_delivery_slow_closed_total 1", StringComparison.Ordinal);
        });
        var (last, lagged) = (0L, default(JsonElement?));
        while (true)
        {
            var (first, payload) = await RawSocket.ReadFrameAsync(stuck.GetStream());
            if (first == 0x88)
            {
                ((payload[0] << 8) | payload[1]).ShouldBe(CloseCodes.Slow);
                Encoding.UTF8.GetString(payload.AsSpan(2)).ShouldBe($$"""{"reason":"slow","seq":{{last}}}""");
                break;
            }

            using var message = JsonDocument.Parse(payload);
            if (message.RootElement.GetProperty("type").GetString() == "event") message.RootElement.GetProperty("seq").GetInt64().ShouldBe(++last);
            else lagged = message.RootElement.Clone();
        }

        last.ShouldBeInRange(1, 39_999);
        lagged!.Value.GetProperty("type").GetString().ShouldBe("lagged");
        lagged.Value.GetProperty("seq").GetInt64().ShouldBe(last);
        lagged.Value.GetProperty("head").GetInt64().ShouldBe(40_000);
    }

    [Fact]
    public async Task A_client_that_paused_catches_up_by_paging_and_is_told_so()
    {
        await using var server = await RunningServer.StartAsync(options => options with { Delivery = new DeliveryOptions { LagBytes = 100_000, WindowBytes = 200_000 } });
        using var client = await server.ConnectAsync();
        await client.AskAsync("""{"type":"subscribe"}""");
        const int count = 40_000;
        for (var i = 0; i < count; i += 1000) await server.TellAsync("btc", EventKind.NewTransaction, "btc1a", 1000);
        var (sequences, lagged) = (new List<long>(), 0);
        while (sequences.Count < count)
        {
            var message = await client.ReceiveJsonAsync();
            if (message.GetProperty("type").GetString() == "lagged") lagged++;
            else sequences.Add(message.GetProperty("seq").GetInt64());
        }

        sequences.ShouldBe(Enumerable.Range(1, count).Select(number => (long)number));
        lagged.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Shutdown_sends_what_is_due_closes_with_3001_and_the_cursor_and_is_quick()
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await server.ConnectAsync();
        await client.AskAsync("""{"type":"subscribe"}""");
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1a", 500);
        var watch = Stopwatch.StartNew();
        var stopping = server.StopAsync();
        (await client.ReceiveSequencesAsync(500))[^1].ShouldBe(500);
        (await client.ReceiveAsync()).ShouldBeNull();
        ((int)client.Socket.CloseStatus!).ShouldBe(CloseCodes.Shutdown);
        client.Socket.CloseStatusDescription.ShouldBe("""{"reason":"shutdown","seq":500}""");
        await stopping;
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(25), "nobody is waited for until the shutdown's own limit");
    }

    // A raw socket: the framework's client would read ahead by itself.
    static async Task<TcpClient> NeverReadingAsync(RunningServer server)
    {
        var raw = await RawSocket.OpenAsync(server.Base);
        await raw.GetStream().WriteAsync(RawSocket.Frame(0x81, Encoding.UTF8.GetBytes("""{"type":"subscribe"}""")));
        await Eventually.HoldsAsync(() => server.Hub.ReaderCount == 1);
        await RawSocket.ReadFrameAsync(raw.GetStream());
        return raw;
    }
}
