using System.Collections.Concurrent;
using Belfry.Client;
using Belfry.TestKit;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.EndToEnd;

/// <summary>The server dies without warning in the middle of traffic, again and again.</summary>
public sealed class KillTests
{
    const int Kills = 4;

    [Fact]
    public async Task A_client_that_resumes_has_every_event_once_and_in_order_whatever_kills_the_server()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        await node.FundAsync();
        await SplitAsync(node);
        await using var server = await BelfryProcess.StartAsync(new ChainSetup(node, ByPeer: true));
        var addresses = new List<string>();
        for (var i = 0; i < 4; i++) addresses.Add(await node.NewAddressAsync());
        foreach (var address in addresses) await server.WatchAsync("ltc", address);

        var heard = new ConcurrentQueue<BelfryEvent>();
        using var client = new BelfryClient(server.Base, null, new BelfryClientOptions { MinBackoff = TimeSpan.FromMilliseconds(20), MaxBackoff = TimeSpan.FromMilliseconds(200) });
        using var done = new CancellationTokenSource();
        var listening = ListenAsync(client, heard, done.Token);
        using var enough = new CancellationTokenSource();
        var traffic = TrafficAsync(node, addresses, enough.Token);
        for (var kill = 0; kill < Kills; kill++)
        {
            var before = heard.Count;
            await Eventually.HoldsAsync(() => heard.Count >= before + 25 || traffic.IsFaulted || listening.IsFaulted, TimeSpan.FromSeconds(60));
            await server.KillAsync();
            server.Launch();
        }

        await enough.CancelAsync();
        var sent = await traffic;
        await node.GenerateAsync(6, await node.StrangerAddressAsync());
        await server.AtTipOfAsync(node);
        var journal = await server.JournalAsync();
        await Eventually.HoldsAsync(() => listening.IsFaulted || heard.LastOrDefault()?.Sequence >= journal[^1].Sequence);
        await done.CancelAsync();
        await listening;

        heard.Select(static told => told.Sequence).ShouldBe(Enumerable.Range(1, journal.Count).Select(static number => (long)number));
        heard.Select(static told => told.Id).ShouldBe(journal.Select(static told => told.Id));
        journal.Select(static told => told.Id).ShouldBeUnique();
        await TellsWhatTheNodeHasAsync(server, node, journal, addresses, sent);
    }

    static async Task TellsWhatTheNodeHasAsync(BelfryProcess server, RegtestNode node, List<Told> journal, List<string> addresses, IReadOnlyList<string> sent)
    {
        var books = await NodeBooks.ReadAsync(node);
        journal.Where(static told => told.Kind == "new_block").Select(static told => told.Block).ShouldBe(books.Hashes.Skip((int)journal.First(static told => told.Kind == "new_block").Height!.Value));
        journal.ShouldNotContain(static told => told.Kind == "transaction_dropped" || told.Kind == "transaction_replaced" || told.Kind == "block_disconnected");
        var seen = 0;
        foreach (var address in addresses)
        {
            var answer = await server.AddressAsync("ltc", address);
            Told.Number(answer.GetProperty("balance").GetProperty("confirmed")).ShouldBe(books.BalanceOf(address));
            Told.Number(answer.GetProperty("balance").GetProperty("unconfirmed")).ShouldBe(0m);
            answer.GetProperty("transactions").GetInt32().ShouldBe(books.Of(address).Count);
            foreach (var booked in books.Of(address))
            {
                seen++;
                var story = journal.Where(told => told.Transaction == booked.Id && told.Address == address).ToList();
                story.Count(static told => told.Kind == "new_transaction").ShouldBe(1, booked.Id);
                story.Count(static told => told.Kind == "new_payment").ShouldBe(booked.Net(address) > 0 ? 1 : 0, booked.Id);
                story.Where(static told => told.Kind == "verified_tx").Select(static told => told.Confirmations).ShouldBe([1, 3, 6], booked.Id);
                story.Where(static told => told.Kind == "verified_tx").ShouldAllBe(told => told.Block == booked.Block);
            }
        }

        seen.ShouldBeGreaterThanOrEqualTo(sent.Count);
        sent.Count.ShouldBeGreaterThan(20);
    }

    // Many small coins, so that traffic need not wait for change to confirm.
    static async Task SplitAsync(LitecoindNode node)
    {
        var parts = new Dictionary<string, decimal>();
        for (var i = 0; i < 20; i++) parts[await node.NewAddressAsync()] = 2m;
        await node.WalletCallAsync("sendmany", "", parts);
        await node.GenerateAsync(1);
    }

    static async Task<IReadOnlyList<string>> TrafficAsync(LitecoindNode node, List<string> addresses, CancellationToken enough)
    {
        var sent = new List<string>();
        for (var i = 0; !enough.IsCancellationRequested; i++)
        {
            sent.Add(await node.SendAsync(addresses[i % addresses.Count], "0.01"));
            if (i % 4 == 3) await node.GenerateAsync(1);
        }

        return sent;
    }

    static async Task ListenAsync(BelfryClient client, ConcurrentQueue<BelfryEvent> heard, CancellationToken done)
    {
        try
        {
            await foreach (var told in client.EventsAsync(new Subscription(), after: 0, cancellationToken: done)) heard.Enqueue(told);
        }
        catch (OperationCanceledException) when (done.IsCancellationRequested)
        {
            // Everything was heard.
        }
    }
}
