using System.IO.Compression;
using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Readers;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Nodes.Tests.Readers;

public sealed class PublishedBlockTests
{
    [Fact]
    public void Block_866342_has_the_published_numbers()
    {
        var raw = Reading.Data("btc/mainnet_866342.raw");
        raw.Length.ShouldBe(1_581_623);
        var facts = Reading.Describe(raw);
        (facts.Transactions, facts.Segwit, facts.Inputs, facts.Outputs).ShouldBe((4864, 4806, 7973, 10327));
        facts.Types.ShouldBe(
            new Dictionary<string, int> { ["op_return"] = 3971, ["p2wpkh"] = 3113, ["p2tr"] = 2757, ["p2sh"] = 210, ["p2pkh"] = 204, ["p2wsh"] = 72 }, ignoreOrder: true);
        (facts.Scripts, facts.SpendInBlock).ShouldBe((1741, 4021));
    }

    [Theory]
    [InlineData("btc/mainnet_367891.raw", 999_994, 420, 20_818, 853)]
    [InlineData("btc/mainnet_413567.raw", 999_887, 1557, 4887, 3581)]
    [InlineData("btc/mainnet_702861.raw", 1_381_836, 2500, 6518, 6015)]
    public void Other_blocks_have_the_published_numbers(string path, int length, int transactions, int inputs, int outputs)
    {
        var raw = Reading.Data(path);
        raw.Length.ShouldBe(length);
        var facts = Reading.Describe(raw);
        (facts.Transactions, facts.Inputs, facts.Outputs).ShouldBe((transactions, inputs, outputs));
        if (path.Contains("413567", StringComparison.Ordinal)) (facts.Segwit, facts.Types["p2pkh"], facts.Types["p2sh"]).ShouldBe((0, 2841, 737));
        if (path.Contains("702861", StringComparison.Ordinal)) facts.Scripts.ShouldBe(5756);
        Reading.Decoder().MatchBlock(raw, Reading.Index()).TransactionCount.ShouldBe(transactions);
    }

    [Theory]
    [InlineData("btc/mainnet_866342", 312_500_000, 5_026_183, 317_526_183)]
    [InlineData("btc/mainnet_367891", 2_500_000_000, 14_001_930, 0)]
    public void Fees_follow_from_the_spent_outputs(string path, long subsidy, long fees, long coinbase)
    {
        var raw = Reading.Data(path + ".raw");
        var spent = ReadSpent(path + ".spent_utxos.json.gz");
        long paidIn = 0, paidOut = 0;
        var next = 0;
        var block = new BlockReader(raw, TransactionFormat.Segwit);
        while (block.MoveNext())
        {
            if (block.Current.IsCoinbase) continue;
            foreach (var _ in block.Current.Inputs) paidIn += spent[next++];
            foreach (var output in block.Current.Outputs) paidOut += output.Value;
        }

        next.ShouldBe(spent.Count);
        (paidIn - paidOut).ShouldBe(fees);
        var claimed = Reading.Describe(raw).CoinbaseValue;
        if (coinbase != 0) claimed.ShouldBe(coinbase);
        claimed.ShouldBeLessThanOrEqualTo(subsidy + fees);
    }

    [Fact]
    public void A_tampered_block_is_refused()
    {
        var fault = Should.Throw<MalformedDataException>(() => Reading.Decoder().MatchBlock(Reading.Data("btc/mainnet_413567.tampered.raw"), Reading.Index()));
        fault.Message.ShouldContain("merkle root");
    }

    [Fact]
    public void Litecoin_block_878439_has_the_published_numbers()
    {
        var raw = Reading.Data("ltc/mainnet_878439.raw");
        var facts = Reading.Describe(raw, Reading.Litecoin);
        (facts.Transactions, facts.SpendInBlock, facts.Scripts).ShouldBe((3808, 3788, 65));
        Reading.Decoder(Reading.Litecoin).MatchBlock(raw, Reading.Index()).TransactionCount.ShouldBe(3808);
    }

    [Fact]
    public void Signet_blocks_0_to_120_link()
    {
        using var json = JsonDocument.Parse(Reading.Data("btc/signet_blocks_0_120.json"));
        var blocks = json.RootElement.EnumerateArray().Select(entry => Convert.FromHexString(entry.GetProperty("block").GetString()!)).ToArray();
        blocks.Length.ShouldBe(121);
        ShouldLink(blocks, default);
    }

    [Fact]
    public void Regtest_branches_fork_after_block_5()
    {
        using var json = JsonDocument.Parse(Reading.Data("btc/regtest_reorg.json"));
        var branches = json.RootElement.EnumerateArray()
            .Select(branch => branch.EnumerateArray().Select(block => Convert.FromHexString(block.GetString()!)).ToArray()).ToArray();
        var first = ShouldLink(branches[0], null);
        var second = ShouldLink(branches[1], null);
        (first.Count, second.Count).ShouldBe((10, 11));
        var fork = new BlockReader(branches[1].First(raw => !first.Contains(new BlockReader(raw, TransactionFormat.Segwit).ComputeHash())), TransactionFormat.Segwit).Previous;
        fork.ShouldBe(first[4]);
    }

    static List<BlockHash> ShouldLink(byte[][] blocks, BlockHash? before)
    {
        var decoder = Reading.Decoder();
        var hashes = new List<BlockHash>();
        foreach (var raw in blocks)
        {
            var block = decoder.MatchBlock(raw, Reading.Index());
            if (hashes.Count > 0) block.Previous.ShouldBe(hashes[^1]);
            else if (before is { } expected) block.Previous.ShouldBe(expected);
            hashes.Add(block.Hash);
        }

        return hashes;
    }

    static List<long> ReadSpent(string path)
    {
        using var file = File.OpenRead(SharedData.Path(path));
        using var plain = new GZipStream(file, CompressionMode.Decompress);
        using var json = JsonDocument.Parse(plain);
        return json.RootElement.EnumerateArray().Select(entry => entry.GetProperty("txout").GetProperty("value").GetInt64()).ToList();
    }
}
