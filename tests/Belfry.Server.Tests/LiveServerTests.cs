using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Belfry.Server.Tests.Fixtures;
using Shouldly;

namespace Belfry.Server.Tests;

/// <summary>The server as it ships, from a node to a socket.</summary>
public sealed class LiveServerTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("belfry-live-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_client_resumes_after_a_restart_and_has_every_event_once_and_in_order()
    {
        var chain = new LiveChain(1);
        var script = LiveChain.Fresh(1);
        var events = new List<JsonElement>();
        await using (var before = await LiveServer.StartAsync(folder, chain))
        {
            await before.WatchAsync(chain.AddressOf(script));
            using var client = await before.ConnectAsync();
            await client.AskAsync("""{"type":"subscribe","after":0}""");
            chain.Pay(script);
            chain.Pay(script);
            await ReadUntilAsync(client, events, found => Count(found, "new_payment") >= 1);
        }

        var whileAway = chain.Pay(script).ToString();
        chain.Chain.Mine(2);
        await using var after = await LiveServer.StartAsync(folder, chain);
        using var again = await after.ConnectAsync();
        await again.AskAsync($$"""{"type":"subscribe","after":{{events[^1].GetProperty("seq").GetInt64()}}}""");
        chain.Pay(script);
        chain.Chain.Mine(6);
        await ReadUntilAsync(again, events, found => found.Count(each => Kind(each) == "verified_tx" && Data(each, "confirmations") == "6") >= 4);
        events.Select(each => each.GetProperty("seq").GetInt64()).ShouldBe(Enumerable.Range(1, events.Count).Select(number => (long)number));
        events.Select(each => each.GetProperty("id").GetString()).ShouldBeUnique();
        Count(events, "new_payment").ShouldBe(4);
        events.ShouldContain(each => Kind(each) == "new_payment" && Data(each, "tx_hash") == whileAway);
    }

    [Fact]
    public async Task A_payment_right_after_the_answer_to_a_watch_is_never_missed()
    {
        var chain = new LiveChain(2);
        await using var server = await LiveServer.StartAsync(folder, chain);
        using var client = await server.ConnectAsync();
        await client.AskAsync("""{"type":"subscribe","events":["new_payment"]}""");
        var expected = new List<string>();
        for (var number = 0; number < 60; number++)
        {
            var script = LiveChain.Fresh(number);
            var watch = await server.WatchAsync(chain.AddressOf(script));
            expected.Add($"{chain.AddressOf(script)} {chain.Pay(script)}");
            watch.GetProperty("seq").GetInt64().ShouldBeGreaterThanOrEqualTo(0);
            if (number % 10 == 9) chain.Chain.Mine();
        }

        var events = new List<JsonElement>();
        await ReadUntilAsync(client, events, found => found.Count >= expected.Count);
        events.Select(each => $"{Data(each, "address")} {Data(each, "tx_hash")}").ShouldBe(expected, ignoreOrder: true);
    }

    [Fact]
    public async Task A_hundred_thousand_watches_are_imported_in_one_request_while_payments_flow_and_none_is_missed()
    {
        const int Watches = 100_000;
        var chain = new LiveChain(3);
        await using var server = await LiveServer.StartAsync(folder, chain);
        var busy = LiveChain.Fresh(-1);
        await server.WatchAsync(chain.AddressOf(busy));
        using var client = await server.ConnectAsync();
        await client.AskAsync("""{"type":"subscribe","events":["new_payment"]}""");
        var body = new StringBuilder();
        for (var number = 0; number < Watches; number++) body.Append($$"""{"chain":"btc","address":"{{chain.AddressOf(LiveChain.Fresh(number))}}"}""").Append('\n');
        using var content = new StringContent(body.ToString(), Encoding.UTF8, "application/x-ndjson");
        var importing = server.Http.PostAsync("/api/v1/watches/import", content);
        var expected = new List<string>();
        var events = new List<JsonElement>();
        while (!importing.IsCompleted || expected.Count < 30)
        {
            expected.Add(chain.Pay(busy).ToString());
            if (expected.Count % 20 == 0) chain.Chain.Mine();
            // One at a time: the import must leave room for what happens meanwhile.
            await ReadUntilAsync(client, events, found => found.Count >= expected.Count);
        }

        using var answer = await importing;
        answer.EnsureSuccessStatusCode();
        var lines = (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(Watches);
        lines.ShouldAllBe(line => line.Contains("\"ok\":true", StringComparison.Ordinal));
        foreach (var number in new[] { 0, 1, 49_999, Watches - 1 }) expected.Add(chain.Pay(LiveChain.Fresh(number)).ToString());
        await ReadUntilAsync(client, events, found => found.Count >= expected.Count);
        events.Select(each => Data(each, "tx_hash")).ShouldBe(expected);
    }

    [Fact]
    public async Task A_watch_from_a_height_tells_what_was_paid_before_it_and_a_removed_one_tells_nothing()
    {
        var chain = new LiveChain(4);
        var (watched, control) = (LiveChain.Fresh(1), LiveChain.Fresh(2));
        var old = chain.Pay(watched).ToString();
        chain.Chain.Mine(3);
        await using var server = await LiveServer.StartAsync(folder, chain);
        using var client = await server.ConnectAsync();
        await client.AskAsync("""{"type":"subscribe","events":["new_payment"]}""");
        await server.WatchAsync(chain.AddressOf(control));
        var id = (await server.WatchAsync(chain.AddressOf(watched), fromHeight: 0)).GetProperty("id").GetString();
        var events = new List<JsonElement>();
        await ReadUntilAsync(client, events, found => found.Count >= 1);
        Data(events[0], "tx_hash").ShouldBe(old);
        Data(events[0], "catchup").ShouldBe("True");
        var live = chain.Pay(watched).ToString();
        await ReadUntilAsync(client, events, found => found.Count >= 2);
        Data(events[1], "tx_hash").ShouldBe(live);

        using var removed = await server.Http.DeleteAsync(new Uri($"/api/v1/watches/{id}", UriKind.Relative));
        removed.EnsureSuccessStatusCode();
        chain.Pay(watched);
        var last = chain.Pay(control).ToString();
        await ReadUntilAsync(client, events, found => found.Count >= 3);
        Data(events[2], "tx_hash").ShouldBe(last);
        var balance = await server.Http.GetFromJsonAsync<JsonElement>(new Uri($"/api/v1/addresses/btc/{chain.AddressOf(control)}", UriKind.Relative));
        balance.GetProperty("balance").GetProperty("unconfirmed").GetString().ShouldBe("0.0001");
    }

    static async Task ReadUntilAsync(SocketClient client, List<JsonElement> events, Func<List<JsonElement>, bool> enough)
    {
        while (!enough(events))
        {
            var message = await client.ReceiveJsonAsync();
            if (message.GetProperty("type").GetString() == "event") events.Add(message);
        }
    }

    static int Count(List<JsonElement> events, string kind) => events.Count(each => Kind(each) == kind);

    static string Kind(JsonElement message) => Data(message, "event");

    static string Data(JsonElement message, string field) => message.GetProperty("data").GetProperty(field).ToString();
}
