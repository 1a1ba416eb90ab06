using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.EndToEnd;

/// <summary>A payment from a real node's mempool to a client's socket, by every feed.</summary>
public abstract class PaymentTests
{
    /// <summary>How the server is to hear of news.</summary>
    protected abstract string Feed { get; }

    /// <summary>Kinds of addresses that the node can spend from.</summary>
    protected virtual IReadOnlyList<string?> AddressTypes => [null];

    /// <summary>Whether the fixture can sign for an address with the node's own RPC.</summary>
    protected virtual bool CanSignFor(string? type) => true;

    [Fact]
    public async Task A_payment_is_told_from_the_mempool_until_it_is_final_and_balances_are_the_nodes_own()
    {
        await using var node = await StartNodeAsync();
        await node.FundAsync();
        await using var server = await BelfryProcess.StartAsync(new ChainSetup(node, Feed == "peer"));
        await server.ChainAsync(node.Chain, chain => chain.GetProperty("feed").GetString() == Feed, $"fed by {Feed}");
        var addresses = new List<(string Own, string? Type)>();
        foreach (var type in AddressTypes) addresses.Add((await node.NewAddressAsync(type), type));
        await using var listener = await Listener.ToAddressesAsync(server, [.. addresses.Select(address => address.Own)]);

        foreach (var (own, type) in addresses)
        {
            var address = await server.SpellAsync(node.Chain, own);
            var paid = await node.SendAsync(own, "1.25");
            var seen = await listener.HeardAsync("new_transaction", paid, address);
            seen.Text("amount").ShouldBe("1.25");
            seen.Text("direction").ShouldBe("in");
            seen.Text("to_address").ShouldBe(address);
            seen.Block.ShouldBeNull();
            decimal.Parse(seen.Text("fee")!).ShouldBe(await FeeAsync(node, paid));
            seen.Text("from_address").ShouldBe(await server.SpellAsync(node.Chain, await SenderAsync(node, paid)));
            (await listener.HeardAsync("new_payment", paid, address)).Confirmations.ShouldBe(0);
            var update = await listener.HeardAsync("address_update", paid, address);
            (update.Balance("confirmed"), update.Balance("unconfirmed")).ShouldBe((0m, 1.25m));
            await ConfirmAsync(node, listener, paid, address);
            listener.Story(paid, address).ShouldBe(
                [
                    "new_transaction seen 0", "new_payment seen 0", "address_update seen 0", "verified_tx confirmed 1", "address_update confirmed 1",
                    "verified_tx confirmed 3", "verified_tx final 6",
                ]);
            if (CanSignFor(type)) await SpendAsync(server, node, listener, own, paid);
        }

        await server.AtTipOfAsync(node);
        await ComparedAsync(server, node, listener, [.. addresses.Select(address => address.Own)]);
        listener.HeardNoTrouble();
    }

    /// <summary>Starts the node.</summary>
    protected abstract Task<RegtestNode> StartNodeAsync();

    static async Task ConfirmAsync(RegtestNode node, Listener listener, string paid, string address)
    {
        var block = (await node.GenerateAsync(1))[0];
        var first = await listener.HeardAsync("verified_tx", paid, address, 1);
        (first.Block, first.Height, first.State).ShouldBe((block, await node.GetHeightAsync(), "confirmed"));
        var update = await listener.HeardAsync("address_update", paid, address, 1);
        (update.Balance("confirmed"), update.Balance("unconfirmed")).ShouldBe((1.25m, 0m));
        await node.GenerateAsync(2);
        await listener.HeardAsync("verified_tx", paid, address, 3);
        await node.GenerateAsync(3);
        (await listener.HeardAsync("verified_tx", paid, address, 6)).State.ShouldBe("final");
    }

    static async Task SpendAsync(BelfryProcess server, RegtestNode node, Listener listener, string own, string paid)
    {
        var address = await server.SpellAsync(node.Chain, own);
        var spent = await FindOutputAsync(node, paid, own);
        var stranger = await node.StrangerAddressAsync();
        var spend = await node.CraftAsync([spent], stranger, 1.2499m);
        await node.SendRawAsync(spend.Hex);
        var seen = await listener.HeardAsync("new_transaction", spend.Id, address);
        (seen.Text("direction"), seen.Text("amount"), seen.Text("fee")).ShouldBe(("out", "1.25", "0.00010000"));
        (seen.Text("from_address"), seen.Text("to_address")).ShouldBe((address, await server.SpellAsync(node.Chain, stranger)));
        var update = await listener.HeardAsync("address_update", spend.Id, address);
        (update.Balance("confirmed"), update.Balance("unconfirmed")).ShouldBe((1.25m, -1.25m));
        await node.GenerateAsync(1);
        update = await listener.HeardAsync("address_update", spend.Id, address, 1);
        (update.Balance("confirmed"), update.Balance("unconfirmed")).ShouldBe((0m, 0m));
        await listener.HeardAsync("verified_tx", spend.Id, address, 1);
        listener.Story(spend.Id, address).ShouldBe(["new_transaction seen 0", "address_update seen 0", "verified_tx confirmed 1", "address_update confirmed 1"]);
    }

