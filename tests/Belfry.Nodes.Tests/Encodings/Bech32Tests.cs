using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Encodings;
using Shouldly;

namespace Belfry.Nodes.Tests.Encodings;

/// <summary>Every vector of BIP 173 and BIP 350; where the newer one changed the verdict on the older one's address, both are said.</summary>
public sealed class Bech32Tests
{
    static readonly BitcoinAddressCodec Main = new(BitcoinNetworks.Find(new ChainId("btc"), "main"));
    static readonly BitcoinAddressCodec Test = new(BitcoinNetworks.Find(new ChainId("btc"), "testnet"));

    [Theory]
    [InlineData("A12UEL5L")]
    [InlineData("a12uel5l")]
    [InlineData("an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs")]
    [InlineData("abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw")]
    [InlineData("11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j")]
    [InlineData("split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w")]
    [InlineData("?1ezyfcl")]
    public void Bip173_valid_strings_are_Bech32(string text) => Accept(text, Bech32Variant.Bech32);

    [Theory]
    [InlineData("A1LQFN3A")]
    [InlineData("a1lqfn3a")]
    [InlineData("an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6")]
    [InlineData("abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx")]
    [InlineData("11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8")]
    [InlineData("split1checkupstagehandshakeupstreamerranterredcaperredlc445v")]
    [InlineData("?1v759aa")]
    public void Bip350_valid_strings_are_Bech32m(string text) => Accept(text, Bech32Variant.Bech32m);

    [Theory]
    [InlineData("\u00201nwldj5", Base32Fault.BadCharacter)]
    [InlineData("\u007F1axkwrx", Base32Fault.BadCharacter)]
    [InlineData("\u00801eym55h", Base32Fault.BadCharacter)]
    [InlineData("an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569pvx", Base32Fault.TooLong)]
    [InlineData("pzry9x0s0muk", Base32Fault.NoSeparator)]
    [InlineData("1pzry9x0s0muk", Base32Fault.EmptyPrefix)]
    [InlineData("x1b4n0q5v", Base32Fault.BadCharacter)]
    [InlineData("li1dgmt3", Base32Fault.TooShort)]
    [InlineData("de1lg7wt\u00FF", Base32Fault.BadCharacter)]
    [InlineData("A1G7SGD8", Base32Fault.Checksum)]
    [InlineData("10a06t8", Base32Fault.EmptyPrefix)]
    [InlineData("1qzzfhee", Base32Fault.EmptyPrefix)]
    [InlineData("\u00201xj0phk", Base32Fault.BadCharacter)]
    [InlineData("\u007F1g6xzxy", Base32Fault.BadCharacter)]
    [InlineData("\u00801vctc34", Base32Fault.BadCharacter)]
    [InlineData("an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts4", Base32Fault.TooLong)]
    [InlineData("qyrz8wqd2c9m", Base32Fault.NoSeparator)]
    [InlineData("1qyrz8wqd2c9m", Base32Fault.EmptyPrefix)]
    [InlineData("y1b0jsk6g", Base32Fault.BadCharacter)]
    [InlineData("lt1igcx5c0", Base32Fault.BadCharacter)]
    [InlineData("in1muywd", Base32Fault.TooShort)]
    [InlineData("mm1crxm3i", Base32Fault.BadCharacter)]
    [InlineData("au1s5cgom", Base32Fault.BadCharacter)]
    [InlineData("M1VUXWEZ", Base32Fault.Checksum)]
    [InlineData("16plkw9", Base32Fault.EmptyPrefix)]
    [InlineData("1p2gdwpf", Base32Fault.EmptyPrefix)]
    public void Invalid_strings_of_both_are_refused_for_their_reason(string text, Base32Fault fault) =>
        Bech32.Decode(text, new byte[Bech32.MaxLength]).Fault.ShouldBe(fault);

