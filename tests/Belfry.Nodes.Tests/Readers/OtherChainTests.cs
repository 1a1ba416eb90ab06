using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Readers;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Nodes.Tests.Readers;

public sealed class OtherChainTests
{
    [Theory]
    [InlineData(431, false)]
    [InlineData(432, true)]
    [InlineData(436, true)]
    [InlineData(437, true)]
    public void Litecoin_blocks_around_mweb_activation_agree_with_the_node(int height, bool extended)
    {
        var raw = Reading.Hex($"ltc/regtest-mweb/block_{height}.hex");
        using var json = Json($"ltc/regtest-mweb/block_{height}.json");
        var matched = Reading.Decoder(Reading.Litecoin).MatchBlock(raw, Reading.Index());
        matched.Hash.ToString().ShouldBe(json.RootElement.GetProperty("hash").GetString());
        matched.Previous.ToString().ShouldBe(json.RootElement.GetProperty("previousblockhash").GetString());
        var block = new BlockReader(raw, Reading.Litecoin);
        var sawHogEx = false;
        foreach (var expected in json.RootElement.GetProperty("tx").EnumerateArray())
        {
            block.MoveNext().ShouldBeTrue();
            ShouldBe(block.Current, expected);
            sawHogEx = block.Current.IsHogEx;
        }

        block.MoveNext().ShouldBeFalse();
        // At activation the first HogEx has no previous one to spend; from then on it is the last of each block.
        sawHogEx.ShouldBe(extended);
    }

    [Fact]
    public void A_stripped_litecoin_block_reads_like_the_full_one()
    {
        var raw = Reading.Hex("ltc/regtest-mweb/block_437.hex");
        var full = Reading.Decoder(Reading.Litecoin).MatchBlock(raw, Reading.Index());
        var stripped = new List<byte>(raw[..81]);
        var block = new BlockReader(raw, Reading.Litecoin);
        while (block.MoveNext()) stripped.AddRange(block.Current.IsHogEx ? WithoutFlag(block.Current.Raw) : block.Current.Raw.ToArray());
        var again = Reading.Decoder(Reading.Litecoin).MatchBlock(stripped.ToArray(), Reading.Index());
        again.Hash.ShouldBe(full.Hash);
        again.TransactionIds.ToArray().ShouldBe(full.TransactionIds.ToArray());

        static byte[] WithoutFlag(ReadOnlySpan<byte> hogEx) => [.. hogEx[..4], .. hogEx[6..^5], .. hogEx[^4..]];
    }

    [Theory]
    [InlineData("mempool_6448c30c55649fe1a4c29477914a9de543f69798734c9eb344eb7906d12ac48a")]
    [InlineData("mempool_9b941898a204e6d4bc9a4d400051c36d6e9c0e0b7ebe227c8a91fa7916c63652")]
    [InlineData("mempool_c5d61819529adf09b169a0acc82a9f3f6c369bb389e505812ef4c9fbf44045b1")]
    [InlineData("pegin_e06bf63eea88d83ea25e38aacaf7c08ff4d572b07b937680834c4892f8af4c62")]
    public void Litecoin_mempool_transactions_have_the_node_s_id(string name)
    {
        var raw = Reading.Hex($"ltc/regtest-mweb/{name}.hex");
        var transaction = TransactionReader.Read(raw, Reading.Litecoin);
        transaction.Mweb.Length.ShouldBeGreaterThan(0);
        transaction.ComputeId().ToString().ShouldBe(name[(name.IndexOf('_', StringComparison.Ordinal) + 1)..]);
        Reading.Decoder(Reading.Litecoin).MatchTransaction(raw, Reading.Index()).Match.ShouldBeNull();
    }

    [Fact]
    public void The_empty_form_of_an_mweb_transaction_reads_and_touches_nothing()
    {
        var raw = Convert.FromHexString("02000000000000000000");
        var transaction = TransactionReader.Read(raw, Reading.Litecoin);
        (transaction.InputCount, transaction.OutputCount, transaction.IsMwebOnly).ShouldBe((0, 0, true));
        Reading.Decoder(Reading.Litecoin).MatchTransaction(raw, Reading.Index()).Match.ShouldBeNull();
    }

