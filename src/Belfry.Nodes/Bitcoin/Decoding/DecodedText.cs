using System.Text;
using System.Text.Json;

namespace Belfry.Nodes.Bitcoin.Decoding;

/// <summary>The fields that every decoded object has.</summary>
static class DecodedText
{
    /// <summary>The input as it came; half a surrogate pair, which JSON text cannot carry, becomes U+FFFD.</summary>
    public static void WriteInput(Utf8JsonWriter writer, string input) => writer.WriteString("in"u8, Encoding.UTF8.GetBytes(input));

    public static void WriteError(Utf8JsonWriter writer, string error)
    {
        writer.WriteBoolean("ok"u8, false);
        writer.WriteString("error"u8, error);
    }
}
