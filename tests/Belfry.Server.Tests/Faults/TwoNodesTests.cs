using Belfry.Server.Tests.EndToEnd;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.Faults;

/// <summary>Two real nodes of one chain that do not agree. A node of another network is refused in <c>ServerProcessTests</c>.</summary>
public sealed class TwoNodesTests
{
    [Fact]
    [Trait("Fault", "N07")]
    public async Task Of_two_nodes_that_part_the_one_with_more_work_wins_and_one_that_lags_takes_nothing_back()
    {
        await using var first = await LitecoindNode.StartNewAsync();
        await using var second = await LitecoindNode.StartNewAsync();
        await first.FundAsync();
        await CompetingBranch.CopyAsync(first, second, 101);
        await using var server = BelfryProcess.Prepare(new ChainSetup(first));
        server.Environment["BELFRY__Chains__ltc__Rpc"] = $"{first.RpcSetting},{second.RpcSetting}";
        server.Environment["BELFRY__Chains__ltc__Peer"] = $"{first.PeerEndPoint},{second.PeerEndPoint}";
        server.Launch();
        await server.AtTipOfAsync(first);
        var address = await first.NewAddressAsync();
        await using var listener = await Listener.ToAddressesAsync(server, address);

        // they part: one block with a payment here, three blocks without it there
        var paid = await first.SendAsync(address, "1");
        var lost = (await first.GenerateAsync(1))[0];
        await listener.HeardAsync("verified_tx", paid, address, 1);
        var won = await second.GenerateAsync(3, await second.StrangerAddressAsync());
        await first.StopAsync();
        await listener.HeardBlockAsync("block_disconnected", lost);
        await listener.HeardBlockAsync("new_block", won[^1]);
        (await listener.HeardAsync("transaction_reorged", paid, address)).Block.ShouldBe(lost);
        await listener.HeardAsync("transaction_dropped", paid, address);
        await server.AtTipOfAsync(second);
        var disconnects = listener.All.Count(static told => told.Kind == "block_disconnected");

        // the first comes back with less work and is all there is: behind, nothing is taken back
        await first.StartAsync();
        await second.StopAsync();
        var behind = await server.ChainAsync("ltc", static row => row.GetProperty("state").GetString() == "behind", "behind");
        behind.GetProperty("hash").GetString().ShouldBe(won[^1]);
        await second.StartAsync();
        await first.LinkAsync(second);
        await server.ChainAsync("ltc", row => row.GetProperty("state").GetString() == "live" && row.GetProperty("hash").GetString() == won[^1], "live at the better branch");
        listener.All.Count(static told => told.Kind == "block_disconnected").ShouldBe(disconnects);
        await listener.HoldsTheJournalAsync();
        listener.KeepsOrder();
    }
}
