using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.EndToEnd;

/// <summary>Blocks leave the best chain of real nodes, by command and by a longer branch.</summary>
public sealed class ReorgTests
{
    [Theory]
    [Trait("Fault", "N02")]
    [InlineData(1)]
    [InlineData(6)]
    public async Task Blocks_that_the_operator_invalidates_are_told_from_the_top_and_the_payment_confirms_again(int depth)
    {
        await using var node = await LitecoindNode.StartNewAsync();
        await node.FundAsync();
        // peers are not told of an invalidated block: the audit finds it
        await using var server = await BelfryProcess.StartAsync(new ChainSetup(node, ByPeer: true, ("AuditInterval", "00:00:02")));
        var address = await node.NewAddressAsync();
        await using var listener = await Listener.ToAddressesAsync(server, address);
        var paid = await node.SendAsync(address, "3");
        await listener.HeardAsync("new_payment", paid, address);
        var left = await node.GenerateAsync(depth);
        await listener.HeardAsync("verified_tx", paid, address, depth);

        await node.InvalidateAsync(left[0]);
        await HeardLeavingAsync(listener, left);
        var reorged = await listener.HeardAsync("transaction_reorged", paid, address);
        (reorged.Block, reorged.State, reorged.Confirmations).ShouldBe((left[0], "reorged", 0));
        reorged.Text("previous_state").ShouldBe(depth == 6 ? "final" : "confirmed");
        // litecoind takes it back into its mempool
        await listener.HeardAsync(told => told.Transaction == paid && told.Kind == "new_transaction" && told.Text("previous_state") == "reorged", "seen again");
        var again = (await node.GenerateAsync(1, await node.StrangerAddressAsync()))[0];
        var confirmed = await listener.HeardAsync(told => told.Transaction == paid && told.Kind == "verified_tx" && told.Block == again, "confirmed again");
        confirmed.Confirmations.ShouldBe(1);
        await ComparedAsync(server, node, listener, address);
        listener.Story(paid, address).Count(static line => line.StartsWith("new_payment", StringComparison.Ordinal)).ShouldBe(1);
    }

    [Theory]
    [Trait("Fault", "N02")]
    [InlineData("ltc", 1)]
    [InlineData("ltc", 6)]
    [InlineData("btc", 1)]
    [InlineData("bch", 6)]
    public async Task A_longer_branch_is_told_as_disconnects_then_the_reorg_then_the_new_truth(string chain, int depth)
    {
        await using var node = await StartAsync(chain);
        await using var second = await StartAsync(chain);
        await node.FundAsync();
        await CompetingBranch.CopyAsync(node, second, 101);
        await using var server = await BelfryProcess.StartAsync(new ChainSetup(node, ByPeer: chain == "ltc"));
        var own = await node.NewAddressAsync();
        var address = await server.SpellAsync(chain, own);
        await using var listener = await Listener.ToAddressesAsync(server, own);
        var paid = await node.SendAsync(own, "3");
        await listener.HeardAsync("new_payment", paid, address);
        var left = await node.GenerateAsync(depth);
        await listener.HeardAsync("verified_tx", paid, address, depth);

        var branch = await CompetingBranch.ReorganiseAsync(node, second, depth);
        await HeardLeavingAsync(listener, left);
        await listener.HeardAsync("transaction_reorged", paid, address);
        await listener.HeardBlockAsync("new_block", branch[^1]);
        await server.AtTipOfAsync(node);
        listener.All.Where(told => told.Kind == "new_block" && branch.Contains(told.Block)).Select(static told => told.Block).ShouldBe(branch);
        if ((await node.GetMempoolAsync()).Contains(paid))
        {
            chain.ShouldBe("ltc");
            await listener.HeardAsync(told => told.Transaction == paid && told.Kind == "new_transaction" && told.Text("previous_state") == "reorged", "seen again");
            await node.GenerateAsync(1);
            await listener.HeardAsync(told => told.Transaction == paid && told.Kind == "verified_tx" && told.Height > 101 + depth, "confirmed again");
        }
        else
        {
            // bcoin and bcash forget the transactions of a branch that they leave
            chain.ShouldNotBe("ltc");
            var dropped = await listener.HeardAsync("transaction_dropped", paid, address);
            (dropped.State, dropped.Text("previous_state")).ShouldBe(("dropped", "reorged"));
            Told.Number((await server.AddressAsync(chain, own)).GetProperty("received")).ShouldBe(0m);
        }

        await ComparedAsync(server, node, listener, own);
    }

