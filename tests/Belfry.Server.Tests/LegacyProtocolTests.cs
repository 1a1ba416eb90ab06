using Belfry.Core.Journal;
using Belfry.Server.Tests.Fixtures;
using Shouldly;

namespace Belfry.Server.Tests;

/// <summary>The messages that existing clients of the older system send and expect, byte for byte; new fields stand only behind the old ones.</summary>
public sealed class LegacyProtocolTests
{
    [Fact]
    public async Task Subscribe_is_confirmed_with_the_same_events_and_the_position()
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await server.ConnectAsync();
        (await client.AskAsync("""{"type":"subscribe","events":["new_transaction","new_block"]}"""))
            .ShouldBe($$"""{"type":"subscription_confirmed","events":["new_transaction","new_block"],"seq":0,"epoch":"{{server.Hub.Epoch}}"}""");
    }

    [Fact]
    public async Task Ping_is_answered_with_pong()
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await server.ConnectAsync();
        (await client.AskAsync("""{"type":"ping"}""")).ShouldBe("""{"type":"pong"}""");
        (await client.AskAsync("""{"type":"ping","id":7}""")).ShouldBe("""{"type":"pong","id":7}""");
    }

    [Fact]
    public async Task Status_has_the_four_fields_in_their_order()
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await server.ConnectAsync();
        (await client.AskAsync("""{"type":"get_status"}""")).ShouldStartWith(
            """{"type":"status","data":{"running":true,"connected_websockets":1,"monitored_currencies":["BTC","LTC"],"total_addresses":0""");
        await server.Chains.Tracker("btc").StopAsync(CancellationToken.None);
        await server.Chains.Tracker("ltc").StopAsync(CancellationToken.None);
        (await client.AskAsync("""{"type":"get_status"}""")).ShouldStartWith("""{"type":"status","data":{"running":false,""");
    }

    [Theory]
    [InlineData("""{"type":"dance"}""", """{"error":"Unknown message type: dance"}""")]
    [InlineData("""{}""", """{"error":"Unknown message type: None"}""")]
    [InlineData("""{"type":null}""", """{"error":"Unknown message type: None"}""")]
    [InlineData("""{not json""", """{"error":"Invalid JSON format"}""")]
    [InlineData("", """{"error":"Invalid JSON format"}""")]
    [InlineData("[1,2]", """{"error":"Invalid JSON format"}""")]
    [InlineData("""{"type":"\ud800"}""", """{"error":"Invalid JSON format"}""")]
    public async Task A_wrong_message_gets_the_old_error_and_the_connection_stays(string message, string answer)
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await server.ConnectAsync();
        (await client.AskAsync(message)).ShouldBe(answer);
        (await client.AskAsync("""{"type":"ping"}""")).ShouldBe("""{"type":"pong"}""");
    }

    [Fact]
    public async Task An_event_has_the_envelope_with_unix_seconds()
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await server.ConnectAsync();
        await client.AskAsync("""{"type":"subscribe","events":["new_transaction"]}""");
        await server.TellAsync("btc", EventKind.NewBlock, null);
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1alice");
        (await client.ReceiveAsync()).ShouldBe(
            $$"""{"type":"event","id":"btc-2","seq":2,"data":{{RunningServer.EventJson(2, "btc", EventKind.NewTransaction, "btc1alice", "0.001")}},"timestamp":1640995200.123}""");
    }

    [Fact]
    public async Task Health_has_the_three_fields_first()
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await server.ConnectAsync();
        await client.AskAsync("""{"type":"ping"}""");
        (await server.Http.GetStringAsync("/health")).ShouldStartWith("""{"status":"healthy","event_listener_running":true,"connected_websockets":1,""");
    }

    [Fact]
    public async Task Nothing_is_told_before_subscribing_and_nothing_after_unsubscribing()
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await server.ConnectAsync();
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1alice");
        (await client.AskAsync("""{"type":"ping"}""")).ShouldBe("""{"type":"pong"}""");
        await client.AskAsync("""{"type":"subscribe"}""");
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1alice");
        (await client.ReceiveSequencesAsync(1)).ShouldBe([2]);
        (await client.AskAsync("""{"type":"unsubscribe","id":"u"}""")).ShouldBe($$"""{"type":"unsubscribed","id":"u","seq":2,"epoch":"{{server.Hub.Epoch}}"}""");
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1alice");
        (await client.AskAsync("""{"type":"ping"}""")).ShouldBe("""{"type":"pong"}""");
    }
}
