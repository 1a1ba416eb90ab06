using System.Diagnostics.Metrics;
using System.Net;
using System.Text;
using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Ledger;
using Belfry.Server.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;

namespace Belfry.Server.Tests;

public sealed class RestTests
{
    static readonly string Hash = new('c', 64);

    [Fact]
    public async Task A_watch_is_stored_once_listed_and_removed()
    {
        await using var server = await RunningServer.StartAsync();
        var (status, watch) = await PostAsync(server, "/api/v1/watches", """{"chain":"btc","address":"BTC1Alice","from_height":0,"label":"till 7"}""");
        status.ShouldBe(HttpStatusCode.Created);
        watch.GetProperty("chain").GetString().ShouldBe("btc");
        watch.GetProperty("address").GetString().ShouldBe("btc1alice");
        watch.GetProperty("script").GetString().ShouldBe(Convert.ToHexStringLower("btc1alice"u8));
        watch.GetProperty("seq").GetInt64().ShouldBe(0);
        (await PostAsync(server, "/api/v1/watches", """{"chain":"BTC","address":"btc1alice"}""")).Status.ShouldBe(HttpStatusCode.OK);
        server.Chains.Tracker("btc").Watched.Count.ShouldBe(1);
        var id = watch.GetProperty("id").GetString();
        var list = await GetAsync(server, "/api/v1/watches?chain=btc");
        list.GetProperty("watches").EnumerateArray().Select(item => item.GetProperty("id").GetString()).ShouldBe([id]);
        (await server.Http.DeleteAsync($"/api/v1/watches/{id}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await server.Http.DeleteAsync($"/api/v1/watches/{id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        server.Chains.Tracker("btc").Unwatched.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("""{"chain":"btc","adress":"btc1a"}""", "adress: unknown field", "did you mean 'address'?")]
    [InlineData("""{"chain":"btcc","address":"btc1a"}""", "chain:", "did you mean 'btc'?")]
    [InlineData("""{"chain":"btc","address":"ltc1a"}""", "address: the address does not start with btc1", "expected an address of btc regtest")]
    [InlineData("""{"chain":"btc","address":"btc1a","from_height":-1}""", "from_height: not a block height", "from now on")]
    [InlineData("""{"chain":"btc","chain":"ltc","address":"btc1a"}""", "body: not JSON", "a JSON object")]
    [InlineData("""{"chain":"btc""", "body: not JSON", "a JSON object")]
    public async Task A_wrong_watch_says_where_and_what_was_expected(string body, string problem, string expected)
    {
        await using var server = await RunningServer.StartAsync();
        var (status, answer) = await PostAsync(server, "/api/v1/watches", body);
        status.ShouldBe(HttpStatusCode.BadRequest);
        answer.GetProperty("detail").GetString()!.ShouldContain(problem);
        answer.GetProperty("detail").GetString()!.ShouldContain(expected);
    }

    [Fact]
    public async Task Import_answers_line_by_line_in_order_and_a_bad_line_is_an_answer()
    {
        await using var server = await RunningServer.StartAsync();
        const int count = 20_000;
        var lines = Enumerable.Range(0, count).Select(number => number == 777 ? "{bad" : $$"""{"chain":"btc","address":"btc1x{{number}}"}""");
        var response = await server.Http.PostAsync("/api/v1/watches/import", new StringContent(string.Join('\n', lines), Encoding.UTF8, "application/x-ndjson"));
        var answers = (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        answers.Length.ShouldBe(count);
        answers[0].ShouldStartWith("""{"line":1,"ok":true,"id":"w_""");
        answers[777].ShouldStartWith("""{"line":778,"ok":false,""");
        answers[^1].ShouldContain("\"address\":\"btc1x19999\"");
        (await server.Store.Watches.CountAsync(new ChainId("btc"), CancellationToken.None)).ShouldBe(count - 1);
    }

    [Fact]
    public async Task An_import_goes_on_while_the_client_reads_no_answer()
    {
        await using var server = await RunningServer.StartAsync();
        // The client of .NET reads only when it has sent everything; these answers are far more than what stands between the two.
        const int count = 600_000;
        var body = new StringBuilder(count * 8);
        for (var number = 0; number < count; number++) body.Append("{\"bad\"\n");
        using var content = new StringContent(body.ToString(), Encoding.UTF8, "application/x-ndjson");
        using var response = await server.Http.PostAsync("/api/v1/watches/import", content);
        using var answers = new StreamReader(await response.Content.ReadAsStreamAsync());
        for (var number = 1; number <= count; number++) (await answers.ReadLineAsync())!.ShouldStartWith("{\"line\":" + number + ",\"ok\":false,");
        (await answers.ReadLineAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task An_address_has_its_balance_and_the_position_at_which_it_holds()
    {
        await using var server = await RunningServer.StartAsync();
        await PostAsync(server, "/api/v1/watches", """{"chain":"btc","address":"btc1alice"}""");
        await CommitPaymentAsync(server);
        (await server.Http.GetStringAsync("/api/v1/addresses/btc/BTC1ALICE")).ShouldBe(
            """{"chain":"btc","address":"btc1alice","balance":{"confirmed":"0.5","unconfirmed":"0","immature":"0"},"received":"0.5","sent":"0","transactions":1,"active":false,"seq":0,"currency":"BTC","watched":true}""");
        var history = await GetAsync(server, "/api/v1/addresses/btc/btc1alice/transactions");
        var transaction = history.GetProperty("transactions")[0];
        transaction.GetProperty("tx_hash").GetString().ShouldBe(Hash);
        transaction.GetProperty("confirmations").GetInt64().ShouldBe(2);
        transaction.GetProperty("movements")[0].GetProperty("amount").GetString().ShouldBe("0.5");
        (await GetAsync(server, $"/api/v1/transactions/btc/{Hash}")).GetProperty("state").GetString().ShouldBe("confirmed");
        (await server.Http.GetAsync($"/api/v1/transactions/btc/{new string('d', 64)}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await server.Http.GetAsync("/api/v1/transactions/btc/zz")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Events_come_in_pages_with_the_same_envelopes()
    {
        await using var server = await RunningServer.StartAsync();
        for (var i = 0; i < 5; i++) await server.TellAsync(i % 2 == 0 ? "btc" : "ltc", EventKind.NewTransaction, i % 2 == 0 ? "btc1a" : "ltc1a");
        var page = await GetAsync(server, "/api/v1/events?after=1&limit=2");
        page.GetProperty("events").EnumerateArray().Select(item => item.GetProperty("seq").GetInt64()).ShouldBe([2, 3]);
        page.GetProperty("next").GetInt64().ShouldBe(3);
        page.GetProperty("more").GetBoolean().ShouldBeTrue();
        var filtered = await GetAsync(server, "/api/v1/events?address=ltc1a&event=new_transaction");
        filtered.GetProperty("events").EnumerateArray().Select(item => item.GetProperty("seq").GetInt64()).ShouldBe([2, 4]);
        filtered.GetProperty("more").GetBoolean().ShouldBeFalse();
        (await server.Http.GetAsync("/api/v1/events?limit=0")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await server.Http.GetAsync("/api/v1/events?limit=many")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await server.Http.GetAsync("/api/v1/events?event=new_blok")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Chains_are_listed_started_stopped_and_rescanned()
    {
        await using var server = await RunningServer.StartAsync();
        (await server.Http.GetStringAsync("/api/v1/chains")).ShouldStartWith(
            $$"""[{"chain":"btc","network":"regtest","height":101,"hash":"{{new string('a', 64)}}","state":"live","feed":"zmq","lag_blocks":0,""");
        (await PostAsync(server, "/api/v1/chains/btc/stop", "")).Body.GetProperty("state").GetString().ShouldBe("stopped");
        (await PostAsync(server, "/api/v1/chains/btc/start", "")).Body.GetProperty("state").GetString().ShouldBe("catching_up");
        (await PostAsync(server, "/api/v1/chains/btc/rescan", """{"from_height":7}""")).Status.ShouldBe(HttpStatusCode.Accepted);
        server.Chains.Tracker("btc").Rescans.ShouldBe([7]);
        (await PostAsync(server, "/api/v1/chains/doge/stop", "")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await PostAsync(server, "/api/v1/chains/btc/rescan", "{}")).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task One_account_neither_sees_nor_removes_what_belongs_to_another()
    {
        const string alice = "bf_alice_0123456789", bob = "bf_bob_01234567890";
        await using var server = await RunningServer.StartAsync(options => options with { ApiKeys = [alice, bob] });
        server.Http.DefaultRequestHeaders.Add("X-Api-Key", alice);
        var (_, watch) = await PostAsync(server, "/api/v1/watches", """{"chain":"btc","address":"btc1alice"}""");
        await CommitPaymentAsync(server);
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1alice");
        server.Http.DefaultRequestHeaders.Remove("X-Api-Key");
        server.Http.DefaultRequestHeaders.Add("X-Api-Key", bob);
        (await server.Http.DeleteAsync($"/api/v1/watches/{watch.GetProperty("id").GetString()}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await GetAsync(server, "/api/v1/watches")).GetProperty("watches").GetArrayLength().ShouldBe(0);
        (await GetAsync(server, "/api/v1/events")).GetProperty("events").GetArrayLength().ShouldBe(0);
        (await GetAsync(server, "/api/v1/addresses/btc/btc1alice")).GetProperty("received").GetString().ShouldBe("0");
        (await server.Http.GetAsync($"/api/v1/transactions/btc/{Hash}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var client = await server.ConnectAsync(headers: [("X-Api-Key", bob)]);
        await client.AskAsync("""{"type":"subscribe","after":0}""");
        await server.TellAsync("btc", EventKind.NewBlock, null);
        (await client.ReceiveSequencesAsync(1)).ShouldBe([2]);
    }

    [Fact]
    public async Task Health_metrics_and_description_are_there_and_headers_are_strict()
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await server.ConnectAsync();
        await client.AskAsync("""{"type":"subscribe"}""");
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1a");
        await client.ReceiveSequencesAsync(1);
        // The pipelines count with a meter of the server's factory.
        server.Services.GetRequiredService<IMeterFactory>().Create("Belfry").CreateCounter<long>("belfry.mempool.transactions").Add(7);
        var metrics = await server.Http.GetStringAsync("/metrics");
        metrics.ShouldContain("\nbelfry_mempool_transactions_total 7\n");
        metrics.ShouldContain("\nbelfry_connections 1\n");
        metrics.ShouldContain("\nbelfry_journal_head 1\n");
        metrics.ShouldContain("\nbelfry_delivery_events_total 1\n");
        metrics.ShouldContain("\nbelfry_chain_height{chain=\"btc\"} 101\n");
        (await server.Http.GetAsync("/health/live")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await server.Http.GetAsync("/health/ready")).StatusCode.ShouldBe(HttpStatusCode.OK);
        var paths = (await GetAsync(server, "/openapi/v1.json")).GetProperty("paths").EnumerateObject().Select(path => path.Name).ToList();
        paths.ShouldContain("/api/v1/watches");
        paths.ShouldContain("/api/v1/addresses/{chain}/{address}");
        var response = await server.Http.GetAsync("/nowhere");
        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        response.Headers.Contains("Server").ShouldBeFalse();
        response.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        response.Headers.GetValues("Content-Security-Policy").Single().ShouldContain("frame-ancestors 'none'");
        (await server.Http.PutAsync("/api/v1/watches", null)).StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        (await server.Http.PostAsync("/api/v1/watches", new ByteArrayContent(new byte[300_000]))).StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await server.Http.GetAsync("/ws/events")).StatusCode.ShouldBe(HttpStatusCode.UpgradeRequired);
    }

    static async Task CommitPaymentAsync(RunningServer server)
    {
        var script = ScriptedChains.ScriptOf("btc1alice");
        var transaction = new LedgerTransaction
        {
            Chain = new ChainId("btc"),
            Id = TxHash.Parse(Hash),
            State = TxState.Confirmed,
            Block = new BlockRef(100, BlockHash.Parse(new string('b', 64))),
            Position = 1,
            FirstSeen = DateTimeOffset.UnixEpoch,
            Movements = [new Movement(script, "btc1alice", 50_000_000, 0, null, "btc1alice")],
        };
        await server.Store.Ledger.CommitAsync(
            new LedgerBatch
            {
                Chain = new ChainId("btc"),
                Transactions = [transaction],
                Balances = new Dictionary<Script, Balance> { [script] = new(50_000_000, 0, 0, 50_000_000, 0, 1) },
            }, CancellationToken.None);
    }

    static async Task<JsonElement> GetAsync(RunningServer server, string path)
    {
        using var document = JsonDocument.Parse(await server.Http.GetStringAsync(path));
        return document.RootElement.Clone();
    }

    static async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(RunningServer server, string path, string body)
    {
        var response = await server.Http.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));
        using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return (response.StatusCode, document.RootElement.Clone());
    }
}
