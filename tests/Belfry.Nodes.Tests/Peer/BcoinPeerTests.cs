using Belfry.Nodes.Bitcoin.Peer;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Nodes.Tests.Peer;

/// <summary>Nodes of other code than Bitcoin Core's, of Bitcoin and of Bitcoin Cash.</summary>
public sealed class BcoinPeerTests
{
    [Theory]
    [InlineData("btc", "/bcoin:")]
    [InlineData("bch", "/bcash:")]
    public async Task Transactions_and_blocks_arrive_with_the_nodes_own_bytes(string chain, string agent)
    {
        await using RegtestNode node = chain == "btc" ? await BcoinNode.StartNewAsync() : await BcashNode.StartNewAsync();
        await node.FundAsync();
        await using var feed = await ListeningFeed.ConnectAsync(node.PeerEndPoint, chain);
        (await feed.GetAsync<PeerFeedEvent.Connected>()).Peer.UserAgent.ShouldStartWith(agent);

        var id = await node.SendAsync(await node.NewAddressAsync(), "0.5");
        await feed.TransactionAsync((await node.CallAsync("getrawtransaction", id)).GetString()!);
        var hash = (await node.GenerateAsync(1))[0];
        var block = await feed.GetAsync<PeerFeedEvent.BlockReceived>(block => block.Hash.ToString() == hash);
        Convert.ToHexStringLower(block.Raw.Span).ShouldBe(await node.GetBlockHexAsync(hash));
    }
}
