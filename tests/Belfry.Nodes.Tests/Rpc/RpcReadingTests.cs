using System.Globalization;
using System.Text;
using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Rpc;
using Belfry.TestKit;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;

namespace Belfry.Nodes.Tests.Rpc;

public sealed class RpcReadingTests
{
    [Theory]
    [InlineData("0.1", 10_000_000)]
    [InlineData("50.00000000", 5_000_000_000)]
    [InlineData("1e-8", 1)]
    [InlineData("1E-8", 1)]
    [InlineData("1.5e-7", 15)]
    [InlineData("2e+1", 2_000_000_000)]
    [InlineData("0", 0)]
    [InlineData("-0.00000001", -1)]
    [InlineData("20999999.97690000", 2_099_999_997_690_000)]
    [InlineData("90071992.54740993", 9_007_199_254_740_993)]
    [InlineData("0.100000000000", 10_000_000)]
    public void An_amount_is_read_exactly(string text, long units) => RpcReading.ParseAmount(Encoding.ASCII.GetBytes(text), 8).ShouldBe(new Amount(units));

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData(".5")]
    [InlineData("5.")]
    [InlineData("1.2.3")]
    [InlineData("0x10")]
    [InlineData("1e")]
    [InlineData("1e999999999")]
    [InlineData("1e-2147483648")]
    [InlineData("0.000000001")]
    [InlineData("NaN")]
    public void What_is_no_amount_is_refused(string text) => Should.Throw<JsonException>(() => RpcReading.ParseAmount(Encoding.ASCII.GetBytes(text), 8));

    [Fact]
    public void Every_amount_survives_the_way_through_a_node_s_text() => Prop.ForAll<long>(units =>
        RpcReading.ParseAmount(Encoding.ASCII.GetBytes(new Amount(units).ToFullDecimal(8)), 8) == new Amount(units)).QuickCheckThrowOnFailure();

    [Fact]
    public void Random_bytes_are_an_answer_or_a_clear_refusal() => Prop.ForAll<byte[]>(static bytes =>
    {
        try
        {
            RpcEnvelope.ReadOne(bytes);
            RpcEnvelope.ReadBatch(bytes, 3);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Fact]
    public void A_real_answer_with_any_byte_changed_is_read_or_refused_clearly()
    {
        var body = Encoding.UTF8.GetBytes("""{"result":{"height":5,"hash":"00"},"error":{"code":-5,"message":"x\u00e4\n"},"id":17}""");
        for (var i = 0; i < body.Length; i++)
        {
            for (var value = 0; value < 256; value++)
            {
                var changed = body.ToArray();
                changed[i] = (byte)value;
                try
                {
                    RpcEnvelope.ReadOne(changed);
                }
                catch (Exception problem) when (problem is JsonException or InvalidOperationException)
                {
                }
            }
        }
    }

    [Fact]
    public void Recorded_blocks_of_other_nodes_list_their_transactions_and_amounts()
    {
        foreach (var file in Directory.EnumerateFiles(SharedData.Path("rpc/test_export_blocks_job"), "rpc_response_getblock_*.json", SearchOption.AllDirectories))
        {
            var bytes = File.ReadAllBytes(file);
            var block = JsonElement.Parse(bytes);
            if (!block.TryGetProperty("tx", out var list)) continue;
            var reader = new Utf8JsonReader(bytes);
            var prevouts = PrevoutReader.ReadBlock(ref reader, 8);
            // These nodes tell no previous outputs; whether the block spends anything is seen from its inputs.
            prevouts.Offered.ShouldBeFalse(file);
            prevouts.Spends.ShouldBe(list.EnumerateArray().Any(static tx => tx.ValueKind == JsonValueKind.Object
                && tx.GetProperty("vin").EnumerateArray().Any(static input => input.TryGetProperty("txid", out _))), file);
            foreach (var transaction in list.EnumerateArray().Where(static tx => tx.ValueKind == JsonValueKind.Object))
            {
                foreach (var output in transaction.GetProperty("vout").EnumerateArray())
                {
                    var text = output.GetProperty("value").GetRawText();
                    var exact = decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture) * 100_000_000m;
                    RpcReading.ParseAmount(Encoding.ASCII.GetBytes(text), 8).Units.ShouldBe(new System.Numerics.BigInteger(exact), file);
                }
            }
        }
    }

    [Fact]
    public void Undo_data_of_a_block_is_found_by_outpoint()
    {
        const string Id = "0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9";
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes($$$"""
            {"hash":"x","tx":[
              {"txid":"a","vin":[{"coinbase":"04ffff","sequence":1}],"vout":[{"value":50.0,"n":0,"scriptPubKey":{"hex":"51"}}]},
              {"txid":"b","vin":[{"txid":"{{{Id}}}","vout":2,"scriptSig":{"hex":""},"txinwitness":["00"],
                "prevout":{"generated":false,"height":9,"value":12.34567891,"scriptPubKey":{"asm":"1","hex":"0014aa","type":"x"}},"sequence":2}],"vout":[]}],
             "nextblockhash":null}
            """));
        var prevouts = PrevoutReader.ReadBlock(ref reader, 8);
        prevouts.Offered.ShouldBeTrue();
        var output = prevouts.Outputs[new OutPoint(TxHash.Parse(Id), 2)];
        output.Value.ShouldBe(new Amount(1_234_567_891));
        output.Index.ShouldBe(2u);
        output.Script.ToString().ShouldBe("0014aa");
    }
}
