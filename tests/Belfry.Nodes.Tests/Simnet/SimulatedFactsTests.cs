using Belfry.Nodes.Simnet;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Nodes.Tests.Simnet;

public sealed class SimulatedFactsTests
{
    readonly SimulatedChain chain = SimnetHistory.Start(1);

    SimWallet Alice => chain.Wallet("alice");

    SimWallet Bob => chain.Wallet("bob");

    [Fact]
    public void A_payment_waits_and_then_is_confirmed_with_its_fee_in_the_reward()
    {
        var payment = chain.Pay(Alice, Bob.Script, 1_0000_0000);
        chain.Fate(payment.Id)!.State.ShouldBe(SimState.Waiting);
        var block = chain.Mine().Single();
        chain.Fate(payment.Id)!.Block.ShouldBe(block.Ref);
        block.Transactions[0].Outputs[0].Value.ShouldBe(chain.SubsidyAt(block.Height) + payment.Fee);
    }

    [Fact]
    public void A_replacement_that_pays_a_stranger_takes_the_payment_and_its_children_away()
    {
        var payment = chain.Pay(Alice, Bob.Script, 1_0000_0000);
        var child = chain.Pay(Bob, Alice.Script, 5000_0000, new SimPayment { Coins = [.. payment.Coins(-1).Where(coin => Bob.Owns(coin.Script))] });
        var rival = chain.Replace(payment.Id, paysYou: false)!;
        chain.Mempool.ShouldBe([rival]);
        rival.Outputs.ShouldHaveSingleItem().Script.ShouldBe(chain.Stranger.Script);
        chain.Fate(payment.Id)!.ShouldSatisfyAllConditions(fate => fate.State.ShouldBe(SimState.Replaced), fate => fate.Rival.ShouldBe(rival.Id));
        chain.Fate(child.Id)!.ShouldSatisfyAllConditions(fate => fate.State.ShouldBe(SimState.Gone), fate => fate.Departure.ShouldBe(SimDeparture.ParentGone));
    }

    [Fact]
    public void A_replacement_that_pays_you_takes_the_fee_out_of_the_change()
    {
        var payment = chain.Pay(Alice, Bob.Script, 1_0000_0000);
        var rival = chain.Replace(payment.Id, paysYou: true)!;
        rival.Outputs[0].ShouldBe(payment.Outputs[0]);
        rival.Fee.ShouldBeGreaterThan(payment.Fee);
    }

    [Fact]
    public void A_mined_double_spend_conflicts_what_waited()
    {
        var payment = chain.Pay(Alice, Bob.Script, 1_0000_0000);
        var rival = chain.DoubleSpend(payment.Id)!;
        chain.Mempool.ShouldBeEmpty();
        chain.Fate(payment.Id)!.ShouldSatisfyAllConditions(
            fate => fate.State.ShouldBe(SimState.Conflicted), fate => fate.Rival.ShouldBe(rival.Id), fate => fate.RivalBlock.ShouldBe(chain.Tip.Ref));
    }

    [Fact]
    public void A_branch_of_one_block_displaces_six_by_work()
    {
        var payment = chain.Pay(Alice, Bob.Script, 1_0000_0000);
        var old = chain.Mine(6);
        var branch = chain.Reorg(depth: 6, newBlocks: 1);
        chain.Tip.ShouldBe(branch.Single());
        chain.Tip.Height.ShouldBe(old[0].Height);
        chain.Tip.Work.ShouldBeGreaterThan(old[^1].Work);
        chain.Fate(payment.Id)!.State.ShouldBe(SimState.Waiting);
    }

    [Fact]
    public void A_branch_with_less_work_changes_nothing_until_it_is_extended()
    {
        chain.Mine(3);
        var tip = chain.Tip;
        var side = chain.Fork(depth: 3, blocks: 2);
        chain.Tip.ShouldBe(tip);
        chain.IsInBestChain(side[0]).ShouldBeFalse();
        Should.Throw<ArgumentOutOfRangeException>(() => chain.Fork(depth: 1, blocks: 3));
    }

