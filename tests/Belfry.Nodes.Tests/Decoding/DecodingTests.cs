using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Decoding;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;

namespace Belfry.Nodes.Tests.Decoding;

public sealed class DecodingTests
{
    [Theory]
    [InlineData("bch", null, "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
        """{"in":"qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a","ok":true,"chain":"bch","network":"main","type":"p2pkh","script":"76a91476a04053bda0a88bda5177b86a15c3b29f55987388ac","canonical":"bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"}""")]
    [InlineData("btc", null, "tb1q6mwf89hnqhlu8txjgjfs4s7p93ugffn3k062ll",
        """{"in":"tb1q6mwf89hnqhlu8txjgjfs4s7p93ugffn3k062ll","ok":true,"chain":"btc","network":"testnet","type":"p2wpkh","script":"0014d6dc9396f305ffc3acd244930ac3c12c7884a671","canonical":"tb1q6mwf89hnqhlu8txjgjfs4s7p93ugffn3k062ll"}""")]
    [InlineData("btc", "signet", "tb1q6mwf89hnqhlu8txjgjfs4s7p93ugffn3k062ll",
        """{"in":"tb1q6mwf89hnqhlu8txjgjfs4s7p93ugffn3k062ll","ok":true,"chain":"btc","network":"signet","type":"p2wpkh","script":"0014d6dc9396f305ffc3acd244930ac3c12c7884a671","canonical":"tb1q6mwf89hnqhlu8txjgjfs4s7p93ugffn3k062ll"}""")]
    [InlineData("ltc", "", "rltc1q3kquwp848h4juq7rl5q3wqsr29pd3d6wprzz8k",
        """{"in":"rltc1q3kquwp848h4juq7rl5q3wqsr29pd3d6wprzz8k","ok":true,"chain":"ltc","network":"regtest","type":"p2wpkh","script":"00148d81c704f53deb2e03c3fd011702035142d8b74e","canonical":"rltc1q3kquwp848h4juq7rl5q3wqsr29pd3d6wprzz8k"}""")]
    [InlineData("btc", "main", "tb1q6mwf89hnqhlu8txjgjfs4s7p93ugffn3k062ll",
        """{"in":"tb1q6mwf89hnqhlu8txjgjfs4s7p93ugffn3k062ll","ok":false,"error":"this is a testnet or signet or testnet4 address, chain btc follows main"}""")]
    [InlineData("btc", null, "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L",
        """{"in":"DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L","ok":false,"error":"this is a doge main address, chain btc follows main"}""")]
    [InlineData("btc", null, "BCRT1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
        """{"in":"BCRT1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P","ok":false,"error":"the checksum does not match: more than one character is wrong, or some are missing or too many"}""")]
    [InlineData("eth", null, "x", """{"in":"x","ok":false,"error":"Chain \u0027eth\u0027 is not of the Bitcoin family; known: btc, ltc, bch, doge."}""")]
    [InlineData("ltc", "signet", "x", """{"in":"x","ok":false,"error":"Chain \u0027ltc\u0027 has no network \u0027signet\u0027; known: main, testnet, regtest."}""")]
    public void An_address_is_one_object(string chain, string? network, string input, string expected) =>
        Json(writer => AddressDecoding.Write(writer, input, new ChainId(chain), network)).ShouldBe(expected);

    [Fact]
    public void Half_a_surrogate_pair_is_a_value_too() =>
        Json(writer => AddressDecoding.Write(writer, "\ud800", new ChainId("btc"), null))
            .ShouldBe("""{"in":"\uFFFD","ok":false,"error":"character 1 (U\u002BD800) does not occur in an address"}""");

    [Theory]
    [InlineData("btc", null, "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", "p2tr", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0")]
    [InlineData("btc", "regtest", "script:0014751e76e8199196d454941c45d1b3a323f1433bd6", "p2wpkh", "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080")]
    [InlineData("bch", null, "76A91476A04053BDA0A88BDA5177B86A15C3B29F55987388AC", "p2pkh", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a")]
    [InlineData("ltc", null, "a9146d328a5b2a20d943a641c8d29b6cc3c2d2df85d387", "p2sh", "MHrYRxAiMNBTku3eoDHwhA1LQGDjUStZW2")]
    [InlineData("btc", null, "6a00", "op_return", null)]
    public void A_script_is_one_object(string chain, string? network, string input, string type, string? address)
    {
        var quoted = address is null ? "null" : $"\"{address}\"";
        Json(writer => ScriptDecoding.Write(writer, input, new ChainId(chain), network)).ShouldBe($$"""{"in":"{{input}}","ok":true,"type":"{{type}}","address":{{quoted}}}""");
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("script:", "empty")]
    [InlineData("0", "even number")]
    [InlineData("zz", "hexadecimal")]
    public void A_bad_script_is_a_value(string input, string words)
    {
        using var json = JsonDocument.Parse(Json(writer => ScriptDecoding.Write(writer, input, new ChainId("btc"), null)));
        json.RootElement.GetProperty("ok").GetBoolean().ShouldBeFalse();
        json.RootElement.GetProperty("error").GetString()!.ShouldContain(words);
    }

    [Fact]
    public void Whatever_comes_in_one_valid_object_comes_out() =>
        Prop.ForAll<string?>(text =>
        {
            foreach (var chain in new[] { "btc", "ltc", "bch", "doge", "eth" })
            {
                using var address = JsonDocument.Parse(Json(writer => AddressDecoding.Write(writer, text ?? "", new ChainId(chain), null)));
                using var script = JsonDocument.Parse(Json(writer => ScriptDecoding.Write(writer, text ?? "", new ChainId(chain), text)));
                address.RootElement.TryGetProperty("ok", out _).ShouldBeTrue();
                script.RootElement.TryGetProperty("ok", out _).ShouldBeTrue();
            }
        }).QuickCheckThrowOnFailure();

    static string Json(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream)) write(writer);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
