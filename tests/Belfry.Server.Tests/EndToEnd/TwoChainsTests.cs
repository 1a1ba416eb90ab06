using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.EndToEnd;

public sealed class TwoChainsTests
{
    [Fact]
    public async Task Two_chains_in_one_server_do_not_disturb_each_other()
    {
        await using var lite = await LitecoindNode.StartNewAsync();
        await using var bit = await BcoinNode.StartNewAsync();
        await lite.FundAsync();
        await bit.FundAsync();
        await using var server = await BelfryProcess.StartAsync(new ChainSetup(lite, ByPeer: true), new ChainSetup(bit));
        var (onLite, onBit) = (await lite.NewAddressAsync(), await bit.NewAddressAsync());
        await using var listener = await Listener.ToAddressesAsync(server, onLite, onBit);
        await Task.WhenAll(PaidAsync(lite, listener, onLite), PaidAsync(bit, listener, onBit));

        await lite.StopAsync();
        await server.ChainAsync("ltc", static chain => chain.GetProperty("state").GetString() == "degraded", "degraded");
        await PaidAsync(bit, listener, onBit);
        (await server.AtTipOfAsync(bit)).GetProperty("feed").GetString().ShouldBe("zmq");
        listener.All.Where(static told => told.Kind == "feed_degraded").Select(static told => told.Chain).ShouldBe(["ltc"]);

        await lite.StartAsync();
        await server.AtTipOfAsync(lite);
        await PaidAsync(lite, listener, onLite);
        await listener.HeardAsync(static told => told.Kind == "feed_recovered", "feed_recovered");
        listener.All.Where(static told => told.Kind is "feed_degraded" or "feed_recovered").Select(static told => told.Chain).Distinct().ShouldBe(["ltc"]);
        foreach (var (chain, address) in new[] { ("ltc", onLite), ("btc", onBit) })
            Told.Number((await server.AddressAsync(chain, address)).GetProperty("balance").GetProperty("confirmed")).ShouldBe(1m);
        await listener.HoldsTheJournalAsync();
        listener.KeepsOrder();
    }

    static async Task PaidAsync(RegtestNode node, Listener listener, string address)
    {
        var paid = await node.SendAsync(address, "0.5");
        (await listener.HeardAsync("new_payment", paid)).Chain.ShouldBe(node.Chain);
        await node.GenerateAsync(1);
        await listener.HeardAsync("verified_tx", paid, confirmations: 1);
    }
}
