using System.Numerics;
using System.Security.Cryptography;
using Belfry.Core.Chains;
using Belfry.Nodes.Simnet;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;

namespace Belfry.Nodes.Tests.Simnet;

public sealed class SimulatedChainTests
{
    static readonly Arbitrary<(int Seed, string Chain)> Histories =
        Gen.Choose(0, 1_000_000).SelectMany(seed => Gen.Elements("btc", "ltc", "bch", "doge").Select(chain => (seed, chain))).ToArbitrary();

    [Fact]
    public void Every_block_of_a_random_history_decodes_and_hashes_as_it_says() =>
        Prop.ForAll(Histories, history =>
        {
            var chain = Play(history.Seed, history.Chain, 40);
            var previous = new string('0', 64);
            foreach (var block in chain.BestChain)
            {
                var read = PlainReader.ReadBlock(block.Raw);
                read.Hash.ShouldBe(block.Hash.ToString());
                read.Previous.ShouldBe(previous);
                read.MerkleRoot.ShouldBe(PlainReader.MerkleRoot(read.Transactions.Select(transaction => transaction.Id)));
                read.Transactions.Select(transaction => transaction.Id).ShouldBe(block.Transactions.Select(transaction => transaction.Id.ToString()));
                (Target(read.Bits) >= BigInteger.Parse("0" + read.Hash, System.Globalization.NumberStyles.HexNumber)).ShouldBeTrue();
                if (chain.Settings.Segwit && block.Height > 0) WitnessCommitment(read).ShouldBe(read.Transactions[0].Outputs[1].Script);
                if (chain.Settings.OrderedById) read.Transactions.Skip(1).Select(transaction => transaction.Id).ShouldBeInOrder();
                previous = read.Hash;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(30));

    [Fact]
    public void The_coins_are_what_replaying_the_bytes_of_the_best_chain_leaves_and_no_money_is_made_or_lost() =>
        Prop.ForAll(Histories, history =>
        {
            var chain = Play(history.Seed, history.Chain, 60);
            var coins = new Dictionary<(string, uint), (long Value, string Script)>();
            foreach (var block in chain.BestChain)
            {
                var read = PlainReader.ReadBlock(block.Raw);
                foreach (var transaction in read.Transactions)
                    for (var index = 0; index < transaction.Outputs.Count; index++)
                        if (!transaction.Outputs[index].Script.StartsWith("6a", StringComparison.Ordinal)) coins.Add((transaction.Id, (uint)index), transaction.Outputs[index]);
                foreach (var input in read.Transactions.Skip(1).SelectMany(transaction => transaction.Inputs)) coins.Remove(input).ShouldBeTrue($"{input} spent without being there");
            }

            chain.Coins.Select(coin => (coin.OutPoint.ToString(), coin.Value, coin.Script.ToString())).Order()
                .ShouldBe(coins.Select(coin => ($"{coin.Key.Item1}:{coin.Key.Item2}", coin.Value.Value, coin.Value.Script)).Order());
            coins.Values.Sum(coin => coin.Value).ShouldBe(chain.BestChain.Sum(block => chain.SubsidyAt(block.Height)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));

    [Fact]
    public void Balances_of_all_scripts_agree_with_their_coins() =>
        Prop.ForAll(Histories, history =>
        {
            var chain = Play(history.Seed, history.Chain, 60);
            foreach (var script in chain.Wallets.SelectMany(wallet => wallet.Keys).Select(key => key.Script))
            {
                var balance = chain.BalanceOf(script);
                (balance.Confirmed + balance.Immature).ShouldBe(new Amount(chain.CoinsOf(script, afterMempool: false).Sum(coin => coin.Value)));
                (balance.Confirmed + balance.Immature + balance.Unconfirmed).ShouldBe(new Amount(chain.CoinsOf(script, afterMempool: true).Sum(coin => coin.Value)));
                (balance.Received - balance.Sent).ShouldBe(balance.Confirmed + balance.Immature + balance.Unconfirmed);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));

    [Fact]
    public void The_mempool_never_holds_rivals_nor_orphans() =>
        Prop.ForAll(Histories, history =>
        {
            var chain = Play(history.Seed, history.Chain, 60);
            var mempool = chain.Mempool;
            var spent = mempool.SelectMany(transaction => transaction.Spent).Select(coin => coin.OutPoint).ToList();
            spent.Count.ShouldBe(spent.Distinct().Count());
            var there = chain.Coins.Select(coin => coin.OutPoint).Concat(mempool.SelectMany(transaction => transaction.Coins(-1)).Select(coin => coin.OutPoint)).ToHashSet();
            spent.ShouldAllBe(outPoint => there.Contains(outPoint));
            mempool.ShouldAllBe(transaction => chain.Fate(transaction.Id)!.State == SimState.Waiting && transaction.Fee > 0);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));

    [Fact]
    public void The_same_seed_makes_the_same_bytes() =>
        Prop.ForAll(Histories, history =>
        {
            var first = Play(history.Seed, history.Chain, 40);
            var second = Play(history.Seed, history.Chain, 40);
            second.Tip.Hash.ShouldBe(first.Tip.Hash);
            second.Mempool.Select(transaction => Convert.ToHexString(transaction.Raw.Span)).ShouldBe(first.Mempool.Select(transaction => Convert.ToHexString(transaction.Raw.Span)));
            Play(history.Seed + 1, history.Chain, 40).Tip.Hash.ShouldNotBe(first.Tip.Hash);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(10));

    [Fact]
    public void Told_changes_replay_to_the_state_that_is_there() =>
        Prop.ForAll(Histories, history =>
        {
            var chain = SimnetHistory.Start(history.Seed, history.Chain);
            var best = chain.BestChain.Select(block => block.Hash).ToList();
            var mempool = chain.Mempool.Select(transaction => transaction.Id).ToHashSet();
            using var subscription = chain.Subscribe(change =>
            {
                switch (change)
                {
                    case SimChange.Entered entered: mempool.Add(entered.Transaction.Id).ShouldBeTrue(); break;
                    case SimChange.Left left: mempool.Remove(left.Transaction.Id).ShouldBeTrue(); break;
                    case SimChange.Disconnected { Block: var block }:
                        best[^1].ShouldBe(block.Hash);
                        best.RemoveAt(best.Count - 1);
                        break;
                    case SimChange.Connected { Block: var block }:
                        block.Header.Previous.ShouldBe(best[^1]);
                        best.Add(block.Hash);
                        mempool.ExceptWith(block.Transactions.Select(transaction => transaction.Id));
                        break;
                }
            });
            var dice = new SeededEntropy((ulong)history.Seed);
            for (var step = 0; step < 60; step++) SimnetHistory.Step(chain, dice);
            best.ShouldBe(chain.BestChain.Select(block => block.Hash));
            mempool.Order(Comparer<TxHash>.Create((left, right) => left.Value.CompareTo(right.Value)))
                .ShouldBe(chain.Mempool.Select(transaction => transaction.Id).Order(Comparer<TxHash>.Create((left, right) => left.Value.CompareTo(right.Value))));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));

    static SimulatedChain Play(int seed, string name, int steps)
    {
        var chain = SimnetHistory.Start(seed, name);
        var dice = new SeededEntropy((ulong)seed + 77);
        for (var step = 0; step < steps; step++) SimnetHistory.Step(chain, dice);
        return chain;
    }

    static BigInteger Target(uint bits) => new BigInteger(bits & 0x7fffff) * BigInteger.Pow(256, (int)(bits >> 24) - 3);

    static string WitnessCommitment(PlainReader.Block block)
    {
        var root = PlainReader.MerkleRoot(block.Transactions.Skip(1).Select(transaction => transaction.WitnessId).Prepend(new string('0', 64)));
        byte[] both = [.. Convert.FromHexString(root).Reverse(), .. Convert.FromHexString(block.Transactions[0].Witnesses[0][0])];
        return "6a24aa21a9ed" + Convert.ToHexStringLower(SHA256.HashData(SHA256.HashData(both)));
    }
}
