using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Nodes.Tests.Encodings;

public sealed class CashAddrTests
{
    static readonly BitcoinAddressCodec Main = Codec("main");

    [Fact]
    public void Checksum_vectors_hold_in_both_cases_and_no_address_is_read_from_them()
    {
        CashAddrVectors.ChecksumsOnly.Length.ShouldBe(5);
        foreach (var text in CashAddrVectors.ChecksumsOnly)
        {
            Values(text).Fault.ShouldBe(Base32Fault.None, text);
            Values(text.ToUpperInvariant()).Fault.ShouldBe(Base32Fault.None, text);
            Values(text[..^1] + (text[^1] == 'q' ? 'p' : 'q')).Fault.ShouldBe(Base32Fault.Checksum, text);
            foreach (var network in BitcoinNetworks.Of(new ChainId("bch"))) new BitcoinAddressCodec(network).Read(text).IsValid.ShouldBeFalse(text);
        }
    }

    [Fact]
    public void Legacy_and_new_spelling_are_one_script()
    {
        CashAddrVectors.Translations.Length.ShouldBe(6);
        foreach (var (legacy, cash) in CashAddrVectors.Translations)
        {
            var script = Main.Read(legacy).Script.ShouldNotBeNull();
            foreach (var spelling in new[] { cash, cash.ToUpperInvariant(), cash[12..], cash[12..].ToUpperInvariant() }) Main.Read(spelling).Script.ShouldBe(script, spelling);
            Main.Read(legacy).Canonical.ShouldBe(cash);
            Main.Write(script.Span).ShouldBe(cash);
        }
    }

    [Fact]
    public void Every_size_of_hash_is_read_and_written_and_only_those_of_real_scripts_are_addresses()
    {
        CashAddrVectors.Sizes.Length.ShouldBe(32);
        foreach (var (size, type, text, hash) in CashAddrVectors.Sizes)
        {
            var data = Payload(text);
            (data[0] >> 3, data.Length - 1).ShouldBe((type, size));
            CashAddr.HashSize(data[0]).ShouldBe(size);
            Convert.ToHexString(data.AsSpan(1)).ShouldBe(hash);
            CashAddr.Encode(text[..text.IndexOf(':')], data[0], data.AsSpan(1)).ShouldBe(text);
            var network = text.StartsWith("bchtest", StringComparison.Ordinal) ? "testnet" : "main";
            var isReal = !text.StartsWith("pref", StringComparison.Ordinal) && (size == 20 || (size == 32 && type == 1));
            Codec(network).Read(text).IsValid.ShouldBe(isReal, text);
        }
    }

    [Fact]
    public void Undefined_types_of_any_length_pass_the_checksum_and_are_no_addresses()
    {
        CashAddrVectors.UndefinedTypes.Length.ShouldBe(16);
        foreach (var (size, type, sizeBits, text, hex) in CashAddrVectors.UndefinedTypes)
        {
            var data = Payload(text);
            (data[0] >> 3, data[0] & 7, data.Length - 1).ShouldBe((type, sizeBits, size));
            Convert.ToHexString(data.AsSpan(1)).ShouldBe(hex);
            CashAddr.Encode("prefix", data[0], data.AsSpan(1)).ShouldBe(text);
            Main.Read(text).IsValid.ShouldBeFalse(text);
        }
    }

    [Theory]
    [InlineData(0, "p2pkh", 2)]
    [InlineData(1, "p2sh", 3)]
    public void Token_aware_spelling_is_the_same_script_and_is_told_in_the_plain_one(int plainType, string name, int tokenType)
    {
        var hash = Convert.FromHexString("fc916f213a3d7f1369313d5fa30f6168f9446a2d");
        var plain = CashAddr.Encode("bitcoincash", (byte)(plainType << 3), hash);
        var token = CashAddr.Encode("bitcoincash", (byte)(tokenType << 3), hash);
        var reading = Main.Read(token);
        reading.Script.ShouldBe(Main.Read(plain).Script);
        reading.Canonical.ShouldBe(plain);
        reading.Type.ShouldBe(name);
        token[12].ShouldBe(tokenType == 2 ? 'z' : 'r');
    }

