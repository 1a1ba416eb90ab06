using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.EndToEnd;

/// <summary>What happened before anybody asked, and what a node without indexes can tell of it.</summary>
public sealed class HistoryTests
{
    [Fact]
    public async Task A_watch_from_a_height_tells_what_was_before_it_and_coinbases_ripen()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        var miner = await node.NewAddressAsync();
        await node.GenerateAsync(3, miner);
        await node.FundAsync();
        var address = await node.NewAddressAsync();
        var paid = await node.SendAsync(address, "7");
        await node.GenerateAsync(2);
        await using var server = await BelfryProcess.StartAsync(new ChainSetup(node, ByPeer: true));
        await using var listener = await Listener.ToEverythingAsync(server);
        await server.WatchAsync("ltc", address, fromHeight: 0);
        await server.WatchAsync("ltc", miner, fromHeight: 0);

        (await listener.HeardAsync("new_payment", paid, address)).Data.GetProperty("catchup").GetBoolean().ShouldBeTrue();
        (await listener.HeardAsync("verified_tx", paid, address)).Height.ShouldBe(105);
        await listener.HeardAsync(told => told.Address == miner && told.Height == 3 && told.Kind == "address_update", "the third reward");
        await ComparedAsync(server, node, address);
        await ComparedAsync(server, node, miner);

        // a reward of the next block can be spent 100 blocks later, and not before
        var fresh = await node.NewAddressAsync();
        await server.WatchAsync("ltc", fresh);
        var block = (await node.GenerateAsync(1, fresh))[0];
        var reward = (await node.CallAsync("getblock", block, 1)).GetProperty("tx")[0].GetString()!;
        var born = await listener.HeardAsync("address_update", reward, fresh);
        (born.Balance("immature"), born.Balance("confirmed")).ShouldBe((50m, 0m));
        await node.GenerateAsync(98, await node.StrangerAddressAsync());
        await server.AtTipOfAsync(node);
        Told.Number((await server.AddressAsync("ltc", fresh)).GetProperty("balance").GetProperty("immature")).ShouldBe(50m);
        await node.GenerateAsync(1, await node.StrangerAddressAsync());
        var ripe = await listener.HeardAsync(told => told.Transaction == reward && told.Kind == "address_update" && told.Confirmations == 100, "ripe after 100 blocks");
        (ripe.Balance("immature"), ripe.Balance("confirmed")).ShouldBe((0m, 50m));
        await listener.HoldsTheJournalAsync();
        listener.KeepsOrder();
    }

    [Fact]
    public async Task A_pruned_node_without_transaction_index_is_followed_and_tells_fee_and_sender()
    {
        await using var node = await LitecoindNode.StartNewAsync(new LitecoindOptions { TransactionIndex = false, Arguments = ["-prune=1"] });
        await node.FundAsync();
        await using var server = await BelfryProcess.StartAsync(new ChainSetup(node, ByPeer: true));
        var address = await node.NewAddressAsync();
        await using var listener = await Listener.ToAddressesAsync(server, address);
        var paid = await node.SendAsync(address, "1.5");
        var seen = await listener.HeardAsync("new_transaction", paid, address);
        // the node's wallet knows what it spent; Belfry had to find it out without a transaction index
        var own = await node.WalletCallAsync("gettransaction", paid);
        decimal.Parse(seen.Text("fee")!).ShouldBe(-own.GetProperty("fee").GetDecimal());
        seen.Text("from_address").ShouldNotBeNullOrEmpty();

        var block = (await node.GenerateAsync(1))[0];
        (await listener.HeardAsync("verified_tx", paid, address, 1)).Block.ShouldBe(block);
        var (hidden, height) = (await node.SendAsync(address, "0.5"), await node.GetHeightAsync());
        await node.GenerateAsync(1);
        await listener.HeardAsync("verified_tx", hidden, address, 1);
        await server.StopAsync();
        var missed = await node.SendAsync(address, "0.25");
        await node.GenerateAsync(2);
        server.Launch();
        await server.AtTipOfAsync(node);
        await using var resumed = await Listener.ToEverythingAsync(server, after: listener.All[^1].Sequence);
        var late = await resumed.HeardAsync("verified_tx", missed, address, 1);
        late.Height.ShouldBe(height + 2);
        await ComparedAsync(server, node, address);
        var scanned = await node.CallAsync("scantxoutset", "start", new[] { $"addr({address})" });
        Told.Number((await server.AddressAsync("ltc", address)).GetProperty("balance").GetProperty("confirmed")).ShouldBe(scanned.GetProperty("total_amount").GetDecimal());
        resumed.KeepsOrder();
    }

    static async Task ComparedAsync(BelfryProcess server, RegtestNode node, string address)
    {
        var books = (await NodeBooks.ReadAsync(node)).Of(address);
        var answer = await server.AddressAsync("ltc", address);
        Told.Number(answer.GetProperty("received")).ShouldBe(books.Sum(booked => booked.Received.GetValueOrDefault(address)));
        Told.Number(answer.GetProperty("sent")).ShouldBe(books.Sum(booked => booked.Sent.GetValueOrDefault(address)));
        answer.GetProperty("transactions").GetInt32().ShouldBe(books.Count);
        Told.Number(answer.GetProperty("balance").GetProperty("confirmed")).ShouldBe(books.Sum(booked => booked.Net(address)));
    }
}
