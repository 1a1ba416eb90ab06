using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Encodings;

namespace Belfry.Nodes.Bitcoin.Decoding;

/// <summary>What <c>belfry decode address</c> says of one text. Pure: the same input gives the same object.</summary>
public static class AddressDecoding
{
    /// <summary>
    /// Writes <c>{"in","ok":true,"chain","network","type","script","canonical"}</c>, or <c>{"in","ok":false,"error"}</c>; never throws for what <paramref name="input"/> holds.
    /// </summary>
    /// <param name="writer">Where the object goes; not flushed.</param>
    /// <param name="input">Any spelling of an address, <c>script:&lt;hex&gt;</c>, or anything else.</param>
    /// <param name="chain">The chain.</param>
    /// <param name="network">The network; null or empty finds the one that fits, the main one first.</param>
    public static void Write(Utf8JsonWriter writer, string input, ChainId chain, string? network)
    {
        writer.WriteStartObject();
        DecodedText.WriteInput(writer, input);
        var (reading, found) = Read(input, chain, network);
        if (reading.IsValid)
        {
            writer.WriteBoolean("ok"u8, true);
            writer.WriteString("chain"u8, chain.Value);
            writer.WriteString("network"u8, found!.Name);
            writer.WriteString("type"u8, reading.Type);
            writer.WriteString("script"u8, reading.Script!.ToString());
            writer.WriteString("canonical"u8, reading.Canonical);
        }
        else
        {
            DecodedText.WriteError(writer, reading.Error!);
        }

        writer.WriteEndObject();
    }

    static (AddressReading Reading, BitcoinNetwork? Network) Read(string input, ChainId chain, string? network)
    {
        if (!BitcoinNetworks.TryFind(chain, string.IsNullOrEmpty(network) ? "main" : network, out var first, out var error)) return (AddressReading.Refused(error), null);
        var reading = new BitcoinAddressCodec(first).ReadWithFault(input, out var fault);
        if (reading.IsValid || !string.IsNullOrEmpty(network)) return (reading, first);

        // The best explanation is that of the network which recognised the text as its own but for one fault.
        foreach (var candidate in BitcoinNetworks.Of(chain).Skip(1))
        {
            var other = new BitcoinAddressCodec(candidate).ReadWithFault(input, out var otherFault);
            if (other.IsValid) return (other, candidate);
            if (fault == AddressFault.WrongNetwork && otherFault != AddressFault.WrongNetwork) (reading, fault) = (other, otherFault);
        }

        return (reading, first);
    }
}
