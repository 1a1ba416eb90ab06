using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Nodes.Tests.Encodings;

/// <summary>The address vectors that Bitcoin Core and Litecoin Core publish.</summary>
public sealed class KeyIoTests
{
    [Theory]
    [InlineData("btc", "btc/core-json/key_io_valid.json", 54, 16)]
    [InlineData("ltc", "ltc/key_io_valid.json", 42, 12)]
    public void Valid_addresses_are_their_scripts_and_private_keys_are_refused_by_name(string chain, string file, int addresses, int keys)
    {
        using var vectors = JsonDocument.Parse(File.ReadAllBytes(SharedData.Path(file)));
        int seenAddresses = 0, seenKeys = 0;
        foreach (var vector in vectors.RootElement.EnumerateArray())
        {
            var text = vector[0].GetString()!;
            var codec = new BitcoinAddressCodec(BitcoinNetworks.Find(new ChainId(chain), vector[2].GetProperty("chain").GetString()!));
            if (vector[2].GetProperty("isPrivkey").GetBoolean())
            {
                seenKeys++;
                codec.TryRead(text, new byte[80], out _, out var fault, out var error).ShouldBeFalse();
                fault.ShouldBe(AddressFault.NotAnAddress);
                error!.ShouldContain("private key");
                error!.ShouldNotContain(text[..8]);
                continue;
            }

            seenAddresses++;
            var reading = codec.Read(text);
            reading.Error.ShouldBeNull(text);
            reading.Script!.ToString().ShouldBe(vector[1].GetString());
            reading.Canonical.ShouldBe(text);
            codec.Write(reading.Script.Span).ShouldBe(text);
            if (vector[2].TryGetProperty("tryCaseFlip", out var flip) && flip.GetBoolean())
            {
                var flipped = codec.Read(text.ToUpperInvariant());
                flipped.Script.ShouldBe(reading.Script);
                flipped.Canonical.ShouldBe(text);
            }
            else
            {
                codec.Read(FlipCase(text)).IsValid.ShouldBeFalse(text);
            }
        }

        (seenAddresses, seenKeys).ShouldBe((addresses, keys));
    }

    [Theory]
    [InlineData("btc/core-json/key_io_invalid.json")]
    [InlineData("ltc/key_io_invalid.json")]
    public void Invalid_texts_are_refused_on_every_network_with_a_reason(string file)
    {
        using var vectors = JsonDocument.Parse(File.ReadAllBytes(SharedData.Path(file)));
        var count = 0;
        foreach (var text in vectors.RootElement.EnumerateArray().Select(vector => vector[0].GetString()!))
        {
            count++;
            foreach (var network in BitcoinNetworks.All)
            {
                var reading = new BitcoinAddressCodec(network).Read(text);
                reading.IsValid.ShouldBeFalse($"{text} on {network}: {reading.Canonical}");
                reading.Error.ShouldNotBeNullOrWhiteSpace();
            }
        }

        count.ShouldBe(70);
    }

    static string FlipCase(string text) => string.Concat(text.Select(c => char.IsAsciiLetterLower(c) ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c)));
}
