using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Nodes.Simnet;
using Shouldly;

namespace Belfry.Nodes.Tests.Simnet;

public sealed class SimulatedNodeTests : IAsyncDisposable
{
    static readonly CancellationToken Never = TestContext.Current.CancellationToken;

    readonly SimulatedChain chain = SimnetHistory.Start(2);
    readonly SimulatedNode node;

    public SimulatedNodeTests() => node = new SimulatedNode(chain, new SeededEntropy(9));

    public ValueTask DisposeAsync() => node.DisposeAsync();

    [Fact]
    public async Task Signals_are_buffered_from_the_call_on()
    {
        var signals = node.ListenAsync(Never);
        var payment = Pay();
        var block = chain.Mine().Single();
        (await Take(signals, 3)).ShouldBe([
            new FeedSignal.Opened(FeedKind.Simnet, node.Status.Endpoint), new FeedSignal.TransactionArrived(payment.Raw), new FeedSignal.TipChanged(block.Hash)]);
    }

    [Fact]
    public async Task It_serves_what_the_chain_holds()
    {
        var payment = Pay();
        (await node.ReadMempoolAsync(Never)).Transactions.ShouldBe([payment.Id]);
        (await node.ReadTransactionsAsync([default, payment.Id], Never)).ShouldBe([null, payment.Raw]);
        var tip = await node.ReadTipAsync(Never);
        (await node.ReadHashAsync(tip.Header.Block.Height, Never)).ShouldBe(tip.Header.Block.Hash);
        (await node.ReadHashAsync(tip.Header.Block.Height + 1, Never)).ShouldBeNull();
        (await node.ReadBlockAsync(tip.Header.Block.Hash, Never))!.Value.ToArray().ShouldBe(chain.Tip.Raw.ToArray());
        (await node.ReadHeaderAsync(default, Never)).ShouldBeNull();
    }

    [Fact]
    public async Task A_displaced_block_stays_known_but_not_in_the_best_chain()
    {
        var block = chain.Mine().Single();
        chain.Reorg(1, 2);
        (await node.ReadHeaderAsync(block.Hash, Never))!.InBestChain.ShouldBeFalse();
    }

    [Fact]
    public async Task A_node_that_comes_back_behind_shows_less_until_it_catches_up()
    {
        var payment = Pay();
        var mined = chain.Mine(5);
        var waiting = Pay();
        node.Stop();
        await Should.ThrowAsync<EndpointException>(async () => await node.ReadTipAsync(Never));
        node.Restart(behindBy: 3);
        (await node.ReadTipAsync(Never)).Header.Block.ShouldBe(mined[1].Ref);
        (await node.ReadHashAsync(mined[4].Height, Never)).ShouldBeNull();
        (await node.ReadHeaderAsync(mined[4].Hash, Never)).ShouldBeNull();
        (await node.ReadMempoolAsync(Never)).Transactions.ShouldBeEmpty();
        node.CatchUp();
        (await node.ReadTipAsync(Never)).Header.Block.ShouldBe(mined[4].Ref);
        chain.Fate(payment.Id)!.Block.ShouldBe(mined[0].Ref);
        chain.Fate(waiting.Id)!.State.ShouldBe(SimState.Waiting);
    }

    [Fact]
    public async Task Losing_everything_leaves_only_the_truth_to_be_read()
    {
        node.Faults = new SimFaults { Lose = 1 };
        var signals = node.ListenAsync(Never);
        Pay();
        node.Faults = new SimFaults();
        var last = Pay();
        (await Take(signals, 2))[1].ShouldBe(new FeedSignal.TransactionArrived(last.Raw));
    }

    [Fact]
    public async Task Duplicates_and_reordering_lose_nothing()
    {
        node.Faults = new SimFaults { Duplicate = 0.5, Reorder = 0.5, AnnounceOnly = true };
        var signals = node.ListenAsync(Never);
        var sent = new List<TxHash>();
        for (var index = 0; index < 20; index++)
        {
            sent.Add(Pay().Id);
            if (index % 5 == 4) chain.Mine();
        }

        node.Faults = new SimFaults { AnnounceOnly = true };
        chain.Mine();
        await node.DisposeAsync();
        var heard = new List<TxHash>();
        await foreach (var signal in signals)
            if (signal is FeedSignal.TransactionAnnounced announced) heard.Add(announced.Id);
        heard.Count.ShouldBeGreaterThan(sent.Count);
        heard.Distinct().ShouldBe(sent, ignoreOrder: true);
        heard.Distinct().ShouldNotBe(sent);
    }

    [Fact]
    public async Task Prevouts_are_told_for_waiting_and_confirmed_spenders()
    {
        var payment = Pay();
        var asked = new ChainTransaction
        {
            Id = payment.Id,
            IsCoinbase = false,
            Position = -1,
            Inputs = [.. payment.Spent.Select(coin => new TxInput(coin.OutPoint, null))],
            Outputs = [],
        };
        (await node.ReadPrevoutsAsync(asked, null, Never)).ShouldBe(payment.Spent.Select(coin => (TxOutput?)new TxOutput(coin.OutPoint.Index, coin.Script, coin.Value)));
        node.Faults = new SimFaults { NoPrevouts = true };
        (await node.ReadPrevoutsAsync(asked, chain.Mine().Single().Hash, Never)).ShouldAllBe(prevout => prevout == null);
    }

    SimTransaction Pay() => chain.Pay(chain.Wallets.First(wallet => chain.SpendableCoins(wallet).Count > 0), chain.Stranger.Script, 1_0000);

    static async Task<List<FeedSignal>> Take(IAsyncEnumerable<FeedSignal> signals, int count)
    {
        var taken = new List<FeedSignal>();
        await foreach (var signal in signals)
        {
            taken.Add(signal);
            if (taken.Count == count) break;
        }

        return taken;
    }
}
