using System.Collections.Concurrent;
using Belfry.Server.Tests.EndToEnd;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.Faults;

/// <summary>Payments and blocks of real nodes to watched addresses of their wallets, and what must have been told of them in the end.</summary>
sealed class NodeTraffic(int seed)
{
    readonly ConcurrentDictionary<string, List<string>> addresses = new();
    readonly ConcurrentDictionary<string, int> sent = new();

    /// <summary>Makes addresses on the nodes and watches them.</summary>
    public async Task WatchAsync(BelfryProcess server, params RegtestNode[] nodes)
    {
        foreach (var node in nodes)
        {
            var own = addresses[node.Chain] = [];
            for (var i = 0; i < 3; i++)
            {
                own.Add(await node.NewAddressAsync());
                await server.WatchAsync(node.Chain, own[^1]);
            }
        }
    }

    /// <summary>Pays and mines until it is enough.</summary>
    public async Task RunAsync(RegtestNode node, CancellationToken enough)
    {
        var random = new Random(seed);
        var own = addresses[node.Chain];
        for (var i = 0; !enough.IsCancellationRequested; i++)
        {
            try
            {
                await node.SendAsync(own[i % own.Count], "0.01");
                sent.AddOrUpdate(node.Chain, 1, static (_, count) => count + 1);
            }
            catch (NodeRpcException problem) when (problem.Code is -6 or -4)
            {
                // the wallet's coins all wait for a block
                await node.GenerateAsync(1);
            }

            if (i % 4 == 3) await node.GenerateAsync(1);
            await Task.Delay(random.Next(20, 250), CancellationToken.None);
        }
    }

    /// <summary>What was told of a chain without trouble on it is what the node has: each payment seen once, confirmed at each milestone once, and the balances are the node's.</summary>
    public async Task ComparesAsync(BelfryProcess server, RegtestNode node, IReadOnlyList<Told> journal)
    {
        var books = await NodeBooks.ReadAsync(node);
        var own = journal.Where(told => told.Chain == node.Chain).ToList();
        own.Where(static told => told.Kind == "new_block").Select(static told => told.Block).ShouldBe(books.Hashes.Skip((int)own.First(static told => told.Kind == "new_block").Height!.Value));
        own.ShouldNotContain(static told => told.Kind == "transaction_dropped" || told.Kind == "transaction_replaced" || told.Kind == "block_disconnected");
        var seen = 0;
        foreach (var spelling in addresses[node.Chain])
        {
            var address = await server.SpellAsync(node.Chain, spelling);
            Told.Number((await server.AddressAsync(node.Chain, spelling)).GetProperty("balance").GetProperty("confirmed")).ShouldBe(books.BalanceOf(spelling));
            foreach (var booked in books.Of(spelling))
            {
                seen++;
                var story = own.Where(told => told.Transaction == booked.Id && told.Address == address).ToList();
                story.Count(static told => told.Kind == "new_transaction").ShouldBe(1, booked.Id);
                story.Count(static told => told.Kind == "new_payment").ShouldBe(booked.Net(spelling) > 0 ? 1 : 0, booked.Id);
                story.Where(static told => told.Kind == "verified_tx").Select(static told => told.Confirmations).ShouldBe([1, 3, 6], booked.Id);
                story.Where(static told => told.Kind == "verified_tx").ShouldAllBe(told => told.Block == booked.Block);
            }
        }

        seen.ShouldBeGreaterThanOrEqualTo(sent[node.Chain]);
        seen.ShouldBeGreaterThan(10);
    }
}
