using System.Buffers;
using System.Text;
using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Decoding;
using Shouldly;

namespace Belfry.Nodes.Tests.Readers;

public sealed class DecodingTests
{
    [Fact]
    public void Decode_block_tells_the_published_numbers()
    {
        var json = Write(writer => BlockDecoding.Write(writer, Reading.Data("btc/mainnet_866342.raw").AsSpan(), new ChainId("btc"), null));
        json.ShouldStartWith("{\"ok\":true,\"hash\":\"0000000000");
        json.ShouldEndWith(
            "\"merkle_ok\":true,\"transactions\":4864,\"inputs\":7973,\"outputs\":10327,\"types\":{\"op_return\":3971,\"p2wpkh\":3113,\"p2tr\":2757,\"p2sh\":210,\"p2pkh\":204,\"p2wsh\":72}}");
    }

    [Fact]
    public void Decode_block_tells_a_wrong_merkle_root_as_a_value()
    {
        var hex = Convert.ToHexStringLower(Reading.Data("btc/mainnet_413567.tampered.raw"));
        Write(writer => BlockDecoding.Write(writer, hex, new ChainId("btc"), "main")).ShouldContain("\"merkle_ok\":false,\"transactions\":1557");
    }

    [Fact]
    public void Decode_tx_tells_ids_and_outputs()
    {
        using var block = JsonDocument.Parse(Reading.Data("ltc/regtest-mweb/block_432.json"));
        foreach (var expected in block.RootElement.GetProperty("tx").EnumerateArray())
        {
            var hex = expected.GetProperty("hex").GetString()!;
            using var told = JsonDocument.Parse(Write(writer => TransactionDecoding.Write(writer, hex, new ChainId("ltc"), "regtest")));
            told.RootElement.GetProperty("ok").GetBoolean().ShouldBeTrue();
            told.RootElement.GetProperty("txid").GetString().ShouldBe(expected.GetProperty("txid").GetString());
            told.RootElement.GetProperty("wtxid").GetString().ShouldBe(expected.GetProperty("hash").GetString());
            told.RootElement.GetProperty("outputs")[0].GetProperty("value").GetString().ShouldBe(
                ((long)(expected.GetProperty("vout")[0].GetProperty("value").GetDecimal() * 100_000_000)).ToString());
        }
    }

    [Theory]
    [InlineData("", "the transaction is empty")]
    [InlineData("0", "even number of hexadecimal digits")]
    [InlineData("zz", "even number of hexadecimal digits")]
    [InlineData("0200000001", "input count claims 1")]
    public void What_is_no_transaction_is_told_as_a_value(string input, string error)
    {
        using var told = JsonDocument.Parse(Write(writer => TransactionDecoding.Write(writer, input, new ChainId("btc"), null)));
        told.RootElement.GetProperty("ok").GetBoolean().ShouldBeFalse();
        told.RootElement.GetProperty("error").GetString()!.ShouldContain(error);
    }

    static string Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer)) write(writer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
