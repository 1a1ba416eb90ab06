using System.Diagnostics;
using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Encodings;
using Shouldly;

namespace Belfry.Nodes.Tests.Encodings;

public sealed class BitcoinAddressCodecTests
{
    const string GeneratorShort = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    const string GeneratorLong =
        "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";

    [Theory]
    [InlineData("btc", "main", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "p2pkh", "76a91477bff20c60e522dfaa3350c39b030a5d004e839a88ac", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2")]
    [InlineData("btc", "main", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "p2sh", "a914b472a266d0bd89c13706a4132ccfb16f7c3b9fcb87", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy")]
    [InlineData("btc", "main", "bc1pfeessrawgf", "anchor", "51024e73", "bc1pfeessrawgf")]
    [InlineData("bch", "main", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "p2pkh", "76a91477bff20c60e522dfaa3350c39b030a5d004e839a88ac",
        "bitcoincash:qpmmlusvvrjj9ha2xdgv8xcrpfwsqn5rngt3k26ve2")]
    [InlineData("doge", "main", "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L", "p2pkh", "76a914830a7420e63d76244ff7cbd1c248e94c1446325988ac", "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L")]
    public void A_known_address_is_its_script(string chain, string network, string text, string type, string script, string canonical)
    {
        var codec = Codec(chain, network);
        var reading = codec.Read(text);
        reading.Error.ShouldBeNull();
        (reading.Type, reading.Script!.ToString(), reading.Canonical).ShouldBe((type, script, canonical));
        codec.Write(reading.Script.Span).ShouldBe(canonical);
    }

    [Fact]
    public void Litecoin_reads_both_p2sh_spellings_and_writes_M()
    {
        var codec = Codec("ltc", "main");
        var hash = Convert.FromHexString("6d328a5b2a20d943a641c8d29b6cc3c2d2df85d3");
        var old = Base58Check.Encode(0x05, hash);
        old[0].ShouldBe('3');
        codec.Read(old).Script.ShouldBe(codec.Read("MHrYRxAiMNBTku3eoDHwhA1LQGDjUStZW2").Script);
        codec.Read(old).Canonical.ShouldBe("MHrYRxAiMNBTku3eoDHwhA1LQGDjUStZW2");
    }

    [Fact]
    public void The_spellings_of_bcoin_and_bcash_are_read_on_regtest_only()
    {
        var hash = Convert.FromHexString("751e76e8199196d454941c45d1b3a323f1433bd6");
        byte[] values = [0, .. Values(hash)];
        var codec = Codec("btc", "regtest");
        codec.Read(Bech32.Encode("rb", values, Bech32Variant.Bech32)).Canonical.ShouldBe(Bech32.Encode("bcrt", values, Bech32Variant.Bech32));
        codec.Read(Base58Check.Encode(0x3C, hash)).Canonical.ShouldBe(Base58Check.Encode(0x6F, hash));
        codec.Read(Base58Check.Encode(0x26, hash)).Canonical.ShouldBe(Base58Check.Encode(0xC4, hash));
        Codec("bch", "regtest").Read(Base58Check.Encode(0x26, hash)).Canonical.ShouldStartWith("bchreg:p");
        Codec("btc", "testnet").Read(Base58Check.Encode(0x3C, hash)).IsValid.ShouldBeFalse();
        Codec("btc", "main").Read(Bech32.Encode("rb", values, Bech32Variant.Bech32)).Error.ShouldBe("this is a regtest address, chain btc follows main");
    }

    [Theory]
    [InlineData(GeneratorShort, "21" + GeneratorShort + "ac")]
    [InlineData(GeneratorLong, "41" + GeneratorLong + "ac")]
    public void A_public_key_is_p2pk_which_has_no_address(string key, string script)
    {
        foreach (var spelling in new[] { key, key.ToUpperInvariant(), "script:" + script, "SCRIPT:" + script.ToUpperInvariant() })
        {
            var reading = Codec("doge", "main").Read(spelling);
            (reading.Type, reading.Script!.ToString(), reading.Canonical).ShouldBe(("p2pk", script, "script:" + script));
        }

        Codec("btc", "main").Write(Convert.FromHexString(script)).ShouldBeNull();
    }

    [Fact]
    public void A_slip_in_a_long_public_key_is_always_found()
    {
        for (var i = 2; i < GeneratorLong.Length; i++)
        {
            var wrong = GeneratorLong[..i] + (GeneratorLong[i] == '0' ? '1' : '0') + GeneratorLong[(i + 1)..];
            Refuse("btc", "main", wrong, AddressFault.Checksum, "curve");
        }
    }

    [Theory]
    [InlineData("script:0014751e76e8199196d454941c45d1b3a323f1433bd6", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "p2wpkh")]
    [InlineData("script:6a0568656c6c6f", "script:6a0568656c6c6f", "op_return")]
    [InlineData("script:FF", "script:ff", "nonstandard")]
    [InlineData("script:00", "script:00", "nonstandard")]
    [InlineData("script:0010751e76e8199196d454941c45d1b3a323", "script:0010751e76e8199196d454941c45d1b3a323", "nonstandard")]
    public void A_script_spelled_out_gets_its_address_where_it_has_one(string text, string canonical, string type)
    {
        var reading = Codec("btc", "main").Read(text);
        (reading.Canonical, reading.Type).ShouldBe((canonical, type));
    }

    [Fact]
    public void The_longest_script_is_read_and_a_longer_one_refused()
    {
        var codec = Codec("btc", "main");
        codec.Read("script:" + new string('6', 20_000)).Script!.Length.ShouldBe(10_000);
        Refuse("btc", "main", "script:" + new string('6', 20_002), AddressFault.Length, "10000");
    }

    [Theory]
    [InlineData("btc", "5820000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433", "witness_v8")]
    [InlineData("ltc", "5820000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433", "mweb_hogaddr")]
    [InlineData("ltc", "5920000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433", "mweb_pegin")]
    [InlineData("ltc", "5802abcd", "witness_v8")]
    [InlineData("bch", "aa203173ef6623c6b48ffd1a3dcc0cc6489b0a07bb47a37f47cfef4fe69de825c06087", "p2sh32")]
    [InlineData("btc", "aa203173ef6623c6b48ffd1a3dcc0cc6489b0a07bb47a37f47cfef4fe69de825c06087", "nonstandard")]
    [InlineData("doge", "0014751e76e8199196d454941c45d1b3a323f1433bd6", "nonstandard")]
    [InlineData("bch", "0014751e76e8199196d454941c45d1b3a323f1433bd6", "nonstandard")]
    [InlineData("btc", "5121" + GeneratorShort + "51ae", "multisig")]
    [InlineData("btc", "5221" + GeneratorShort + "51ae", "nonstandard")]
    [InlineData("btc", "5121" + GeneratorShort + "52ae", "nonstandard")]
    public void A_template_means_something_on_its_own_chain_only(string chain, string script, string type) =>
        ScriptTemplate.Match(Convert.FromHexString(script), BitcoinNetworks.Find(new ChainId(chain), "main").Rules).Name.ShouldBe(type);

    [Theory]
    [InlineData("btc", "main", "mzK2FFDEhxqHcmrJw1ysqFkVyhUULo45hZ", AddressFault.WrongNetwork, "this is a testnet or signet or regtest or testnet4 address, chain btc follows main")]
    [InlineData("btc", "testnet", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", AddressFault.WrongNetwork, "this is a main address, chain btc follows testnet")]
    [InlineData("btc", "main", "tb1qcrh3yqn4nlleplcez2yndq2ry8h9ncg3qh7n54", AddressFault.WrongNetwork, "this is a testnet or signet or testnet4 address, chain btc follows main")]
    [InlineData("btc", "main", "ltc1qhdhvrwe6rgqns8fz28tee0hphr5x7ulw5exv4w", AddressFault.WrongNetwork, "this is a ltc main address, chain btc follows main")]
    [InlineData("btc", "main", "LT2KVaAy1ppRuxRgrS5RNU3vBsy7RibPeA", AddressFault.WrongNetwork, "this is a ltc main address")]
    [InlineData("btc", "main", "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L", AddressFault.WrongNetwork, "this is a doge main address")]
    [InlineData("btc", "main", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", AddressFault.WrongNetwork, "this is a bch main address")]
    [InlineData("btc", "main", "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", AddressFault.WrongNetwork, "this is a bch main address")]
    [InlineData("btc", "main", "ecash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", AddressFault.WrongNetwork, "eCash")]
    [InlineData("btc", "main", "0x52908400098527886E0F7030069857D2E4169EE7", AddressFault.WrongNetwork, "Ethereum-family")]
    [InlineData("btc", "main", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", AddressFault.WrongNetwork, "Tron")]
    [InlineData("doge", "main", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", AddressFault.WrongNetwork, "this is a btc main address, chain doge follows main")]
    [InlineData("bch", "main", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", AddressFault.WrongNetwork, "this is a btc main address, chain bch follows main")]
    [InlineData("btc", "main", "bitcoin:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", AddressFault.NotAnAddress, "payment link")]
    [InlineData("btc", "main", "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8", AddressFault.NotAnAddress,
        "extended public key")]
    [InlineData("btc", "main", "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi", AddressFault.NotAnAddress,
        "extended private key")]
    [InlineData("btc", "main", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3", AddressFault.Checksum, "checksum")]
    [InlineData("btc", "main", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN0", AddressFault.Character, "character 34 ('0')")]
    [InlineData("btc", "main", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2\n", AddressFault.Character, "character 35 (U+000A)")]
    [InlineData("btc", "main", " 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", AddressFault.Character, "character 1 (U+0020)")]
    [InlineData("btc", "main", "", AddressFault.Empty, "empty")]
    [InlineData("btc", "main", "script:", AddressFault.Empty, "empty")]
    [InlineData("btc", "main", "script:0", AddressFault.Length, "odd")]
    [InlineData("btc", "main", "script:0g", AddressFault.Character, "character 9 ('g')")]
    [InlineData("ltc", "main", "ltcmweb1qq20e2arnhvxw97katjkmsd35agw3capxjkrkh7dk8d30rczm8ypxuq329nwh2twmchhqn3jqh7ua4ps539f6aazh79jy76urqht4qa59ts3at6gf",
        AddressFault.Unobservable, "MWEB stealth address")]
    public void A_wrong_text_is_refused_for_its_reason(string chain, string network, string text, AddressFault fault, string words) => Refuse(chain, network, text, fault, words);

    [Fact]
    public void A_Litecoin_program_of_MWEB_cannot_be_watched()
    {
        byte[] values = [8, .. Values(new byte[32])];
        Refuse("ltc", "main", Bech32.Encode("ltc", values, Bech32Variant.Bech32m), AddressFault.Unobservable, "hogaddr");
        values[0] = 9;
        Refuse("ltc", "main", Bech32.Encode("ltc", values, Bech32Variant.Bech32m), AddressFault.Unobservable, "peg-in");
        Codec("ltc", "main").Write([0x58, 32, .. new byte[32]]).ShouldBeNull();
        Codec("btc", "main").Read(Bech32.Encode("bc", values, Bech32Variant.Bech32m)).Type.ShouldBe("witness_v9");
    }

    [Fact]
    public void A_Base58_address_that_begins_like_Bech32_is_read_by_its_checksum()
    {
        // bcoin's regtest addresses begin with R; those with "RB1" and no 1 behind it look like the prefix "rb" of its witness addresses.
        var codec = Codec("btc", "regtest");
        var hash = new byte[20];
        var found = 0;
        for (var low = Find("RB1z"); found < 20; low += 0x1234567)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(hash, low);
            var address = Base58Check.Encode(0x3C, hash);
            address.ShouldStartWith("RB1");
            if (address.LastIndexOf('1') > 2) continue;
            found++;
            codec.Read(address).Script.ShouldBe(codec.Read(Base58Check.Encode(0x6F, hash)).Script);
            codec.Read(address[..^1] + (address[^1] == 'z' ? 'y' : 'z')).IsValid.ShouldBeFalse();
        }
    }

    [Fact]
    public void Reading_into_a_buffer_allocates_nothing_and_writing_the_string_only()
    {
        var buffer = new byte[80];
        foreach (var (chain, text) in new[]
        {
            ("btc", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"), ("btc", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"),
            ("bch", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"), ("ltc", "MHrYRxAiMNBTku3eoDHwhA1LQGDjUStZW2"),
        })
        {
            var codec = Codec(chain, "main");
            Measure(() =>
            {
                if (!codec.TryRead(text, buffer, out _, out _, out _)) throw new InvalidOperationException(text);
            }, 0).ShouldBe(0, text);
            var script = codec.Read(text).Script!;
            var stringSize = (22 + (2 * text.Length) + 7) / 8 * 8;
            Measure(() => codec.Write(script.Span), stringSize).ShouldBe(stringSize, text);
        }
    }

    [Fact]
    public void Too_little_room_is_misuse() => Should.Throw<ArgumentException>(() => Codec("btc", "main").TryRead("x", new byte[10], out _, out _, out _));

    static ulong Find(string start)
    {
        ulong low = 0, high = ulong.MaxValue;
        var hash = new byte[20];
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(hash, middle);
            if (string.CompareOrdinal(Base58Check.Encode(0x3C, hash), 0, start, 0, start.Length) < 0) low = middle + 1;
            else high = middle;
        }

        return low + 1;
    }

    // The steady state: the runtime's own methods allocate on some paths until they have been recompiled hot, which a busy machine may put off for seconds.
    static long Measure(Action action, long goal)
    {
        var best = long.MaxValue;
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; best > goal && (i < 300_000 || Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20)); i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            action();
            best = Math.Min(best, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return best;
    }

    static byte[] Values(byte[] bytes)
    {
        var values = new byte[(bytes.Length * 8 / 5) + 1];
        return values[..Base32.ToValues(bytes, values)];
    }

    static BitcoinAddressCodec Codec(string chain, string network) => new(BitcoinNetworks.Find(new ChainId(chain), network));

    static void Refuse(string chain, string network, string text, AddressFault fault, string words)
    {
        var codec = Codec(chain, network);
        codec.TryRead(text, new byte[RawRoom], out _, out var found, out var error).ShouldBeFalse(text);
        found.ShouldBe(fault, error);
        error!.ShouldContain(words);
        codec.Read(text).Error.ShouldBe(error);
        codec.Read(text).IsValid.ShouldBeFalse();
    }

    const int RawRoom = 10_000;
}
