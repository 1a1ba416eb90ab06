using Belfry.Nodes.Bitcoin.Encodings;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;

namespace Belfry.Nodes.Tests.Encodings;

public sealed class AddressProperties
{
    const string Visible = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";

    static readonly Gen<BitcoinNetwork> Networks = Gen.Elements(BitcoinNetworks.All.ToArray());

    [Fact]
    public void A_script_with_an_address_comes_back_from_it_on_every_network() =>
        Prop.ForAll(Networks.SelectMany(network => Scripts(network).Select(script => (network, script))).ToArbitrary(), pair =>
        {
            var codec = new BitcoinAddressCodec(pair.network);
            var address = codec.Write(pair.script).ShouldNotBeNull();
            var reading = codec.Read(address);
            reading.Error.ShouldBeNull();
            reading.Script!.Span.SequenceEqual(pair.script).ShouldBeTrue();
            reading.Canonical.ShouldBe(address);
            reading.Type.ShouldBe(ScriptTemplate.Match(pair.script, pair.network.Rules).Name);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));

    [Fact]
    public void Any_script_comes_back_from_its_canonical_spelling() =>
        Prop.ForAll(Networks.SelectMany(network => Bytes(1, 60).Select(script => (network, script))).ToArbitrary(), pair =>
        {
            var codec = new BitcoinAddressCodec(pair.network);
            var canonical = codec.WriteCanonical(pair.script);
            codec.Read(canonical).Script!.Span.SequenceEqual(pair.script).ShouldBeTrue(canonical);
            codec.Read("script:" + Convert.ToHexString(pair.script)).Canonical.ShouldBe(canonical);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    // CashAddr without its prefix has a 40-bit checksum, Bech32 finds up to four errors, Base58Check misses one in 2^32: none may pass here.
    [Fact]
    public void Any_single_wrong_character_is_refused() =>
        Prop.ForAll(Networks.SelectMany(network => Scripts(network).Select(script => (network, script))).ToArbitrary(), pair =>
        {
            var codec = new BitcoinAddressCodec(pair.network);
            var address = codec.Write(pair.script)!;
            for (var i = 0; i < address.Length; i++)
            {
                foreach (var other in Visible)
                {
                    if (other == address[i]) continue;
                    var wrong = address[..i] + other + address[(i + 1)..];
                    var reading = codec.Read(wrong);
                    if (reading.IsValid) throw new InvalidOperationException($"{wrong} for {address} on {pair.network}: {reading.Canonical}");
                }
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(30));

    [Fact]
    public void Random_text_never_throws_and_its_error_is_short_and_printable() =>
        Prop.ForAll(Networks.SelectMany(network => HostileText.Select(text => (network, text))).ToArbitrary(), pair =>
        {
            var reading = new BitcoinAddressCodec(pair.network).Read(pair.text);
            if (reading.IsValid) return;
            reading.Error!.Length.ShouldBeLessThan(250);
            reading.Error.ShouldAllBe(character => (character >= ' ' && character <= '~') || character == '…');
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(10_000));

    [Fact]
    public void Random_bytes_as_scripts_never_throw() =>
        Prop.ForAll(Networks.SelectMany(network => Bytes(0, 80).Select(script => (network, script))).ToArbitrary(), pair =>
        {
            _ = new BitcoinAddressCodec(pair.network).Write(pair.script);
            _ = ScriptInference.FromInput(pair.script, [], pair.network.Rules);
            _ = ScriptInference.FromInput([], pair.script, pair.network.Rules);
            _ = ScriptInference.FromInput(pair.script, pair.script, pair.network.Rules);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(10_000));

    [Fact]
    public void Huge_input_is_refused_at_once()
    {
        foreach (var network in BitcoinNetworks.All)
        {
            var codec = new BitcoinAddressCodec(network);
            foreach (var start in new[] { "", "bc1", "bitcoincash:", "1", "script:", "ltcmweb1", ":" })
            {
                var text = start + new string('q', 5_000_000);
                var before = GC.GetAllocatedBytesForCurrentThread();
                codec.Read(text).IsValid.ShouldBeFalse();
                (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(40_000);
            }
        }
    }

    static Gen<string> HostileText
    {
        get
        {
            var starts = Gen.Elements("", "bc1", "BC1", "tb1q", "ltc1", "ltcmweb1", "bitcoincash:", "bchtest:q", "1", "3", "L", "script:", "SCRIPT:", "0x", "04", "rb1", "xpub", "\0", "\ud800", ":");
            var visible = Gen.Elements(Visible.ToCharArray());
            var base32 = Gen.Elements("qpzry9x8gf2tvdw0s3jn54khce6mua7l".ToCharArray());
            var any = Gen.Choose(0, 0xFFFF).Select(code => (char)code);
            var body = Gen.OneOf(visible, base32, any).ListOf().Select(characters => new string([.. characters]));
            var pure = base32.ListOf().Select(characters => new string([.. characters]));
            return starts.SelectMany(start => Gen.OneOf(body, pure).Select(rest => start + rest));
        }
    }

    static Gen<byte[]> Scripts(BitcoinNetwork network)
    {
        var kinds = new List<Gen<byte[]>>
        {
            Bytes(20, 20).Select(hash => Written(script => ScriptTemplate.WriteP2pkh(hash, script))),
            Bytes(20, 20).Select(hash => Written(script => ScriptTemplate.WriteP2sh(hash, script))),
        };
        if (network.Rules.HasFlag(ScriptRules.P2sh32)) kinds.Add(Bytes(32, 32).Select(hash => Written(script => ScriptTemplate.WriteP2sh(hash, script))));
        if (network.Rules.HasFlag(ScriptRules.Segwit))
        {
            kinds.Add(Gen.Elements(20, 32).SelectMany(size => Bytes(size, size)).Select(program => Written(script => ScriptTemplate.WriteWitness(0, program, script))));
            kinds.Add(Bytes(32, 32).Select(program => Written(script => ScriptTemplate.WriteWitness(1, program, script))));
            kinds.Add(Gen.Elements(1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16)
                .SelectMany(version => Bytes(2, 40).Select(program => Written(script => ScriptTemplate.WriteWitness(version, program, script)))));
        }

        return Gen.OneOf(kinds);
    }

    static Gen<byte[]> Bytes(int min, int max) =>
        Gen.Choose(min, max).SelectMany(length => Gen.Choose(0, 255).ArrayOf(length)).Select(values => Array.ConvertAll(values, value => (byte)value));

    static byte[] Written(Func<byte[], int> write)
    {
        var buffer = new byte[80];
        return buffer[..write(buffer)];
    }
}
