using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Belfry.Cli;
using Belfry.Server.Tests.EndToEnd;
using Belfry.TestKit.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;

namespace Belfry.Server.Tests.Cli;

/// <summary><c>belfry trigger</c> on the simulated chain of a built server.</summary>
public sealed class TriggerTests(DemoServer demo) : IClassFixture<DemoServer>
{
    [Theory]
    [InlineData("payment --rbf --reorg-after 200ms --confirmations 6", "new_transaction new_payment transaction_replaced new_transaction new_payment verified_tx transaction_reorged verified_tx")]
    [InlineData("late --after 100ms", "new_transaction new_payment verified_tx")]
    [InlineData("underpaid --then-rest", "new_transaction new_payment verified_tx new_transaction new_payment verified_tx")]
    [InlineData("overpaid", "new_transaction new_payment verified_tx")]
    [InlineData("replaced", "new_transaction new_payment transaction_replaced")]
    [InlineData("double-spend", "new_transaction new_payment transaction_replaced")]
    [InlineData("dropped", "new_transaction new_payment transaction_dropped")]
    [InlineData("orphaned", "new_transaction new_payment verified_tx transaction_reorged transaction_replaced")]
    public async Task A_whole_life_is_played_and_told(string line, string expected)
    {
        var seen = await Typed.EndedAsync(["trigger", .. line.Split(' '), "--json", "--amount", "0.5", "--server", demo.Url]);
        seen.ExitCode.ShouldBe(ExitCodes.Done, seen.Out + seen.Error);
        var end = seen.Json[^1];
        end.GetProperty("ok").GetBoolean().ShouldBeTrue();
        end.GetProperty("expected").EnumerateArray().Select(item => item.GetProperty("what").GetString()!.Split(',')[0]).ShouldBe(expected.Split(' '));
        var told = seen.Json.Where(entry => entry.TryGetProperty("told", out _)).Select(entry => entry.GetProperty("told").GetProperty("data").GetProperty("event").GetString()).ToList();
        foreach (var kind in expected.Split(' ')) told.ShouldContain(kind);
        seen.Json.Select(entry => entry.GetProperty("at").GetDouble()).ShouldBeInOrder();
    }

    [Fact]
    public async Task Amounts_are_what_the_scenario_says()
    {
        var under = await Typed.EndedAsync(["trigger", "underpaid", "--json", "--amount", "1", "--server", demo.Url]);
        Paid(under).ShouldBe(["0.6"]);
        var over = await Typed.EndedAsync(["trigger", "overpaid", "--json", "--amount", "1", "--server", demo.Url]);
        Paid(over).ShouldBe(["1.5"]);
    }

    [Fact]
    public async Task The_timeline_is_readable_and_the_list_names_everything()
    {
        var seen = await Typed.EndedAsync(["trigger", "payment", "--server", demo.Url]);
        seen.Out.ShouldMatch(@"0\.\d{3} s  pay 0\.05 BTC to bcrt1q\w+  tx [0-9a-f]{64}");
        seen.Out.ShouldContain("told      new_payment");
        seen.Out.ShouldNotContain('\e');
        var list = await Typed.EndedAsync(["trigger", "--list"]);
        foreach (var scenario in Belfry.Cli.Triggering.Scenario.All) list.Out.ShouldContain(scenario.Name);
    }

    [Fact]
    public async Task Payments_go_where_they_are_sent()
    {
        // of those who have money themselves too: nobody pays himself
        foreach (var owner in (string[])["shop", "alice", "bob"])
        {
            var payee = await demo.AddressAsync(owner);
            var seen = await Typed.EndedAsync(["trigger", "payment", "--to", payee, "--patience", "10s", "--server", demo.Url]);
            seen.ExitCode.ShouldBe(ExitCodes.Done, seen.Out + seen.Error);
            seen.Out.ShouldContain($"to {payee}");
        }
    }

    [Theory]
    [InlineData("payment --reorg-after soon", ExitCodes.Usage, "--reorg-after")]
    [InlineData("payment --amount much", ExitCodes.Usage, "--amount")]
    [InlineData("payment --amount 100000000", ExitCodes.Refused, "nobody on the simulated chain has as much")]
    [InlineData("payment --to nonsense", ExitCodes.Refused, "address")]
    [InlineData("payment --chain doge", ExitCodes.Refused, "does not follow 'doge'")]
    [InlineData("nonsense", ExitCodes.Usage, "nonsense")]
    public async Task What_cannot_be_triggered_is_refused_with_the_reason(string line, int code, string told)
    {
        var refused = await Typed.EndedAsync(["trigger", .. line.Split(' '), "--server", demo.Url]);
        refused.ExitCode.ShouldBe(code, refused.Out + refused.Error);
        refused.Error.ShouldContain(told);
        refused.Error.ShouldNotContain("   at ");
    }

