using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.EndToEnd;

/// <summary>Nodes that stop, restart, and come back with less than they had.</summary>
public sealed class OutageTests
{
    [Fact]
    [Trait("Fault", "N06")]
    public async Task What_happened_while_the_node_was_stopped_is_caught_up_and_the_outage_is_told()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        await using var second = await LitecoindNode.StartNewAsync();
        await node.FundAsync();
        await CompetingBranch.CopyAsync(node, second, 101);
        await using var server = await BelfryProcess.StartAsync(new ChainSetup(node, ByPeer: true));
        var address = await node.NewAddressAsync();
        await using var listener = await Listener.ToAddressesAsync(server, address);
        var (first, later) = (await node.SendAsync(address, "1"), await node.SendAsync(address, "2"));
        await listener.HeardAsync("new_payment", first, address);
        await listener.HeardAsync("new_payment", later, address);
        foreach (var id in new[] { first, later }) await second.SendRawAsync((await node.CallAsync("getrawtransaction", id)).GetString()!);

        await node.StopAsync();
        var degraded = await listener.HeardAsync(static told => told.Kind == "feed_degraded", "feed_degraded");
        degraded.Text("reason").ShouldNotBeNullOrEmpty();
        await server.ChainAsync("ltc", static chain => chain.GetProperty("state").GetString() == "degraded", "degraded");
        var mined = await second.GenerateAsync(7, await second.StrangerAddressAsync());
        await node.StartAsync();
        await CompetingBranch.HandOverAsync(second, node, mined);
        await server.AtTipOfAsync(node);

        await listener.HeardAsync("verified_tx", later, address, 6);
        await listener.HeardAsync(static told => told.Kind == "feed_recovered", "feed_recovered");
        listener.All.Where(static told => told.Kind == "new_block").Select(static told => told.Block).ShouldBe(mined);
        listener.Story(first, address).ShouldBe(
            [
                "new_transaction seen 0", "new_payment seen 0", "address_update seen 0", "verified_tx confirmed 1", "address_update confirmed 1",
                "verified_tx confirmed 3", "verified_tx final 6",
            ]);
        Told.Number((await server.AddressAsync("ltc", address)).GetProperty("balance").GetProperty("confirmed")).ShouldBe(3m);
        await listener.HoldsTheJournalAsync();
        listener.KeepsOrder();
    }

    [Fact]
    [Trait("Fault", "N01")]
    public async Task A_killed_node_that_comes_back_lower_is_behind_and_nothing_is_taken_back()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        await node.FundAsync();
        await using var second = await LitecoindNode.StartNewAsync();
        await using var server = await BelfryProcess.StartAsync(new ChainSetup(node, ByPeer: true));
        var address = await node.NewAddressAsync();
        await using var listener = await Listener.ToAddressesAsync(server, address);
        // what the node has written is certain; blocks from here on it keeps in memory
        await node.RestartAsync();
        await server.AtTipOfAsync(node);
        var paid = await node.SendAsync(address, "5");
        await listener.HeardAsync("new_payment", paid, address);
        await node.GenerateAsync(4);
        await listener.HeardAsync("verified_tx", paid, address, 3);
        await CompetingBranch.CopyAsync(node, second, 105);
        var lost = listener.All.Count;

        await node.KillAsync();
        await node.StartAsync();
        (await node.GetHeightAsync()).ShouldBeLessThan(105, "the node kept everything: this test proves nothing");
        var behind = await server.ChainAsync("ltc", static chain => chain.GetProperty("state").GetString() == "behind", "behind");
        behind.GetProperty("height").GetInt64().ShouldBe(105);
        var answer = await server.AddressAsync("ltc", address);
        Told.Number(answer.GetProperty("balance").GetProperty("confirmed")).ShouldBe(5m);

        // it grows again to what had been seen, and beyond
        var missing = new List<string>();
        for (var height = await node.GetHeightAsync() + 1; height <= 105; height++) missing.Add(await second.GetHashAsync(height));
        await CompetingBranch.HandOverAsync(second, node, missing);
        await server.AtTipOfAsync(node);
        await node.GenerateAsync(2, await node.StrangerAddressAsync());
        await listener.HeardAsync("verified_tx", paid, address, 6);
        await listener.HeardAsync(static told => told.Kind == "feed_recovered", "feed_recovered");
        await server.AtTipOfAsync(node);
        listener.All.ShouldNotContain(static told => told.Kind == "block_disconnected" || told.Kind == "transaction_reorged" || told.Kind == "transaction_dropped");
        listener.All.Skip(lost).Where(static told => told.Kind == "feed_degraded").Select(static told => told.Text("reason")).ShouldContain("node_behind");
        await listener.HoldsTheJournalAsync();
        listener.KeepsOrder();
    }
}
