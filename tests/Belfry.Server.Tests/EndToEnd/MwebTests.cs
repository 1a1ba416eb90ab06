using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.EndToEnd;

/// <summary>Litecoin's extension blocks: what can be seen from outside is told, what cannot disturbs nothing.</summary>
public sealed class MwebTests
{
    [Fact]
    public async Task Peg_in_and_peg_out_tell_the_truth_and_transactions_inside_disturb_nothing()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        await node.FundAsync();
        await node.ActivateMwebAsync("1");
        await using var server = await BelfryProcess.StartAsync(new ChainSetup(node, ByPeer: true));
        var address = await node.NewAddressAsync();
        await using var listener = await Listener.ToAddressesAsync(server, address);
        var funded = await node.SendAsync(address, "100");
        await node.GenerateAsync(1);
        await listener.HeardAsync("verified_tx", funded, address, 1);

        // in: more than the wallet has inside, so that the watched coin goes into the extension block; the receiver has no address that can be seen
        var pegIn = await SendFromAsync(node, coin => coin == address, await node.NewAddressAsync("mweb"), "90");
        var seen = await listener.HeardAsync("new_transaction", pegIn, address);
        (seen.Text("direction"), seen.Text("amount"), seen.Text("from_address")).ShouldBe(("out", "100", address));
        await node.GenerateAsync(1);
        await listener.HeardAsync("verified_tx", pegIn, address, 1);

        // out: the mempool transaction shows nothing to the chain; the block's HogEx pays, under an id of its own
        var pegOut = await SendFromAsync(node, static _ => false, address, "1.5");
        var block = (await node.GenerateAsync(1))[0];
        var hogEx = (await node.CallAsync("getblock", block, 1)).GetProperty("tx").EnumerateArray().Last().GetString()!;
        hogEx.ShouldNotBe(pegOut);
        var paid = await listener.HeardAsync("new_payment", hogEx, address);
        (paid.Text("amount"), paid.Block, paid.Confirmations).ShouldBe(("1.5", block, 1));
        listener.All.ShouldNotContain(told => told.Transaction == pegOut);

        // inside: nothing to tell
        var before = listener.All.Count(static told => told.Transaction is not null);
        await node.SendAsync(await node.NewAddressAsync("mweb"), "0.1");
        await node.GenerateAsync(1);
        await server.AtTipOfAsync(node);
        await listener.HoldsTheJournalAsync();
        listener.All.Skip(before).ShouldNotContain(static told => told.Kind == "transaction_dropped" || told.Kind == "transaction_replaced");

        var answer = await server.AddressAsync("ltc", address);
        var scanned = (await node.CallAsync("scantxoutset", "start", new[] { $"addr({address})" })).GetProperty("total_amount").GetDecimal();
        scanned.ShouldBe(1.5m);
        Told.Number(answer.GetProperty("balance").GetProperty("confirmed")).ShouldBe(scanned);
        listener.KeepsOrder();
        listener.HeardNoTrouble();
    }

    /// <summary>Sends from some of the wallet's coins only: those outside the extension block that are not wanted are locked meanwhile.</summary>
    static async Task<string> SendFromAsync(LitecoindNode node, Func<string, bool> wanted, string address, string amount)
    {
        foreach (var coin in (await node.WalletCallAsync("listunspent")).EnumerateArray())
        {
            // coins inside have no outpoint
            if (coin.TryGetProperty("vout", out var index) && coin.TryGetProperty("txid", out var id) && !(coin.TryGetProperty("address", out var owner) && wanted(owner.GetString()!)))
                await node.WalletCallAsync("lockunspent", false, new[] { new { txid = id.GetString(), vout = index.GetInt32() } });
        }

        var sent = await node.SendAsync(address, amount);
        await node.WalletCallAsync("lockunspent", true);
        return sent;
    }
}
