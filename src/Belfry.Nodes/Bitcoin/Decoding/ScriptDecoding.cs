using System.Buffers;
using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Encodings;

namespace Belfry.Nodes.Bitcoin.Decoding;

/// <summary>What <c>belfry decode script</c> says of one script. Pure: the same input gives the same object.</summary>
public static class ScriptDecoding
{
    const int MaxScript = 10_000;
    const string Prefix = "script:";

    /// <summary>
    /// Writes <c>{"in","ok":true,"type","address"}</c>, where the address is null when the script has none, or <c>{"in","ok":false,"error"}</c>; never throws for what
    /// <paramref name="input"/> holds.
    /// </summary>
    /// <param name="writer">Where the object goes; not flushed.</param>
    /// <param name="input">A locking script in hexadecimal digits, with or without <c>script:</c> in front.</param>
    /// <param name="chain">The chain.</param>
    /// <param name="network">The network whose address is written; null or empty is the main one.</param>
    public static void Write(Utf8JsonWriter writer, string input, ChainId chain, string? network)
    {
        writer.WriteStartObject();
        DecodedText.WriteInput(writer, input);
        if (!BitcoinNetworks.TryFind(chain, string.IsNullOrEmpty(network) ? "main" : network, out var found, out var error) || !TryReadHex(input, out var script, out error))
        {
            DecodedText.WriteError(writer, error);
        }
        else
        {
            writer.WriteBoolean("ok"u8, true);
            writer.WriteString("type"u8, ScriptTemplate.Match(script, found.Rules).Name);
            writer.WriteString("address"u8, new BitcoinAddressCodec(found).Write(script));
        }

        writer.WriteEndObject();
    }

    static bool TryReadHex(string input, out byte[] script, out string error)
    {
        script = [];
        error = "";
        var digits = input.AsSpan();
        if (digits.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)) digits = digits[Prefix.Length..];
        if (digits.Length > MaxScript * 2)
        {
            error = $"a script has at most {MaxScript} bytes";
            return false;
        }

        script = new byte[digits.Length / 2];
        if (digits.IsEmpty) error = "the script is empty";
        else if (Convert.FromHexString(digits, script, out _, out _) != OperationStatus.Done) error = "a script is an even number of hexadecimal digits";
        return error.Length == 0;
    }
}
