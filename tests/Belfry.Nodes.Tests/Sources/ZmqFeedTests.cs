using System.Net;
using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Sources;
using Belfry.Nodes.Tests.Zmq;
using Belfry.TestKit.Faults;
using Belfry.TestKit.Nodes;
using Shouldly;
using static Belfry.Nodes.Tests.Zmq.ScriptedPublisher;

namespace Belfry.Nodes.Tests.Sources;

public sealed class ZmqFeedTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("btc")]
    [InlineData("bch")]
    public async Task Transactions_and_blocks_of_a_real_publisher_are_told_with_hashes_in_display_order(string chain)
    {
        await using NpmNode node = chain == "btc" ? await BcoinNode.StartNewAsync() : await BcashNode.StartNewAsync();
        await node.FundAsync();
        await using var source = SourceFixture.Open(node, node.ZmqEndPoint);
        await using var log = new SignalLog(source);
        await log.OpenedAsync(FeedKind.Zmq);
        source.Status.Feed.ShouldBe(FeedKind.Zmq);

        var id = TxHash.Parse(await node.SendAsync(await node.NewAddressAsync(), "1"));
        await log.HeardAsync<FeedSignal.TransactionAnnounced>(told => told.Id == id && told.Sequence is not null);
        var decoder = SourceFixture.Decoder(chain);
        await log.HeardAsync<FeedSignal.TransactionArrived>(told => decoder.DecodeTransaction(told.Raw).Id == id);

        await node.GenerateAsync(1);
        var best = BlockHash.Parse(await node.GetTipAsync());
        // From hashblock, rawblock and sequence.
        await log.HeardAsync(signals => signals.OfType<FeedSignal.TipChanged>().Count(told => told.Hash == best) >= 3);
        log.All.OfType<FeedSignal.TipChanged>().ShouldAllBe(told => told.Hash == best);
        log.Losses.ShouldBeEmpty();
        RecentBlocks.HashOf((await source.ReadBlockAsync(best, Token))!.Value.Span).ShouldBe(best);
    }

    [Fact]
    public async Task A_pushed_block_is_not_asked_for_again()
    {
        await using var node = await BcoinNode.StartNewAsync();
        await using var source = SourceFixture.Open(node, node.ZmqEndPoint);
        await using var log = new SignalLog(source);
        await log.OpenedAsync(FeedKind.Zmq);
        var hash = BlockHash.Parse((await node.GenerateAsync(1))[0]);
        await log.HeardAsync(signals => signals.OfType<FeedSignal.TipChanged>().Count(told => told.Hash == hash) >= 3);
        await node.KillAsync();
        (await source.ReadBlockAsync(hash, Token)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_reorganisation_is_told_block_by_block_and_the_stale_block_is_known_as_such()
    {
        await using var node = await BcoinNode.StartNewAsync();
        await using var second = await BcoinNode.StartNewAsync();
        await node.GenerateAsync(3);
        await using var source = SourceFixture.Open(node, node.ZmqEndPoint);
        await using var log = new SignalLog(source);
        await log.OpenedAsync(FeedKind.Zmq);
        var stale = (await source.ReadTipAsync(Token)).Header;
        var branch = await CompetingBranch.ReorganiseAsync(node, second, depth: 1);
        await log.HeardAsync<FeedSignal.TipChanged>(told => told.Hash == stale.Block.Hash);
        foreach (var hash in branch) await log.HeardAsync<FeedSignal.TipChanged>(told => told.Hash == BlockHash.Parse(hash));
        var tip = await source.ReadTipAsync(Token);
        tip.Header.Block.ShouldBe(new BlockRef(4, BlockHash.Parse(branch[^1])));
        (tip.Header.Work > stale.Work).ShouldBeTrue();
        var left = await source.ReadHeaderAsync(stale.Block.Hash, Token);
        left!.InBestChain.ShouldBeFalse();
        left.Block.ShouldBe(stale.Block);
        log.Losses.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_node_that_is_started_anew_is_told_as_restarted_and_heard_again()
    {
        await using var node = await BcoinNode.StartNewAsync();
        await using var source = SourceFixture.Open(node, node.ZmqEndPoint);
        await using var log = new SignalLog(source);
        await log.OpenedAsync(FeedKind.Zmq);
        await node.GenerateAsync(5);
        await node.RestartAsync();
        await log.OpenedAsync(FeedKind.Zmq, 2);
        log.Losses.ShouldContain(LostReason.NodeRestarted);
        var before = log.All.Count;
        var hash = BlockHash.Parse((await node.GenerateAsync(1, await node.StrangerAddressAsync()))[0]);
        await log.HeardAsync(signals => signals.Skip(before).OfType<FeedSignal.TipChanged>().Any(told => told.Hash == hash));
    }

    [Fact]
    public async Task Cut_sockets_are_told_as_lost_and_opened_again()
    {
        await using var node = await BcoinNode.StartNewAsync();
        await using var proxy = FaultProxy.Start(IPEndPoint.Parse(node.ZmqEndPoint["tcp://".Length..]));
        await using var source = SourceFixture.Open(node, $"tcp://{proxy.EndPoint}");
        await using var log = new SignalLog(source);
        await log.OpenedAsync(FeedKind.Zmq);
        for (var i = 1; i <= 3; i++)
        {
            proxy.ResetAll();
            await log.OpenedAsync(FeedKind.Zmq, i + 1);
            var hash = BlockHash.Parse((await node.GenerateAsync(1))[0]);
            await log.HeardAsync<FeedSignal.TipChanged>(told => told.Hash == hash);
        }

        log.Losses.Count().ShouldBe(3);
        log.Losses.ShouldAllBe(static reason => reason == LostReason.ConnectionLost);
    }

    [Fact]
    public async Task While_the_publisher_is_away_the_node_is_polled_and_afterwards_the_publisher_is_heard_again()
    {
        await using var node = await BcoinNode.StartNewAsync();
        await using var proxy = FaultProxy.Start(IPEndPoint.Parse(node.ZmqEndPoint["tcp://".Length..]));
        await using var source = SourceFixture.Open(node, $"tcp://{proxy.EndPoint}");
        await using var log = new SignalLog(source);
        await log.OpenedAsync(FeedKind.Zmq);
        proxy.Refusing = true;
        proxy.ResetAll();
        await log.OpenedAsync(FeedKind.Polling);
        var polled = BlockHash.Parse((await node.GenerateAsync(1))[0]);
        await log.HeardAsync<FeedSignal.TipChanged>(told => told.Hash == polled);
        proxy.Refusing = false;
        await log.OpenedAsync(FeedKind.Zmq, 2);
        source.Status.Feed.ShouldBe(FeedKind.Zmq);
        log.Losses.ShouldBe([LostReason.ConnectionLost]);
    }

    [Fact]
    public async Task A_publisher_that_stays_silent_while_the_tip_moves_is_left_for_polling()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        await using var publisher = new ScriptedPublisher(static async peer =>
        {
            await peer.ShakeHandsAsync();
            await peer.PongAsync();
            while (true)
            {
                // Alive, and without news.
                var (_, body) = await peer.ReadAsync();
                await peer.SendAsync(Command("PONG", body[7..]));
            }
        });
        await using var source = SourceFixture.Open(node, publisher.EndPoint.ToString());
        await using var log = new SignalLog(source);
        await log.OpenedAsync(FeedKind.Zmq);
        var hash = BlockHash.Parse((await node.GenerateAsync(1))[0]);
        await log.OpenedAsync(FeedKind.Polling);
        log.Losses.ShouldBe([LostReason.Silence]);
        log.All.OfType<FeedSignal.TipChanged>().ShouldContain(told => told.Hash == hash);
        source.Status.Feed.ShouldBe(FeedKind.Polling);
    }

    [Fact]
    public async Task Missing_messages_and_a_counter_that_goes_back_are_holes_that_are_told_and_closed()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        var hash = Enumerable.Repeat((byte)7, 32).ToArray();
        await using var publisher = new ScriptedPublisher(async peer =>
        {
            var topic = await peer.ShakeHandsAsync();
            await peer.PongAsync();
            if (topic == "hashblock")
            {
                foreach (var counter in (uint[])[10, 11, 14, 15, 0, 1]) await peer.SendAsync(Message(topic, hash, counter));
            }

            while (true) await peer.PongAsync();
        });
        await using var source = SourceFixture.Open(node, publisher.EndPoint.ToString());
        await using var log = new SignalLog(source);
        await log.HeardAsync(static signals => signals.OfType<FeedSignal.TipChanged>().Count() == 6);
        log.All.Select(static signal => signal switch
        {
            FeedSignal.Lost lost => lost.Reason,
            FeedSignal.Opened => "opened",
            _ => "tip",
        }).ShouldBe(["opened", "tip", "tip", LostReason.FrameGap, "opened", "tip", "tip", LostReason.NodeRestarted, "opened", "tip", "tip"]);
        log.All.OfType<FeedSignal.Lost>().First().Detail.ShouldBe("2 messages of topic hashblock are missing before number 14");
    }

    [Fact]
    public async Task A_publisher_of_garbage_is_left_for_polling()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        await using var publisher = new ScriptedPublisher(static async peer =>
        {
            var topic = await peer.ShakeHandsAsync();
            await peer.PongAsync();
            await peer.SendAsync(Message(topic, [1, 2, 3], 0));
            while (true) await peer.PongAsync();
        });
        await using var source = SourceFixture.Open(node, publisher.EndPoint.ToString());
        await using var log = new SignalLog(source);
        await log.OpenedAsync(FeedKind.Polling);
        log.Losses.ShouldAllBe(static reason => reason == LostReason.Garbled);
    }
}
