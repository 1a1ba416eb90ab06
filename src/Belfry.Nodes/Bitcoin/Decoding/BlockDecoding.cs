using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Readers;

namespace Belfry.Nodes.Bitcoin.Decoding;

/// <summary>What <c>belfry decode block</c> says of one block. Pure: the same input gives the same object.</summary>
public static class BlockDecoding
{
    /// <summary>
    /// Writes <c>{"ok":true,"hash","previous","merkle_ok","transactions","inputs","outputs","types":{"p2tr":n,…}}</c>, types with the most frequent first, or
    /// <c>{"ok":false,"error"}</c>. Never throws for what <paramref name="input"/> holds.
    /// </summary>
    /// <param name="writer">Where the object goes; not flushed.</param>
    /// <param name="input">The serialised block in hexadecimal digits.</param>
    /// <param name="chain">The chain.</param>
    /// <param name="network">The network; null or empty is the main one.</param>
    public static void Write(Utf8JsonWriter writer, string input, ChainId chain, string? network)
    {
        if (RawHex.TryRead("block", input, out var raw, out var error)) Write(writer, raw, chain, network);
        else WriteRefusal(writer, error);
    }

    /// <summary>The same for the bytes of a file.</summary>
    public static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> raw, ChainId chain, string? network)
    {
        if (!BitcoinNetworks.TryFind(chain, string.IsNullOrEmpty(network) ? "main" : network, out var found, out var error))
        {
            WriteRefusal(writer, error);
            return;
        }

        try
        {
            Write(writer, BlockSummary.Read(raw, TransactionFormats.Of(chain.Value), found.Rules));
        }
        catch (MalformedDataException problem)
        {
            WriteRefusal(writer, problem.Message);
        }
    }

    static void Write(Utf8JsonWriter writer, BlockSummary block)
    {
        writer.WriteStartObject();
        writer.WriteBoolean("ok"u8, true);
        writer.WriteString("hash"u8, block.Hash.ToString());
        writer.WriteString("previous"u8, block.Previous.ToString());
        writer.WriteBoolean("merkle_ok"u8, block.MerkleRootHolds);
        writer.WriteNumber("transactions"u8, block.Transactions);
        writer.WriteNumber("inputs"u8, block.Inputs);
        writer.WriteNumber("outputs"u8, block.Outputs);
        writer.WriteStartObject("types"u8);
        foreach (var (type, count) in block.Types.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key, StringComparer.Ordinal)) writer.WriteNumber(type, count);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    static void WriteRefusal(Utf8JsonWriter writer, string error)
    {
        writer.WriteStartObject();
        DecodedText.WriteError(writer, error);
        writer.WriteEndObject();
    }
}