    [Fact]
    public void A_32_byte_script_hash_is_read_in_both_types()
    {
        var hash = Convert.FromHexString("3173EF6623C6B48FFD1A3DCC0CC6489B0A07BB47A37F47CFEF4FE69DE825C060");
        var plain = CashAddr.Encode("bitcoincash", 0x0B, hash);
        plain.ShouldStartWith("bitcoincash:pvch8mmxy0rtfrlarg7ucrxxfzds5pamg73h7370aa87d80gyhqxq");
        foreach (var spelling in new[] { plain, CashAddr.Encode("bitcoincash", 0x1B, hash), plain[12..] })
        {
            var reading = Main.Read(spelling);
            reading.Script!.ToString().ShouldBe("aa203173ef6623c6b48ffd1a3dcc0cc6489b0a07bb47a37f47cfef4fe69de825c06087");
            reading.Type.ShouldBe("p2sh32");
            reading.Canonical.ShouldBe(plain);
        }
    }

    [Fact]
    public void Real_transactions_pay_to_the_addresses_that_their_scripts_say()
    {
        var seen = 0;
        foreach (var file in Directory.GetFiles(SharedData.Path("bch"), "*.json"))
        {
            using var page = JsonDocument.Parse(File.ReadAllBytes(file));
            foreach (var output in page.RootElement.GetProperty("transactions").EnumerateArray().SelectMany(transaction => transaction.GetProperty("vout").EnumerateArray()))
            {
                var script = Convert.FromHexString(output.GetProperty("hex").GetString()!);
                var address = output.GetProperty("addresses")[0].GetString()!;
                if (!address.StartsWith("bitcoincash:", StringComparison.Ordinal))
                {
                    Main.Write(script).ShouldBeNull();
                    continue;
                }

                Main.Write(script).ShouldBe(address);
                Main.Read(address).Script!.Span.SequenceEqual(script).ShouldBeTrue();
                seen++;
            }
        }

        seen.ShouldBeGreaterThan(8);
    }

    [Theory]
    [InlineData("bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6b", AddressFault.Character, "character 54 ('b')")]
    [InlineData("bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6q", AddressFault.Checksum, "character 54 is probably wrong")]
    [InlineData("qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6q", AddressFault.Checksum, "character 42 is probably wrong")]
    [InlineData("bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdqqq", AddressFault.Checksum, "more than one")]
    [InlineData("bitcoincash:Qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", AddressFault.MixedCase, "mixed")]
    [InlineData("BITCOINCASH:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", AddressFault.MixedCase, "mixed")]
    [InlineData("qPm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", AddressFault.MixedCase, "mixed")]
    [InlineData("bchtest:pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t", AddressFault.WrongNetwork, "this is a testnet or testnet4 or chipnet address, chain bch follows main")]
    [InlineData("pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t", AddressFault.WrongNetwork, "testnet")]
    [InlineData("pref:pr6m7j9njldwwzlg9v7v53unlr4jkmx6ey65nvtks5", AddressFault.Unknown, "'pref'")]
    [InlineData("bitcoincash:", AddressFault.Length, "too few")]
    [InlineData(":qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", AddressFault.Unknown, "no prefix")]
    [InlineData("bitcoincash:bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", AddressFault.Character, "'b'")]
    [InlineData("bitcoincash:q9adhakpwzztepkpwp5z0dq62m6u5v5xtyj7j3h2ws4mr9g0", AddressFault.Length, "24 bytes")]
    [InlineData("bitcoincash:qvch8mmxy0rtfrlarg7ucrxxfzds5pamg73h7370aa87d80gyhqxq5nlegake", AddressFault.Length, "32 bytes for address type 0")]
    public void A_wrong_address_is_refused_for_its_reason(string text, AddressFault fault, string words)
    {
        Main.TryRead(text, new byte[80], out _, out var found, out var error).ShouldBeFalse();
        found.ShouldBe(fault, error);
        error!.ShouldContain(words);
    }

    static BitcoinAddressCodec Codec(string network) => new(BitcoinNetworks.Find(new ChainId("bch"), network));

    static CashAddrReading Values(string text)
    {
        var colon = text.IndexOf(':');
        return CashAddr.Decode(text.AsSpan(colon + 1), text.AsSpan(0, colon), new byte[text.Length]);
    }

    static byte[] Payload(string text)
    {
        var colon = text.IndexOf(':');
        var values = new byte[text.Length];
        var reading = CashAddr.Decode(text.AsSpan(colon + 1), text.AsSpan(0, colon), values);
        reading.Fault.ShouldBe(Base32Fault.None, text);
        var bytes = new byte[text.Length];
        Base32.TryToBytes(values.AsSpan(0, reading.Length), bytes, out var length).ShouldBeTrue(text);
        return bytes[..length];
    }
}