    [Fact]
    public void Mweb_mainnet_transactions_with_raw_bytes_have_the_node_s_ids()
    {
        var checkedCount = 0;
        foreach (var height in new[] { 2383206, 2383207, 2383208, 2383209 })
        {
            using var json = Json($"ltc/mweb-mainnet-json/ltc_{height}.json");
            foreach (var expected in json.RootElement.GetProperty("tx").EnumerateArray())
            {
                if (!expected.TryGetProperty("hex", out var hex)) continue;
                ShouldBe(TransactionReader.Read(Convert.FromHexString(hex.GetString()!), Reading.Litecoin), expected);
                checkedCount++;
            }
        }

        checkedCount.ShouldBeGreaterThan(100);
    }

    [Fact]
    public void Bitcoin_cash_transactions_have_their_ids_and_scripts()
    {
        var count = 0;
        foreach (var path in Directory.GetFiles(SharedData.Path("bch"), "*.json"))
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            foreach (var expected in json.RootElement.GetProperty("transactions").EnumerateArray())
            {
                var raw = Convert.FromHexString(expected.GetProperty("hex").GetString()!);
                var transaction = TransactionReader.Read(raw, TransactionFormat.CashTokens);
                transaction.ComputeId().ToString().ShouldBe(expected.GetProperty("txid").GetString());
                var outputs = transaction.Outputs;
                foreach (var output in expected.GetProperty("vout").EnumerateArray())
                {
                    outputs.MoveNext().ShouldBeTrue();
                    Convert.ToHexStringLower(outputs.Current.Script).ShouldBe(output.GetProperty("hex").GetString());
                    outputs.Current.Value.ToString().ShouldBe(output.GetProperty("value").GetString());
                }

                count++;
            }
        }

        count.ShouldBe(8);
    }

    [Fact]
    public void Recorded_bitcoin_replies_hold_transactions_whose_ids_make_the_merkle_root()
    {
        var blocks = 0;
        foreach (var path in Directory.GetFiles(SharedData.Path("rpc"), "rpc_response_getblock_*.json", SearchOption.AllDirectories).Where(path => path.Contains("/bitcoin/", StringComparison.Ordinal)))
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            var transactions = json.RootElement.GetProperty("tx").EnumerateArray().ToArray();
            if (transactions is not [{ ValueKind: JsonValueKind.Object }, ..]) continue;
            var ids = new List<TxHash>();
            foreach (var expected in transactions)
            {
                var transaction = TransactionReader.Read(Convert.FromHexString(expected.GetProperty("hex").GetString()!), TransactionFormat.Segwit);
                ShouldBe(transaction, expected);
                ids.Add(transaction.ComputeId());
            }

            TransactionWriter.MerkleRoot(ids).ToString().ShouldBe(json.RootElement.GetProperty("merkleroot").GetString());
            blocks++;
        }

        blocks.ShouldBe(7);
    }

    static void ShouldBe(TransactionReader transaction, JsonElement expected)
    {
        transaction.ComputeId().ToString().ShouldBe(expected.GetProperty("txid").GetString());
        transaction.ComputeWitnessId().ToString().ShouldBe(expected.GetProperty("hash").GetString());
        transaction.Version.ShouldBe(expected.GetProperty("version").GetInt32());
        transaction.LockTime.ShouldBe(expected.GetProperty("locktime").GetUInt32());
        transaction.OutputCount.ShouldBe(expected.GetProperty("vout").EnumerateArray().Count(output => !IsMweb(output)));
        var outputs = transaction.Outputs;
        foreach (var output in expected.GetProperty("vout").EnumerateArray())
        {
            if (IsMweb(output)) continue;
            outputs.MoveNext().ShouldBeTrue();
            Convert.ToHexStringLower(outputs.Current.Script).ShouldBe(output.GetProperty("scriptPubKey").GetProperty("hex").GetString());
            ((decimal)outputs.Current.Value / 100_000_000).ShouldBe(output.GetProperty("value").GetDecimal());
        }
    }

    static bool IsMweb(JsonElement part) => part.TryGetProperty("ismweb", out var flag) && flag.GetBoolean();

    static JsonDocument Json(string path) => JsonDocument.Parse(Reading.Data(path));
}