    static async Task ComparedAsync(BelfryProcess server, RegtestNode node, Listener listener, IReadOnlyList<string> addresses)
    {
        var books = await NodeBooks.ReadAsync(node);
        foreach (var address in addresses)
        {
            var answer = await server.AddressAsync(node.Chain, address);
            Told.Number(answer.GetProperty("balance").GetProperty("confirmed")).ShouldBe(books.BalanceOf(address));
            if (node is LitecoindNode) books.BalanceOf(address).ShouldBe(await ScanAsync(node, address));
            answer.GetProperty("transactions").GetInt32().ShouldBe(books.Of(address).Count);
            Told.Number(answer.GetProperty("received")).ShouldBe(books.Of(address).Sum(booked => booked.Received.GetValueOrDefault(address)));
            Told.Number(answer.GetProperty("sent")).ShouldBe(books.Of(address).Sum(booked => booked.Sent.GetValueOrDefault(address)));
            listener.All.Last(told => told.Kind == "address_update" && told.Address == answer.GetProperty("address").GetString()).Balance("confirmed").ShouldBe(books.BalanceOf(address));
            answer.GetProperty("active").GetBoolean().ShouldBeTrue();
        }

        listener.KeepsOrder();
    }

    static async Task<decimal> ScanAsync(RegtestNode node, string address) =>
        (await node.CallAsync("scantxoutset", "start", new[] { $"addr({address})" })).GetProperty("total_amount").GetDecimal();

    static async Task<SpentOutput> FindOutputAsync(RegtestNode node, string id, string address)
    {
        for (var index = 0; ; index++)
        {
            var output = await node.ReadOutputAsync(id, index);
            if (output.Address == address) return output;
        }
    }

    static async Task<List<SpentOutput>> InputsAsync(RegtestNode node, string id)
    {
        var inputs = new List<SpentOutput>();
        foreach (var input in (await node.CallAsync("getrawtransaction", id, true)).GetProperty("vin").EnumerateArray())
            inputs.Add(await node.ReadOutputAsync(input.GetProperty("txid").GetString()!, input.GetProperty("vout").GetInt32()));
        return inputs;
    }

    static async Task<decimal> FeeAsync(RegtestNode node, string id) =>
        (await InputsAsync(node, id)).Sum(static input => input.Amount)
        - (await node.CallAsync("getrawtransaction", id, true)).GetProperty("vout").EnumerateArray().Sum(static output => output.GetProperty("value").GetDecimal());

    static async Task<string> SenderAsync(RegtestNode node, string id) => (await InputsAsync(node, id))[0].Address;
}

public sealed class LitecoindPeerPaymentTests : PaymentTests
{
    protected override string Feed => "peer";

    protected override IReadOnlyList<string?> AddressTypes => ["bech32", "p2sh-segwit", "legacy"];

    protected override async Task<RegtestNode> StartNodeAsync() => await LitecoindNode.StartNewAsync();
}

public sealed class LitecoindPollingPaymentTests : PaymentTests
{
    protected override string Feed => "polling";

    protected override IReadOnlyList<string?> AddressTypes => ["bech32", "p2sh-segwit"];

    protected override async Task<RegtestNode> StartNodeAsync() => await LitecoindNode.StartNewAsync();
}

public sealed class BcoinPaymentTests : PaymentTests
{
    protected override string Feed => "zmq";

    protected override IReadOnlyList<string?> AddressTypes => ["legacy", "bech32"];

    // bcoin's signrawtransaction leaves witness inputs unsigned and says that it is done.
    protected override bool CanSignFor(string? type) => type != "bech32";

    protected override async Task<RegtestNode> StartNodeAsync() => await BcoinNode.StartNewAsync();
}

public sealed class BcashPaymentTests : PaymentTests
{
    protected override string Feed => "zmq";

    protected override async Task<RegtestNode> StartNodeAsync() => await BcashNode.StartNewAsync();
}
