using System.Text.Json;
using Belfry.Core.Chains;

namespace Belfry.Nodes.Bitcoin.Rpc;

/// <summary>Fields of small answers, with errors that name the field.</summary>
static class RpcJson
{
    /// <summary>Reads a small answer as a whole; it must be an object.</summary>
    public static JsonElement ReadObject(ref Utf8JsonReader reader)
    {
        var element = JsonElement.ParseValue(ref reader);
        return element.ValueKind == JsonValueKind.Object ? element : throw new JsonException($"expected an object, found {element.ValueKind}");
    }

    public static string Text(this JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Missing(name, "a text");

    public static Hash256 Hash(this JsonElement element, string name) =>
        Hash256.TryParse(element.Text(name), out var hash) ? hash : throw Missing(name, "a hash");

    public static long Number(this JsonElement element, string name) => element.OptionalNumber(name) ?? throw Missing(name, "a whole number");

    public static long? OptionalNumber(this JsonElement element, string name)
    {
        if (!element.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : throw Missing(name, "a whole number");
    }

    public static bool? OptionalFlag(this JsonElement element, string name) => !element.TryGetProperty(name, out var value)
        ? null
        : value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Null => null,
            _ => throw Missing(name, "true or false"),
        };

    public static string? OptionalText(this JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    static JsonException Missing(string name, string expected) => new($"expected '{name}' to be {expected}");
}