    [Theory]
    [InlineData("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "0014751e76e8199196d454941c45d1b3a323f1433bd6")]
    [InlineData("tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7", "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262")]
    [InlineData("bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
        "5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6")]
    [InlineData("BC1SW50QGDZ25J", "6002751e")]
    [InlineData("bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", "5210751e76e8199196d454941c45d1b3a323")]
    [InlineData("tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy", "0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433")]
    [InlineData("tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c", "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433")]
    [InlineData("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")]
    public void Valid_addresses_of_both_are_their_scripts(string address, string script)
    {
        var codec = address.StartsWith("bc", StringComparison.OrdinalIgnoreCase) ? Main : Test;
        var reading = codec.Read(address);
        reading.Error.ShouldBeNull();
        reading.Script!.ToString().ShouldBe(script);
        reading.Canonical.ShouldBe(address.ToLowerInvariant());
        codec.Write(reading.Script.Span).ShouldBe(address.ToLowerInvariant());
    }

    // BIP 173 called these valid; since BIP 350 versions above 0 need the other checksum.
    [Theory]
    [InlineData("bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7k7grplx")]
    [InlineData("BC1SW50QA3JX3S")]
    [InlineData("bc1zw508d6qejxtdg4y5r3zarvaryvg6kdaj")]
    public void Bip173_addresses_of_higher_versions_are_refused_as_mixed_up(string address) => Refuse(Main, address, AddressFault.ChecksumVariant, "Bech32m");

    [Theory]
    [InlineData("tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty", AddressFault.Unknown, "'tc'")]
    [InlineData("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", AddressFault.Checksum, "character 42")]
    [InlineData("BC13W508D6QEJXTDG4Y5R3ZARVARY0C5XW7KN40WF2", AddressFault.Unknown, "witness version 17")]
    [InlineData("bc1rw5uspcuh", AddressFault.ChecksumVariant, "version 3")]
    [InlineData("bc10w508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kw5rljs90", AddressFault.ChecksumVariant, "version 15")]
    [InlineData("BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P", AddressFault.Length, "20 or 32 bytes, this one has 16")]
    [InlineData("tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sL5k7", AddressFault.MixedCase, "character 59")]
    [InlineData("bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du", AddressFault.ChecksumVariant, "version 2")]
    [InlineData("tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3pjxtptv", AddressFault.Length, "not zero")]
    [InlineData("bc1gmk9yu", AddressFault.Length, "nothing between")]
    public void Bip173_invalid_addresses_are_refused_for_their_reason(string address, AddressFault fault, string words) => Refuse(CodecOf(address), address, fault, words);

    [Theory]
    [InlineData("tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut", AddressFault.Unknown, "'tc'")]
    [InlineData("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", AddressFault.ChecksumVariant, "takes a Bech32m checksum, this one is Bech32")]
    [InlineData("tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf", AddressFault.ChecksumVariant, "takes a Bech32m checksum, this one is Bech32")]
    [InlineData("BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL", AddressFault.ChecksumVariant, "takes a Bech32m checksum, this one is Bech32")]
    [InlineData("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", AddressFault.ChecksumVariant, "takes a Bech32 checksum, this one is Bech32m")]
    [InlineData("tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47", AddressFault.ChecksumVariant, "takes a Bech32 checksum, this one is Bech32m")]
    [InlineData("bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4", AddressFault.Character, "character 60 ('o')")]
    [InlineData("BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R", AddressFault.Unknown, "witness version 17")]
    [InlineData("bc1pw5dgrnzv", AddressFault.Length, "this one has 1")]
    [InlineData("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav", AddressFault.Length, "this one has 41")]
    [InlineData("BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P", AddressFault.Length, "20 or 32 bytes, this one has 16")]
    [InlineData("tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq", AddressFault.MixedCase, "character 59")]
    [InlineData("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf", AddressFault.Length, "too many")]
    [InlineData("tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j", AddressFault.Length, "not zero")]
    [InlineData("bc1gmk9yu", AddressFault.Length, "nothing between")]
    public void Bip350_invalid_addresses_are_refused_for_their_reason(string address, AddressFault fault, string words) => Refuse(CodecOf(address), address, fault, words);

    [Fact]
    public void Wherever_one_character_is_wrong_the_place_is_named()
    {
        const string Address = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
        for (var i = 4; i < Address.Length; i++)
        {
            var wrong = Address[..i] + (Address[i] == 'q' ? 'p' : 'q') + Address[(i + 1)..];
            Refuse(Main, wrong, AddressFault.Checksum, $"character {i + 1} is probably wrong");
        }
    }

    static void Accept(string text, Bech32Variant variant)
    {
        var values = new byte[Bech32.MaxLength];
        var reading = Bech32.Decode(text, values);
        reading.Fault.ShouldBe(Base32Fault.None);
        reading.Variant.ShouldBe(variant);
        Bech32.Encode(text[..reading.Separator].ToLowerInvariant(), values.AsSpan(0, reading.Length), variant).ShouldBe(text.ToLowerInvariant());
    }

    static BitcoinAddressCodec CodecOf(string address) => address.StartsWith("tb", StringComparison.OrdinalIgnoreCase) ? Test : Main;

    static void Refuse(BitcoinAddressCodec codec, string address, AddressFault fault, string words)
    {
        codec.TryRead(address, new byte[80], out _, out var found, out var error).ShouldBeFalse();
        found.ShouldBe(fault, error);
        error!.ShouldContain(words);
        codec.Read(address).Error.ShouldBe(error);
    }
}
