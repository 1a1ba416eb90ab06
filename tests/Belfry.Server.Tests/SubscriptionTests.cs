using Belfry.Core.Chains;
using Belfry.Core.Delivery;
using Belfry.Core.Journal;
using Belfry.Core.Listeners;
using Belfry.Server.Tests.Fixtures;
using Belfry.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;

namespace Belfry.Server.Tests;

public sealed class SubscriptionTests
{
    static readonly ChainId Btc = new("btc");

    [Fact]
    public async Task Only_what_was_asked_for_arrives()
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await server.ConnectAsync();
        await client.AskAsync("""{"type":"subscribe","events":["new_payment"],"currencies":["BTC"],"filter":{"amount":">=0.5 && <10"}}""");
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1a", amount: "1");
        await server.TellAsync("ltc", EventKind.NewPayment, "ltc1a", amount: "1");
        await server.TellAsync("btc", EventKind.NewPayment, "btc1a", amount: "0.49999999");
        await server.TellAsync("btc", EventKind.NewPayment, "btc1a", amount: "0.50");
        await server.TellAsync("btc", EventKind.NewPayment, "btc1a", amount: "10.0");
        await server.TellAsync("btc", EventKind.NewPayment, "btc1a", amount: "9.99999999");
        (await client.ReceiveSequencesAsync(2)).ShouldBe([4, 6]);
    }

    [Fact]
    public async Task A_subscription_with_addresses_hears_of_them_and_of_blocks_only()
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await server.ConnectAsync();
        var confirmed = await client.AskAsync("""{"type":"subscribe","id":"s","currencies":["btc"],"addresses":["BTC1ALICE","btc1bob","nonsense"]}""");
        confirmed.ShouldContain("""
            "addresses":2,"refused":[{"address":"nonsense","error":"the address does not start with btc1"}]
            """.Trim());
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1carol");
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1alice");
        await server.TellAsync("btc", EventKind.NewBlock, null);
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1bob");
        (await client.ReceiveSequencesAsync(3)).ShouldBe([2, 3, 4]);
    }

    [Fact]
    public async Task Addresses_are_added_and_removed_and_followed_and_active_while_the_connection_lives()
    {
        await using var server = await RunningServer.StartAsync();
        var active = server.Services.GetRequiredService<IActiveAddresses>();
        using (var client = await server.ConnectAsync())
        {
            await client.AskAsync("""{"type":"subscribe","currencies":["BTC"],"addresses":[]}""");
            (await client.AskAsync("""{"type":"add_addresses","id":1,"addresses":["btc1a","btc1b","BTC1A"]}"""))
                .ShouldBe($$"""{"type":"addresses_added","id":1,"added":2,"total":2,"seq":0,"epoch":"{{server.Hub.Epoch}}"}""");
            server.Chains.Tracker("btc").Watched.Count.ShouldBe(2);
            active.IsActive(Btc, ScriptedChains.ScriptOf("btc1a")).ShouldBeTrue();
            (await client.AskAsync("""{"type":"remove_addresses","id":2,"addresses":["btc1a"]}""")).ShouldContain("""
                "removed":1,"total":1
                """.Trim());
            active.IsActive(Btc, ScriptedChains.ScriptOf("btc1a")).ShouldBeFalse();
            await server.TellAsync("btc", EventKind.NewTransaction, "btc1a");
            await server.TellAsync("btc", EventKind.NewTransaction, "btc1b");
            (await client.ReceiveSequencesAsync(1)).ShouldBe([2]);
            client.Socket.Abort();
        }

        await Eventually.HoldsAsync(() => !active.IsActive(Btc, ScriptedChains.ScriptOf("btc1b")));
        (await server.Store.Watches.CountAsync(Btc, CancellationToken.None)).ShouldBe(2);
    }

    [Fact]
    public async Task Subscribing_again_replaces_the_subscription_and_releases_its_addresses()
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await server.ConnectAsync();
        await client.AskAsync("""{"type":"subscribe","addresses":["btc1a","btc1b"]}""");
        await client.AskAsync("""{"type":"subscribe","addresses":["btc1b","ltc1c"]}""");
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1a");
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1b");
        await server.TellAsync("ltc", EventKind.NewTransaction, "ltc1c");
        (await client.ReceiveSequencesAsync(2)).ShouldBe([2, 3]);
        var active = server.Services.GetRequiredService<IActiveAddresses>();
        await Eventually.HoldsAsync(async () => await active.ReadStatsAsync(Btc, CancellationToken.None) == new ActiveAddressStats(1, 1));
    }

    [Fact]
    public async Task A_hundred_thousand_addresses_in_one_subscription_route_to_it()
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await server.ConnectAsync();
        await client.AskAsync("""{"type":"subscribe","currencies":["BTC"],"events":["new_transaction"],"addresses":[]}""");
        const int count = 100_000;
        foreach (var chunk in Enumerable.Range(0, count).Chunk(2500))
        {
            var list = string.Join(',', chunk.Select(number => $"\"btc1x{number}\""));
            (await client.AskAsync($$"""{"type":"add_addresses","addresses":[{{list}}]}""")).ShouldContain("\"added\":2500");
        }

        (await client.AskAsync("""{"type":"remove_addresses","addresses":["btc1x99999"]}""")).ShouldContain("\"total\":99999");
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1x99999");
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1x0");
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1x77777");
        (await client.ReceiveSequencesAsync(2)).ShouldBe([2, 3]);
    }

    [Fact]
    public async Task Resuming_replays_everything_once_and_goes_on_live()
    {
        await using var server = await RunningServer.StartAsync(options => options with { Delivery = new DeliveryOptions { WindowBytes = 20_000, PageSize = 100 } });
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1a", 3000);
        using var client = await server.ConnectAsync();
        var talking = Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++) await server.TellAsync("btc", EventKind.NewTransaction, "btc1a", 5);
        });
        (await client.AskAsync("""{"type":"subscribe","after":10}""")).ShouldContain("\"seq\":10,");
        (await client.ReceiveSequencesAsync(3990)).ShouldBe(Enumerable.Range(11, 3990).Select(number => (long)number));
        await talking;
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1a");
        (await client.ReceiveSequencesAsync(1)).ShouldBe([4001]);
    }

    [Fact]
    public async Task Resuming_with_addresses_replays_only_theirs()
    {
        await using var server = await RunningServer.StartAsync(options => options with { Delivery = new DeliveryOptions { WindowBytes = 5_000, PageSize = 50 } });
        for (var i = 0; i < 300; i++) await server.TellAsync("btc", EventKind.NewTransaction, i % 3 == 0 ? "btc1a" : "btc1b");
        using var client = await server.ConnectAsync();
        await client.AskAsync("""{"type":"subscribe","after":0,"addresses":["btc1a"]}""");
        (await client.ReceiveSequencesAsync(100)).ShouldBe(Enumerable.Range(0, 100).Select(number => number * 3L + 1));
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1a");
        (await client.ReceiveSequencesAsync(1)).ShouldBe([301]);
    }

    [Theory]
    [InlineData("\"after\":5", "in the future")]
    [InlineData("\"after\":1,\"epoch\":\"another\"", "the store was replaced")]
    public async Task A_cursor_of_another_journal_is_refused_with_a_way_out(string cursor, string message)
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await server.ConnectAsync();
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1a");
        var error = await client.AskAsync("{\"type\":\"subscribe\",\"id\":1," + cursor + "}");
        error.ShouldContain("\"code\":112");
        error.ShouldContain(message);
        error.ShouldContain("\"hint\":");
    }

    [Theory]
    [InlineData("""{"type":"subscribe","events":["new_transactoin"]}""", "did you mean \\u0027new_transaction\\u0027?")]
    [InlineData("""{"type":"subscribe","currencies":["BTCC"]}""", "did you mean")]
    [InlineData("""{"type":"subscribe","filter":{"amuont":">1"}}""", "did you mean")]
    [InlineData("""{"type":"subscribe","filter":{"amount":">=1 &&"}}""", "at position 6")]
    [InlineData("""{"type":"subscribe","addresses":"btc1a"}""", "must be a list")]
    [InlineData("""{"type":"subscribe","after":-1}""", "whole number")]
    [InlineData("""{"type":"add_addresses","addresses":["btc1a"]}""", "subscribe first")]
    public async Task A_wrong_subscription_says_what_is_wrong(string message, string part)
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await server.ConnectAsync();
        var error = await client.AskAsync(message);
        error.ShouldStartWith("""{"type":"error","code":107,""");
        error.ShouldContain(part);
    }

    [Fact]
    public async Task One_address_per_connection_works_without_a_word()
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await server.ConnectAsync("/ws/watch/btc/btc1alice");
        (await client.ReceiveJsonAsync()).GetProperty("type").GetString().ShouldBe("subscription_confirmed");
        server.Services.GetRequiredService<IActiveAddresses>().IsActive(Btc, ScriptedChains.ScriptOf("btc1alice")).ShouldBeTrue();
        await server.TellAsync("ltc", EventKind.NewBlock, null);
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1bob");
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1alice");
        (await client.ReceiveSequencesAsync(1)).ShouldBe([3]);
    }
}
