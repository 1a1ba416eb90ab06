using System.Numerics;
using Belfry.Core.Chains;
using Belfry.Core.Hosting;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin;
using Belfry.Nodes.Bitcoin.Sources;
using Belfry.Nodes.Tests.Rpc;
using Belfry.TestKit;
using Belfry.TestKit.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using static Belfry.Nodes.Tests.Rpc.ScriptedHttpNode;

namespace Belfry.Nodes.Tests.Sources;

public sealed class BitcoinSourceTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Chains => ["ltc", "btc", "bch"];

    [Theory]
    [MemberData(nameof(Chains))]
    public async Task Chain_mempool_and_spent_outputs_are_read_from_every_kind_of_node(string chain)
    {
        await using var node = await StartAsync(chain);
        await node.FundAsync();
        await using var source = SourceFixture.Open(node);
        var tip = await source.ReadTipAsync(Token);
        tip.Header.Block.ShouldBe(new BlockRef(101, BlockHash.Parse(await node.GetTipAsync())));
        tip.Header.InBestChain.ShouldBeTrue();
        tip.Header.Work.ShouldBe(new BigInteger(204));
        var below = await source.ReadHeaderAsync(tip.Header.Previous, Token);
        below!.Block.Height.ShouldBe(100);
        (await source.ReadHashAsync(100, Token)).ShouldBe(below.Block.Hash);
        (await source.ReadHashAsync(102, Token)).ShouldBeNull();
        (await source.ReadHeaderAsync(BlockHash.Parse(new string('7', 64)), Token)).ShouldBeNull();
        (await source.ReadBlockAsync(BlockHash.Parse(new string('7', 64)), Token)).ShouldBeNull();

        var parent = await node.SendAsync(await node.NewAddressAsync(), "1");
        var mempool = await source.ReadMempoolAsync(Token);
        mempool.Transactions.ShouldBe([TxHash.Parse(parent)]);
        mempool.Loaded.ShouldBeTrue();
        (mempool.Sequence is not null).ShouldBe(chain == "ltc");

        var decoder = SourceFixture.Decoder(chain);
        var coinbase = await CoinbaseOfAsync(source, decoder, tip.Header.Block.Hash);
        var raws = await source.ReadTransactionsAsync([coinbase, TxHash.Parse(parent), new TxHash(Hash256.Parse(new string('7', 64)))], Token);
        raws[0].ShouldBeNull("confirmed, although this node keeps an index");
        raws[2].ShouldBeNull();
        var spender = decoder.DecodeTransaction(raws[1]!.Value);
        spender.Id.ToString().ShouldBe(parent);
        var prevouts = await source.ReadPrevoutsAsync(spender, null, Token);
        prevouts.Count.ShouldBe(spender.Inputs.Count);
        prevouts.ShouldAllBe(static output => output != null);
        (Total(prevouts) - Total(spender.Outputs)).Sign.ShouldBe(1, "the rest is the fee");

        await node.GenerateAsync(1);
        var block = (await source.ReadTipAsync(Token)).Header.Block.Hash;
        RecentBlocks.HashOf((await source.ReadBlockAsync(block, Token))!.Value.Span).ShouldBe(block);
        (await source.ReadTransactionsAsync([TxHash.Parse(parent)], Token))[0].ShouldBeNull();
        (await source.ReadPrevoutsAsync(spender, block, Token)).Where(static output => output is not null).ShouldAllBe(output => prevouts.Contains(output));
        source.Status.Node.ShouldContain(chain == "ltc" ? "Litecoin" : chain == "btc" ? "bcoin" : "bcash");
    }

    [Fact]
    public async Task A_pruned_node_without_an_index_tells_the_outputs_that_an_unconfirmed_chain_spends()
    {
        await using var node = await LitecoindNode.StartNewAsync(new LitecoindOptions { TransactionIndex = false, Arguments = ["-prune=550"] });
        await node.FundAsync();
        await using var source = SourceFixture.Open(node);
        var decoder = SourceFixture.Decoder("ltc");
        // The second spends the first one's change: its parent is only in the mempool.
        var first = await node.SendAsync(await node.StrangerAddressAsync(), "1");
        var second = await node.SendAsync(await node.StrangerAddressAsync(), "2");
        var raws = await source.ReadTransactionsAsync([TxHash.Parse(first), TxHash.Parse(second)], Token);
        var child = decoder.DecodeTransaction(raws[1]!.Value);
        child.Inputs.ShouldContain(input => input.Previous.Transaction.ToString() == first);
        (await source.ReadPrevoutsAsync(child, null, Token)).ShouldAllBe(static output => output != null);
        // In one block: the parent's outputs come from the block itself.
        await node.GenerateAsync(1);
        var block = (await source.ReadTipAsync(Token)).Header.Block.Hash;
        var inBlock = await source.ReadPrevoutsAsync(child, block, Token);
        for (var i = 0; i < child.Inputs.Count; i++) (inBlock[i] is not null).ShouldBe(child.Inputs[i].Previous.Transaction.ToString() == first);
    }

    [Fact]
    public async Task Polling_tells_of_transactions_blocks_and_evictions_and_not_of_mined_ones()
    {
        await using var node = await LitecoindNode.StartNewAsync(new LitecoindOptions { Arguments = ["-mempoolreplacement=1"] });
        await node.FundAsync();
        // Where the settings name a publisher, nothing listens.
        using var nobody = FreePort.Lease();
        await using var source = SourceFixture.Open(node, $"tcp://{nobody}");
        await using var log = new SignalLog(source);
        await log.OpenedAsync(FeedKind.Polling);
        source.Status.Feed.ShouldBe(FeedKind.Polling);
        var first = TxHash.Parse(await node.SendAsync(await node.NewAddressAsync(), "1", replaceable: true));
        await log.HeardAsync<FeedSignal.TransactionAnnounced>(told => told.Id == first);
        var replacement = TxHash.Parse(await node.BumpFeeAsync(first.ToString()));
        await log.HeardAsync<FeedSignal.TransactionAnnounced>(told => told.Id == replacement);
        await log.HeardAsync<FeedSignal.TransactionLeft>(told => told.Id == first);
        var mined = BlockHash.Parse((await node.GenerateAsync(1))[0]);
        await log.HeardAsync<FeedSignal.TipChanged>(told => told.Hash == mined);
        var later = TxHash.Parse(await node.SendAsync(await node.NewAddressAsync(), "1"));
        await log.HeardAsync<FeedSignal.TransactionAnnounced>(told => told.Id == later);
        log.All.OfType<FeedSignal.TransactionLeft>().ShouldNotContain(told => told.Id == replacement);
        log.Losses.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_killed_node_is_told_as_lost_and_its_return_as_a_restart()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        await using var source = SourceFixture.Open(node);
        await using var log = new SignalLog(source);
        await log.OpenedAsync(FeedKind.Polling);
        // Long enough for the uptime to be told apart from a fresh one.
        await Eventually.HoldsAsync(async () => (await node.CallAsync("uptime")).GetInt32() >= 5);
        await node.KillAsync();
        await log.HeardAsync<FeedSignal.Lost>(static lost => lost.Reason == LostReason.ConnectionLost);
        await Should.ThrowAsync<EndpointException>(async () => await source.ReadTipAsync(Token));
        await node.StartAsync();
        await log.OpenedAsync(FeedKind.Polling, 2);
        log.Losses.ShouldBe([LostReason.ConnectionLost, LostReason.NodeRestarted]);
        (await source.ReadTipAsync(Token)).Header.Block.Height.ShouldBe(0);
    }

    [Fact]
    public async Task A_frozen_node_is_noticed_within_ten_seconds_and_heard_again_afterwards()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        await using var source = SourceFixture.Open(node);
        await using var log = new SignalLog(source);
        await log.OpenedAsync(FeedKind.Polling);
        node.Freeze();
        await Eventually.HoldsAsync(() => log.Losses.Any(), TimeSpan.FromSeconds(10));
        node.Continue();
        await log.OpenedAsync(FeedKind.Polling, 2);
        log.Losses.ShouldBe([LostReason.ConnectionLost]);
    }

    [Fact]
    public async Task A_node_on_another_network_is_refused_in_one_line()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        await using var source = SourceFixture.Open("btc", node.RpcSetting);
        var problem = await Should.ThrowAsync<EndpointException>(async () => await source.ReadTipAsync(Token));
        problem.Message.ShouldContain("is on another network: its chain starts with 530827f38f93b43ed12af0b3ad25a288dc02ed74d6d7857862df51fc56c416f9, btc regtest starts with 0f9188f1");
        problem.Message.ShouldNotContain("\n");
        problem.Message.ShouldNotContain(node.Password);
        await using var log = new SignalLog(source);
        await log.HeardAsync<FeedSignal.Lost>(static lost => lost.Reason == LostReason.WrongNetwork);
        log.Openings.ShouldBe(0);
    }

    [Fact]
    public async Task A_node_of_a_chain_that_parted_from_ours_is_refused_by_the_first_block_after()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        var blocks = await node.GenerateAsync(2);
        var ours = BlockHash.Parse(blocks[0]);
        await using var right = SourceFixture.Open(node, change: options => options with { ForkBlocks = [new BlockRef(1, ours), new BlockRef(1000, ours)] });
        (await right.ReadTipAsync(Token)).Header.Block.Height.ShouldBe(2);
        await using var wrong = SourceFixture.Open(node, change: options => options with { ForkBlocks = [new BlockRef(2, ours)] });
        (await Should.ThrowAsync<EndpointException>(async () => await wrong.ReadTipAsync(Token))).Message
            .ShouldContain($"is on another network: its block 2 is {blocks[1]}, that of ltc regtest is {ours}");
    }

    [Fact]
    public async Task A_block_that_is_not_the_one_asked_for_is_refused()
    {
        const string Asked = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";
        var answer = new string('0', 400);
        await using var node = new ScriptedHttpNode
        {
            Answer = (_, request) => request.GetProperty("method").GetString() switch
            {
                "getblockhash" => Result(request, $"\"{Asked}\""),
                "getnetworkinfo" => Result(request, """{"subversion":"/liar:1/"}"""),
                _ => Result(request, $"\"{answer}\""),
            },
        };
        await using var source = SourceFixture.Open("btc", node.Url);
        (await Should.ThrowAsync<EndpointException>(async () => await source.ReadBlockAsync(BlockHash.Parse(Asked), Token))).Message.ShouldContain($"where {Asked} was asked");
        answer = "00";
        (await Should.ThrowAsync<EndpointException>(async () => await source.ReadBlockAsync(BlockHash.Parse(Asked), Token))).Message.ShouldContain("of too few bytes");
        answer = "0g";
        (await Should.ThrowAsync<EndpointException>(async () => await source.ReadBlockAsync(BlockHash.Parse(Asked), Token))).Message.ShouldContain("hexadecimal digits");
    }

    [Fact]
    public async Task The_next_node_takes_over_when_the_first_one_goes_and_keeps_its_place()
    {
        await using var first = await LitecoindNode.StartNewAsync();
        await using var second = await LitecoindNode.StartNewAsync();
        await using var other = await BcoinNode.StartNewAsync();
        await first.GenerateAsync(3);
        await CompetingBranch.CopyAsync(first, second, 3);
        var options = new ChainOptions
        {
            Network = "regtest",
            Rpc = string.Join(", ", first.RpcSetting, other.RpcSetting, second.RpcSetting),
            PollInterval = TimeSpan.FromMilliseconds(50),
        };
        var factory = new BitcoinChainFactory(TcpNetwork.Instance, TimeProvider.System, SystemEntropy.Instance, NullLoggerFactory.Instance);
        await using var source = factory.Create(new ChainId("ltc"), options)!.Source;
        await using var log = new SignalLog(source);
        (await log.OpenedAsync(FeedKind.Polling)).Endpoint.ShouldBe(first.RpcUrl.Authority);
        (await source.ReadTipAsync(Token)).Header.Block.Height.ShouldBe(3);
        await first.KillAsync();
        await log.HeardAsync(signals => signals.OfType<FeedSignal.Opened>().Any(opened => opened.Endpoint == second.RpcUrl.Authority));
        log.Losses.ShouldBe([LostReason.ConnectionLost, LostReason.NodeSwitched]);
        source.Status.Endpoint.ShouldBe(second.RpcUrl.Authority);
        (await source.ReadTipAsync(Token)).Header.Block.Height.ShouldBe(3);
        await first.StartAsync();
        var block = BlockHash.Parse((await second.GenerateAsync(1))[0]);
        await log.HeardAsync<FeedSignal.TipChanged>(told => told.Hash == block);
        source.Status.Endpoint.ShouldBe(second.RpcUrl.Authority);
    }

    [Fact]
    public async Task Settings_that_cannot_be_used_are_refused_by_name()
    {
        var factory = new BitcoinChainFactory(TcpNetwork.Instance, TimeProvider.System, SystemEntropy.Instance, NullLoggerFactory.Instance);
        factory.Create(new ChainId("eth"), new ChainOptions()).ShouldBeNull();
        factory.Create(new ChainId("btc"), new ChainOptions { Network = "simnet" }).ShouldBeNull();
        Should.Throw<EndpointException>(() => factory.Create(new ChainId("btc"), new ChainOptions())).Setting.ShouldBe("Chains:btc:Rpc");
        Should.Throw<EndpointException>(() => factory.Create(new ChainId("btc"), new ChainOptions { Network = "moon", Rpc = "http://a:b@127.0.0.1:1" })).Setting.ShouldBe("Chains:btc:Network");
        Should.Throw<EndpointException>(() => factory.Create(new ChainId("btc"), new ChainOptions { Rpc = "http://a:b@127.0.0.1:1", Zmq = "ipc:///x" })).Setting.ShouldBe("Chains:btc:Zmq");
        var parts = factory.Create(new ChainId("doge"), new ChainOptions { Rpc = "http://a:b@127.0.0.1:1" });
        parts!.Profile.CoinbaseMaturity.ShouldBe(240);
        await parts.Source.DisposeAsync();
    }

    static async Task<RegtestNode> StartAsync(string chain) => chain switch
    {
        "ltc" => await LitecoindNode.StartNewAsync(),
        "btc" => await BcoinNode.StartNewAsync(),
        _ => await BcashNode.StartNewAsync(),
    };

    static async Task<TxHash> CoinbaseOfAsync(BitcoinSource source, Belfry.Nodes.Bitcoin.Readers.BitcoinDecoder decoder, BlockHash hash)
    {
        var block = decoder.MatchBlock((await source.ReadBlockAsync(hash, Token))!.Value, new Belfry.Core.Watches.WatchIndex(default));
        return new TxHash(Hash256.FromWire(block.TransactionIds.Span[..32]));
    }

    static Amount Total(IEnumerable<TxOutput?> outputs) => outputs.Aggregate(Amount.Zero, static (sum, output) => sum + output!.Value.Value);

    static Amount Total(IEnumerable<TxOutput> outputs) => outputs.Aggregate(Amount.Zero, static (sum, output) => sum + output.Value);
}
