using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.EndToEnd;

/// <summary>Replacements in a real mempool.</summary>
public sealed class ReplacementTests
{
    [Fact]
    [Trait("Fault", "N05")]
    public async Task A_replacement_that_pays_somebody_else_and_one_that_pays_you_tell_which_is_which()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        await node.FundAsync();
        await using var server = await BelfryProcess.StartAsync(new ChainSetup(node, ByPeer: true));
        var address = await node.NewAddressAsync();
        await using var listener = await Listener.ToAddressesAsync(server, address);

        var paid = await node.SendAsync(address, "2.5", replaceable: true);
        await listener.HeardAsync("new_payment", paid, address);
        var bumped = await node.BumpFeeAsync(paid);
        var replaced = await listener.HeardAsync("transaction_replaced", paid, address);
        (replaced.Text("pays_you"), replaced.Text("replaced_by"), replaced.State, replaced.Text("previous_state")).ShouldBe(("True", bumped, "replaced", "seen"));
        await listener.HeardAsync("new_payment", bumped, address);

        var stolen = await node.ReplaceWithDoubleSpendAsync(bumped);
        replaced = await listener.HeardAsync("transaction_replaced", bumped, address);
        (replaced.Text("pays_you"), replaced.Text("replaced_by")).ShouldBe(("False", stolen));
        replaced.Data.GetProperty("cause").GetProperty("tx_hash").GetString().ShouldBe(stolen);
        var update = await listener.HeardAsync(told => told.Kind == "address_update" && told.Transaction == bumped && told.State == "replaced", "address_update of the loss");
        (update.Balance("confirmed"), update.Balance("unconfirmed"), update.Balance("received")).ShouldBe((0m, 0m, 0m));

        // mined, the thief's transaction decides it; the watcher's balance stays what it is
        await node.GenerateAsync(1);
        await listener.HeardAsync(told => told.Kind == "transaction_replaced" && told.Transaction == bumped && told.State == "conflicted", "the loss is settled in a block");
        var answer = await server.AddressAsync("ltc", address);
        Told.Number(answer.GetProperty("balance").GetProperty("unconfirmed")).ShouldBe(0m);
        (await NodeBooks.ReadAsync(node)).Of(address).ShouldBeEmpty();
        listener.KeepsOrder();
        await listener.HoldsTheJournalAsync();
        listener.HeardNoTrouble();
    }
}
