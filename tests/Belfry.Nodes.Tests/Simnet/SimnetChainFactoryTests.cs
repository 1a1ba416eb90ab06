using Belfry.Core.Chains;
using Belfry.Core.Hosting;
using Belfry.Core.Watches;
using Belfry.Nodes.Bitcoin.Readers;
using Belfry.Nodes.Simnet;
using Belfry.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;

namespace Belfry.Nodes.Tests.Simnet;

public sealed class SimnetChainFactoryTests
{
    static readonly CancellationToken Never = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("btc", "bcrt1q")]
    [InlineData("ltc", "rltc1q")]
    [InlineData("bch", "bchreg:q")]
    [InlineData("doge", "")]
    public async Task The_servers_own_codec_and_decoder_read_what_the_chain_writes(string id, string prefix)
    {
        var factory = Factory();
        var parts = factory.Create(new ChainId(id), new ChainOptions { Network = "simnet" })!;
        var simnet = factory.Chains[new ChainId(id)];
        var index = new WatchIndex(default);
        foreach (var (owner, address) in simnet.Addresses)
        {
            address.ShouldStartWith(prefix);
            var reading = parts.Codec.Read(address);
            reading.Script.ShouldBe(simnet.Chain.Wallet(owner).Script);
        }

        for (var step = 0; step < 40; step++) simnet.Driver.Step();
        var tip = await parts.Source.ReadTipAsync(Never);
        for (var height = tip.Header.Block.Height; height > tip.Header.Block.Height - 5; height--)
        {
            var hash = (await parts.Source.ReadHashAsync(height, Never))!.Value;
            var block = parts.Decoder.MatchBlock((await parts.Source.ReadBlockAsync(hash, Never))!.Value, index);
            block.Hash.ShouldBe(hash);
            block.TransactionCount.ShouldBe(simnet.Chain.BlockAt(height)!.Transactions.Count);
        }
    }

    [Fact]
    public void Addresses_are_the_same_at_every_start_and_blocks_are_not()
    {
        var (first, second) = (Make(Factory()), Make(Factory(new ManualClock(DateTimeOffset.UnixEpoch.AddYears(40)))));
        second.Addresses.ShouldBe(first.Addresses);
        second.Chain.BlockAt(0)!.Hash.ShouldNotBe(first.Chain.BlockAt(0)!.Hash);
    }

    [Fact]
    public void Another_network_is_left_to_another_factory() => Factory().Create(new ChainId("btc"), new ChainOptions { Network = "regtest" }).ShouldBeNull();

    [Fact]
    public void A_chain_of_no_known_family_is_refused_by_name() =>
        Should.Throw<Belfry.Core.Runtime.EndpointException>(() => Factory().Create(new ChainId("eth"), new ChainOptions { Network = "simnet" })).Message.ShouldContain("eth");

    static LiveSimnet Make(SimnetChainFactory factory)
    {
        factory.Create(new ChainId("btc"), new ChainOptions { Network = "simnet" });
        return factory.Chains[new ChainId("btc")];
    }

    static SimnetChainFactory Factory(TimeProvider? clock = null) => new(
        network => new BitcoinDecoder(TransactionFormats.Of(network.Chain.Value), new Nothing()), clock ?? new ManualClock(), new SimnetTraffic(), NullLoggerFactory.Instance);

    sealed class Nothing : IScriptInference
    {
        public Script? Infer(InputView input) => null;
    }
}
