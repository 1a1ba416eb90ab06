using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Belfry.Cli.Diagnosis;
using Belfry.Cli.Forwarding;
using Belfry.Cli.Triggering;
using Belfry.Client;

namespace Belfry.Cli;

/// <summary>JSON that the command prints.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WatchInfo))]
[JsonSerializable(typeof(ImportResult))]
[JsonSerializable(typeof(AddressInfo))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(List<NodeInput>))]
[JsonSerializable(typeof(DidLine))]
[JsonSerializable(typeof(ToldLine))]
[JsonSerializable(typeof(EndLine))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(FindingLine))]
[JsonSerializable(typeof(Cursor))]
[JsonSerializable(typeof(ForwardLine))]
sealed partial class CliJson : JsonSerializerContext
{
    /// <summary>For a terminal or a file, never inside HTML: readable text stays readable.</summary>
    public static JsonWriterOptions Readable { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