    [Fact]
    public void A_reorged_coinbase_takes_what_was_built_on_it_along()
    {
        var mine = chain.Mine(1, Bob.Script).Single();
        chain.Mine(chain.Settings.Profile.CoinbaseMaturity - 1);
        var coin = mine.Transactions[0].Coins(mine.Height).First();
        var spend = chain.Pay(Bob, Alice.Script, 1000_0000, new SimPayment { Coins = [coin] });
        chain.Reorg(depth: chain.Settings.Profile.CoinbaseMaturity, newBlocks: 1);
        chain.Mempool.ShouldNotContain(spend);
        chain.Fate(mine.Transactions[0].Id)!.State.ShouldBe(SimState.Gone);
        chain.Fate(spend.Id)!.ShouldSatisfyAllConditions(fate => fate.State.ShouldBe(SimState.Gone), fate => fate.Departure.ShouldBe(SimDeparture.ParentGone));
    }

    [Fact]
    public void An_immature_coinbase_cannot_be_spent()
    {
        var mined = chain.Mine(1, Bob.Script).Single();
        var coin = mined.Transactions[0].Coins(mined.Height).First();
        var early = chain.Pay(Bob, Alice.Script, 1000_0000, new SimPayment { Coins = [coin], Submit = false });
        chain.Submit(early).ShouldNotBeNull();
        Should.Throw<ArgumentException>(() => chain.Mine(1, include: [early]));
        chain.Mine(chain.Settings.Profile.CoinbaseMaturity - 1);
        chain.Submit(early).ShouldBeNull();
    }

    [Fact]
    public void A_spend_shows_the_key_behind_every_hashed_address()
    {
        foreach (var key in Alice.Keys) chain.Pay(Bob, key.Script, 100_0000, new SimPayment { SpendUnconfirmed = true });
        chain.Mine();
        foreach (var key in Alice.Keys)
        {
            var coin = chain.CoinsOf(key.Script, afterMempool: true)[0];
            var raw = PlainReader.ReadTransaction(chain.Pay(Alice, Bob.Script, 10_0000, new SimPayment { Coins = [coin] }).Raw);
            raw.Inputs.ShouldHaveSingleItem().Id.ShouldBe(coin.OutPoint.Transaction.ToString());
            (raw.Witnesses.Count > 0).ShouldBe(key.Kind != SimAddressKind.PublicKeyHash);
        }
    }

    [Fact]
    public void Expiry_takes_only_what_waited_long_enough()
    {
        var clock = new ManualClock();
        var slow = new SimulatedChain(SimnetSettings.For(SimnetHistory.Profile()), new SeededEntropy(3), clock);
        slow.Fund();
        var old = slow.Pay(slow.Wallet("alice"), slow.Wallet("bob").Script, 1000);
        clock.Advance(TimeSpan.FromHours(2));
        var young = slow.Pay(slow.Wallet("bob"), slow.Wallet("alice").Script, 1000);
        slow.Expire(TimeSpan.FromHours(1)).ShouldBe(1);
        slow.Mempool.ShouldBe([young]);
        slow.Fate(old.Id)!.Departure.ShouldBe(SimDeparture.Expired);
    }

    [Fact]
    public void A_pruned_chain_goes_on_and_still_takes_a_reorg()
    {
        var dice = new SeededEntropy(5);
        for (var step = 0; step < 300; step++)
        {
            SimnetHistory.Step(chain, dice);
            if (step % 20 == 0) chain.Prune(keepBlocks: 12);
        }

        chain.BlockAt(1)!.Raw.Length.ShouldBe(0);
        chain.Coins.Sum(coin => coin.Value).ShouldBe(chain.BestChain.Sum(block => chain.SubsidyAt(block.Height)));
        chain.Reorg(10, 11).Count.ShouldBe(11);
    }
}
