using System.Text.Json;
using System.Text.Json.Serialization;

namespace Belfry.Client;

/// <summary>One entry of the server's journal, as it comes over every transport.</summary>
public sealed record BelfryEvent
{
    /// <summary>Identifies the event for ever; the same event never has another id.</summary>
    [JsonPropertyName("id")]
    public string Id { get; set; } = "";

    /// <summary>Its place in the journal; hand the last one you handled back as <c>after</c> to go on from there.</summary>
    [JsonPropertyName("seq")]
    public long Sequence { get; set; }

    /// <summary>What happened.</summary>
    [JsonPropertyName("data")]
    public BelfryEventData Data { get; set; } = new();

    /// <summary>When Belfry told it, Unix seconds with a fraction.</summary>
    [JsonPropertyName("timestamp")]
    public double Timestamp { get; set; }

    /// <summary>The journal that <see cref="Sequence"/> belongs to: store it beside the number, and hand both back; null for events that were not received.</summary>
    [JsonIgnore]
    public string? Epoch { get; set; }

    /// <summary>The envelope exactly as the server sent it, UTF-8 JSON; null for events that were not received.</summary>
    [JsonIgnore]
    public ReadOnlyMemory<byte>? Raw { get; set; }
}

/// <summary>What an event tells. Amounts are decimal strings in the currency's unit: see <see cref="Amounts"/>.</summary>
public sealed record BelfryEventData
{
    /// <summary><c>new_transaction</c>, <c>new_payment</c>, <c>verified_tx</c>, <c>address_update</c>, <c>new_block</c>, <c>transaction_replaced</c>, <c>transaction_dropped</c>, <c>transaction_reorged</c>, <c>block_disconnected</c>, <c>feed_degraded</c>, <c>feed_recovered</c>.</summary>
    [JsonPropertyName("event")]
    public string Event { get; set; } = "";

    /// <summary>The transaction, or null.</summary>
    [JsonPropertyName("tx_hash")]
    public string? TransactionHash { get; set; }

    /// <summary>Upper-case code: <c>BTC</c>.</summary>
    [JsonPropertyName("currency")]
    public string Currency { get; set; } = "";

    /// <summary>Who paid, where known.</summary>
    [JsonPropertyName("from_address")]
    public string? FromAddress { get; set; }

    /// <summary>Who was paid, where known.</summary>
    [JsonPropertyName("to_address")]
    public string? ToAddress { get; set; }

    /// <summary>Decimal string in the currency's unit, or null.</summary>
    [JsonPropertyName("amount")]
    public string? Amount { get; set; }

    /// <summary>0 while unconfirmed.</summary>
    [JsonPropertyName("confirmations")]
    public long? Confirmations { get; set; }

    /// <summary>The contract concerned, or null.</summary>
    [JsonPropertyName("contract")]
    public string? Contract { get; set; }

    /// <summary>Height of the block concerned, or null.</summary>
    [JsonPropertyName("block_height")]
    public long? BlockHeight { get; set; }

    /// <summary>Unix seconds of the block or of the first sight, or null.</summary>
    [JsonPropertyName("timestamp")]
    public long? Timestamp { get; set; }

    /// <summary>The watched address that this is told for, or null for events of the whole chain.</summary>
    [JsonPropertyName("address")]
    public string? Address { get; set; }

    /// <summary><c>in</c>, <c>out</c> or <c>self</c>.</summary>
    [JsonPropertyName("direction")]
    public string? Direction { get; set; }

    /// <summary><c>seen</c>, <c>confirmed</c>, <c>final</c>, <c>replaced</c>, <c>conflicted</c>, <c>dropped</c>, <c>reorged</c>.</summary>
    [JsonPropertyName("state")]
    public string? State { get; set; }

    /// <summary>The state before.</summary>
    [JsonPropertyName("previous_state")]
    public string? PreviousState { get; set; }

    /// <summary>Hash of the block concerned, or null.</summary>
    [JsonPropertyName("block_hash")]
    public string? BlockHash { get; set; }

    /// <summary>Decimal string in the currency's unit, where known.</summary>
    [JsonPropertyName("fee")]
    public string? Fee { get; set; }

    /// <summary>Every other field that the server sends, for instance <c>cause</c> and <c>pays_you</c>.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}
