using System.Text.Json;
using System.Text.Json.Serialization;

namespace Belfry.Client;

/// <summary>What the client says on the socket.</summary>
sealed record ClientMessage(
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("id")] int? Id = null,
    [property: JsonPropertyName("events")] IReadOnlyList<string>? Events = null,
    [property: JsonPropertyName("currencies")] IReadOnlyList<string>? Currencies = null,
    [property: JsonPropertyName("addresses")] IReadOnlyList<string>? Addresses = null,
    [property: JsonPropertyName("filter")] JsonElement? Filter = null,
    [property: JsonPropertyName("after")] long? After = null,
    [property: JsonPropertyName("epoch")] string? Epoch = null);

/// <summary>The parts of a server's message that steer the connection.</summary>
sealed record ServerMessage
{
    [JsonPropertyName("type")]
    public string? Type { get; set; }

    [JsonPropertyName("seq")]
    public long? Sequence { get; set; }

    [JsonPropertyName("head")]
    public long? Head { get; set; }

    [JsonPropertyName("epoch")]
    public string? Epoch { get; set; }

    [JsonPropertyName("code")]
    public int Code { get; set; }

    [JsonPropertyName("message")]
    public string? Message { get; set; }

    [JsonPropertyName("error")]
    public JsonElement Error { get; set; }

    [JsonPropertyName("temporary")]
    public bool Temporary { get; set; }
}

sealed record ProblemDetails([property: JsonPropertyName("title")] string? Title, [property: JsonPropertyName("detail")] string? Detail);

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ClientMessage))]
[JsonSerializable(typeof(ServerMessage))]
[JsonSerializable(typeof(BelfryEvent))]
[JsonSerializable(typeof(ProblemDetails))]
[JsonSerializable(typeof(List<ChainInfo>))]
[JsonSerializable(typeof(NewWatch))]
[JsonSerializable(typeof(WatchInfo))]
[JsonSerializable(typeof(WatchPage))]
[JsonSerializable(typeof(ImportResult))]
[JsonSerializable(typeof(AddressInfo))]
[JsonSerializable(typeof(TransactionPage))]
[JsonSerializable(typeof(SimulatedDeed))]
[JsonSerializable(typeof(SimulatedResult))]
[JsonSerializable(typeof(JsonElement))]
sealed partial class WireJson : JsonSerializerContext;
