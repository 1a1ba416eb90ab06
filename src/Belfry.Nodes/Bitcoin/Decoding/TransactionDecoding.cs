using System.Globalization;
using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Readers;

namespace Belfry.Nodes.Bitcoin.Decoding;

/// <summary>What <c>belfry decode tx</c> says of one transaction. Pure: the same input gives the same object.</summary>
public static class TransactionDecoding
{
    /// <summary>
    /// Writes <c>{"ok":true,"txid","wtxid","inputs","outputs":[{"value","script","type","address"}]}</c>, values in base units as strings and the address null where
    /// there is none; or <c>{"ok":false,"error"}</c>. Never throws for what <paramref name="input"/> holds.
    /// </summary>
    /// <param name="writer">Where the object goes; not flushed.</param>
    /// <param name="input">The serialised transaction in hexadecimal digits.</param>
    /// <param name="chain">The chain.</param>
    /// <param name="network">The network whose addresses are written; null or empty is the main one.</param>
    public static void Write(Utf8JsonWriter writer, string input, ChainId chain, string? network)
    {
        writer.WriteStartObject();
        if (!BitcoinNetworks.TryFind(chain, string.IsNullOrEmpty(network) ? "main" : network, out var found, out var error)
            || !RawHex.TryRead("transaction", input, out var raw, out error)
            || !TryWrite(writer, raw, found, out error))
        {
            DecodedText.WriteError(writer, error);
        }

        writer.WriteEndObject();
    }

    static bool TryWrite(Utf8JsonWriter writer, byte[] raw, BitcoinNetwork network, out string error)
    {
        try
        {
            // Checked from end to end before the first field is written: nothing below can fail.
            Write(writer, TransactionReader.Read(raw, TransactionFormats.Of(network.Profile.Id.Value)), network);
            error = "";
            return true;
        }
        catch (MalformedDataException problem)
        {
            error = problem.Message;
            return false;
        }
    }

    static void Write(Utf8JsonWriter writer, TransactionReader transaction, BitcoinNetwork network)
    {
        var codec = new BitcoinAddressCodec(network);
        writer.WriteBoolean("ok"u8, true);
        writer.WriteString("txid"u8, transaction.ComputeId().ToString());
        writer.WriteString("wtxid"u8, transaction.ComputeWitnessId().ToString());
        writer.WriteNumber("inputs"u8, transaction.InputCount);
        writer.WriteStartArray("outputs"u8);
        foreach (var output in transaction.Outputs)
        {
            writer.WriteStartObject();
            writer.WriteString("value"u8, output.Value.ToString(CultureInfo.InvariantCulture));
            writer.WriteString("script"u8, Convert.ToHexStringLower(output.Script));
            writer.WriteString("type"u8, ScriptTemplate.Match(output.Script, network.Rules).Name);
            writer.WriteString("address"u8, codec.Write(output.Script));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