    [Theory]
    [InlineData("""{"deed":"rob"}""", 400, "deed")]
    [InlineData("""{"deed":"pay","to":"x","amount":"1"}""", 422, "to")]
    [InlineData("""{"deed":"pay","to":"bcrt1q5n2k3frgpxces3dsw4qfpqk4kksv0cz96pldxdwxrrw0d5ud5hcqzzx7zt","amount":1}""", 422, "amount")]
    [InlineData("""{"deed":"mine","blocks":100000}""", 422, "blocks")]
    [InlineData("""{"deed":"mine","blocks":1.5}""", 422, "blocks")]
    [InlineData("""{"deed":"reorg","depth":101}""", 422, "depth")]
    [InlineData("""{"deed":"drop","tx_hash":"00"}""", 422, "tx_hash")]
    [InlineData("""{"deed":"drop","tx_hash":"0000000000000000000000000000000000000000000000000000000000000000"}""", 422, "tx_hash")]
    [InlineData("""{"deed":"replace","tx_hash":"0000000000000000000000000000000000000000000000000000000000000000","pays_you":1}""", 422, "pays_you")]
    [InlineData("""{"deeds":"mine"}""", 400, "deeds")]
    public async Task A_deed_that_cannot_be_done_names_its_field(string body, int status, string field)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await demo.Http.PostAsync("/api/v1/chains/btc/simulate", content, TestContext.Current.CancellationToken);
        ((int)response.StatusCode).ShouldBe(status);
        (await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("errors")[0].GetProperty("where").GetString().ShouldBe(field);
    }

    static IEnumerable<string?> Paid(Typed seen) => seen.Json.Where(entry => entry.TryGetProperty("told", out _)).Select(entry => entry.GetProperty("told").GetProperty("data"))
        .Where(data => data.GetProperty("event").GetString() == "new_payment").Select(data => data.GetProperty("amount").GetString());
}

/// <summary><c>belfry trigger</c> on a real regtest node.</summary>
public sealed class TriggerOnNodeTests
{
    [Fact]
    public async Task A_regtest_node_plays_every_scenario_and_a_chain_that_follows_a_node_cannot_be_simulated()
    {
        await using var node = await LitecoindNode.StartNewAsync(new LitecoindOptions { WithoutMweb = true, TransactionIndex = false });
        await using var server = await BelfryProcess.StartAsync(new ChainSetup(node, ByPeer: true));
        foreach (var line in (string[])["payment --rbf --reorg-after 100ms", "late --after 50ms", "underpaid", "replaced", "double-spend", "orphaned", "dropped"])
        {
            var seen = await Typed.EndedAsync(["trigger", .. line.Split(' '), "--rpc", node.RpcSetting, "--server", server.Base.ToString()]);
            seen.ExitCode.ShouldBe(ExitCodes.Done, $"{line}\n{seen.Out}\n{seen.Error}");
        }

        using var content = new StringContent("""{"deed":"mine"}""", System.Text.Encoding.UTF8, "application/json");
        using var refused = await server.Http.PostAsync(new Uri("api/v1/chains/ltc/simulate", UriKind.Relative), content, TestContext.Current.CancellationToken);
        refused.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("follows a real network (regtest)");
        var unnamed = await Typed.EndedAsync(["trigger", "payment", "--server", server.Base.ToString()]);
        unnamed.ExitCode.ShouldBe(ExitCodes.Usage);
        unnamed.Error.ShouldContain("BELFRY__Chains__ltc__Rpc");
    }

    [Fact]
    public async Task A_node_that_says_it_is_on_another_network_is_not_touched()
    {
        const string Network = "main";
        await using var node = await LitecoindNode.StartNewAsync();
        await using var server = await BelfryProcess.StartAsync(new ChainSetup(node));
        using var port = FreePort.Lease();
        var called = new System.Collections.Concurrent.ConcurrentBag<string>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://{port}");
        await using var pretender = builder.Build();
        pretender.MapPost("/", async (HttpRequest request) =>
        {
            var call = await JsonSerializer.DeserializeAsync<JsonElement>(request.Body);
            called.Add(call.GetProperty("method").GetString()!);
            return Results.Text($$"""{"result":{"chain":"{{Network}}","blocks":1},"error":null,"id":{{call.GetProperty("id")}}}""", "application/json");
        });
        await pretender.StartAsync(TestContext.Current.CancellationToken);
        var refused = await Typed.EndedAsync(["trigger", "payment", "--rpc", $"http://{port}", "--server", server.Base.ToString()]);
        refused.ExitCode.ShouldBe(ExitCodes.Refused, refused.Error);
        refused.Error.ShouldContain($"is on '{Network}'");
        called.ShouldBe(["getblockchaininfo"]);
    }
}
