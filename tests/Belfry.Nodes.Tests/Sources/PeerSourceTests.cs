using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Peer;
using Belfry.Nodes.Bitcoin.Sources;
using Belfry.TestKit.Faults;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Nodes.Tests.Sources;

public sealed class PeerSourceTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Transactions_and_blocks_come_by_the_peer_protocol_where_nothing_is_published()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        await node.FundAsync();
        using var nobody = FreePort.Lease();
        await using var source = SourceFixture.Open(node, $"tcp://{nobody}", options => options with { Peer = Peer("127.0.0.1", node.PeerEndPoint.Port) });
        await using var log = new SignalLog(source);
        await log.OpenedAsync(FeedKind.Peer);
        source.Status.Feed.ShouldBe(FeedKind.Peer);
        var id = TxHash.Parse(await node.SendAsync(await node.NewAddressAsync(), "1"));
        var decoder = SourceFixture.Decoder("ltc");
        await log.HeardAsync<FeedSignal.TransactionArrived>(told => decoder.DecodeTransaction(told.Raw).Id == id);
        var block = BlockHash.Parse((await node.GenerateAsync(1))[0]);
        await log.HeardAsync<FeedSignal.TipChanged>(told => told.Hash == block);
        RecentBlocks.HashOf((await source.ReadBlockAsync(block, Token))!.Value.Span).ShouldBe(block);
        log.Losses.ShouldBeEmpty();
    }

    [Fact]
    public async Task Blocks_that_the_node_takes_back_without_telling_its_peers_are_noticed_and_are_no_silence()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        var blocks = await node.GenerateAsync(3);
        await using var source = SourceFixture.Open(node, null, options => options with { Peer = Peer("127.0.0.1", node.PeerEndPoint.Port) });
        await using var log = new SignalLog(source);
        await log.OpenedAsync(FeedKind.Peer);
        await node.InvalidateAsync(blocks[1]);
        var left = BlockHash.Parse(blocks[0]);
        await log.HeardAsync<FeedSignal.TipChanged>(told => told.Hash == left);
        // The feed is still believed: what comes after is told by it.
        var next = BlockHash.Parse((await node.GenerateAsync(1, await node.StrangerAddressAsync()))[0]);
        await log.HeardAsync<FeedSignal.TipChanged>(told => told.Hash == next);
        log.Losses.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_peer_connection_that_breaks_is_told_and_opened_again_or_replaced_by_polling()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        await using var proxy = FaultProxy.Start(node.PeerEndPoint);
        await using var source = SourceFixture.Open(node, null, options => options with { Peer = Peer("127.0.0.1", proxy.EndPoint.Port) });
        await using var log = new SignalLog(source);
        await log.OpenedAsync(FeedKind.Peer);
        proxy.ResetAll();
        await log.OpenedAsync(FeedKind.Peer, 2);
        proxy.Refusing = true;
        proxy.ResetAll();
        await log.OpenedAsync(FeedKind.Polling);
        var polled = BlockHash.Parse((await node.GenerateAsync(1))[0]);
        await log.HeardAsync<FeedSignal.TipChanged>(told => told.Hash == polled);
        proxy.Refusing = false;
        await log.OpenedAsync(FeedKind.Peer, 3);
        log.Losses.ShouldBe([LostReason.ConnectionLost, LostReason.ConnectionLost]);
    }

    static (PeerOptions, PeerParameters)? Peer(string host, int port) => (new PeerOptions { Host = host, Port = port, Setting = "Chains:ltc:Peer" }, PeerParameters.Find("ltc", "regtest")!);
}
