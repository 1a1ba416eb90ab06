using Belfry.Nodes.Simnet;
using Belfry.Server.Tests.EndToEnd;
using Shouldly;

namespace Belfry.Server.Tests.Faults;

/// <summary>Everything that can become of a payment that waits. <see cref="ReplacementTests"/> has replacements by a real node.</summary>
public sealed class MempoolFaultTests
{
    [Theory]
    [Trait("Fault", "N05")]
    [InlineData(5)]
    [InlineData(55)]
    public async Task Replaced_thrown_out_expired_spent_twice_or_helped_by_a_child_each_is_told_exactly_once(int seed)
    {
        await using var chain = new FaultChain(seed);
        await using var server = await chain.ServeAsync();
        await using var listener = await Listener.ToEverythingAsync(server);
        var cases = new (string Name, Func<SimTransaction, SimTransaction?> Deed, string Told, string State, string? PaysYou)[]
        {
            ("replaced, pays the same", paid => chain.Chain.Replace(paid.Id, paysYou: true), "transaction_replaced", "replaced", "True"),
            ("replaced, pays another", paid => chain.Chain.Replace(paid.Id, paysYou: false), "transaction_replaced", "replaced", "False"),
            ("spent in a block otherwise", paid => chain.Chain.DoubleSpend(paid.Id), "transaction_replaced", "conflicted", "False"),
            ("thrown out", paid => chain.Chain.Evict(paid.Id) ? null : paid, "transaction_dropped", "dropped", null),
            ("expired", paid => chain.Chain.Expire(TimeSpan.Zero) > 0 ? null : paid, "transaction_dropped", "dropped", null),
        };
        foreach (var (name, deed, told, state, paysYou) in cases)
        {
            var paid = await PayAsync(chain, server, listener, name.Length + (seed * 100));
            var rival = deed(paid);
            var lost = await listener.HeardAsync(one => one.Kind == told && one.Transaction == paid.Id.ToString() && one.State == state, $"{name}: {told} as {state}");
            (lost.Text("pays_you"), lost.Text("replaced_by")).ShouldBe((paysYou, paysYou is null ? null : rival!.Id.ToString()), name);
            if (paysYou == "True") await listener.HeardAsync("new_payment", rival!.Id.ToString());
            chain.Chain.Mine(1);
            await chain.AtTipAsync(server);
            listener.All.Count(one => one.Kind == told && one.Transaction == paid.Id.ToString() && one.State == state).ShouldBe(1, name);
        }

        await ChildAsync(chain, server, listener, seed);
        await Belief.SettlesAsync(server, chain);
        listener.KeepsOrder();
        listener.HeardNoTrouble();
        await listener.HoldsTheJournalAsync();
    }

    /// <summary>A child that pays for its parent: both are told, and confirm together.</summary>
    static async Task ChildAsync(FaultChain chain, BelfryProcess server, Listener listener, int seed)
    {
        var alice = chain.Chain.Wallet("alice");
        var parent = chain.Chain.Pay(chain.Chain.Wallet("bob"), alice.Script, 5_000_000, new SimPayment { FeeRate = 1 });
        await listener.HeardAsync("new_payment", parent.Id.ToString());
        var script = FaultChain.Fresh(seed);
        chain.Watched = [.. chain.Watched, script];
        await server.WatchAsync(chain.Id, chain.AddressOf(script));
        var coin = parent.Coins(-1).First(one => one.Script.Equals(alice.Script));
        var child = chain.Chain.Pay(alice, script, 4_000_000, new SimPayment { FeeRate = 50, Coins = [coin] });
        await listener.HeardAsync("new_payment", child.Id.ToString());
        var block = chain.Chain.Mine(1)[0].Hash.ToString();
        foreach (var id in new[] { parent.Id, child.Id })
            (await listener.HeardAsync("verified_tx", id.ToString(), confirmations: 1)).Block.ShouldBe(block);
    }

    static async Task<SimTransaction> PayAsync(FaultChain chain, BelfryProcess server, Listener listener, int number)
    {
        var script = FaultChain.Fresh(number);
        chain.Watched = [.. chain.Watched, script];
        await server.WatchAsync(chain.Id, chain.AddressOf(script));
        var paid = chain.Chain.Pay(chain.Chain.Wallet("bob"), script, 1_000_000);
        await listener.HeardAsync("new_payment", paid.Id.ToString());
        return paid;
    }
}