    [Theory]
    [Trait("Fault", "N02")]
    [InlineData("ltc")]
    [InlineData("btc")]
    public async Task A_double_spend_in_the_branch_that_wins_leaves_the_payment_conflicted(string chain)
    {
        await using var node = await StartAsync(chain);
        await using var second = await StartAsync(chain);
        await node.FundAsync();
        await CompetingBranch.CopyAsync(node, second, 101);
        await using var server = await BelfryProcess.StartAsync(new ChainSetup(node, ByPeer: chain == "ltc"));
        var own = await node.NewAddressAsync();
        var address = await server.SpellAsync(chain, own);
        await using var listener = await Listener.ToAddressesAsync(server, own);
        var paid = await node.SendAsync(own, "4");
        var rival = await node.CraftDoubleSpendAsync(paid);
        var left = await node.GenerateAsync(1);
        await listener.HeardAsync("verified_tx", paid, address, 1);

        var branch = await CompetingBranch.ReorganiseAsync(node, second, 1, transactions: [rival.Hex]);
        await HeardLeavingAsync(listener, left);
        // a node that publishes the transactions of blocks too may tell the rival before its block
        var lost = await listener.HeardAsync(told => told.Kind == "transaction_replaced" && told.Transaction == paid && told.State == "conflicted", "the loss in a block");
        (lost.State, lost.Text("pays_you"), lost.Text("replaced_by")).ShouldBe(("conflicted", "False", rival.Id));
        lost.Data.GetProperty("cause").GetProperty("block_hash").GetString().ShouldBe(branch[0]);
        await server.AtTipOfAsync(node);
        var update = listener.All.Last(told => told.Kind == "address_update");
        (update.Balance("confirmed"), update.Balance("unconfirmed")).ShouldBe((0m, 0m));
        await ComparedAsync(server, node, listener, own);
    }

    static async Task HeardLeavingAsync(Listener listener, IReadOnlyList<string> left)
    {
        await listener.HeardBlockAsync("block_disconnected", left[0]);
        listener.All.Where(static told => told.Kind == "block_disconnected").Select(static told => told.Block).ShouldBe(left.Reverse());
    }

    static async Task ComparedAsync(BelfryProcess server, RegtestNode node, Listener listener, string address)
    {
        await server.AtTipOfAsync(node);
        await listener.HoldsTheJournalAsync();
        listener.KeepsOrder();
        listener.HeardNoTrouble();
        var books = await NodeBooks.ReadAsync(node);
        Told.Number((await server.AddressAsync(node.Chain, address)).GetProperty("balance").GetProperty("confirmed")).ShouldBe(books.BalanceOf(address));
        // what blocks were told, taken together, is the node's best chain
        var best = new List<string>();
        foreach (var told in listener.All)
        {
            if (told.Kind == "new_block") best.Add(told.Block!);
            else if (told.Kind == "block_disconnected") best.Remove(told.Block!).ShouldBeTrue();
        }

        best.ShouldBe(books.Hashes.Skip(102));
    }

    static async Task<RegtestNode> StartAsync(string chain) => chain switch
    {
        "ltc" => await LitecoindNode.StartNewAsync(),
        "btc" => await BcoinNode.StartNewAsync(),
        _ => await BcashNode.StartNewAsync(),
    };
}
