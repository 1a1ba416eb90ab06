using System.Globalization;
using System.Text.Json;

namespace Belfry.Server.Tests.EndToEnd;

/// <summary>One event as a client received it.</summary>
sealed record Told(JsonElement Envelope)
{
    // read once: tests look through all that was told again and again
    public long Sequence { get; } = Envelope.GetProperty("seq").GetInt64();

    public string Id { get; } = Envelope.GetProperty("id").GetString()!;

    public JsonElement Data { get; } = Envelope.GetProperty("data");

    public string Kind { get; } = Envelope.GetProperty("data").GetProperty("event").GetString()!;

    public string? Transaction { get; } = TextOf(Envelope, "tx_hash");

    public string? Address { get; } = TextOf(Envelope, "address");

    public string? State { get; } = TextOf(Envelope, "state");

    public string? Block { get; } = TextOf(Envelope, "block_hash");

    public string Chain => Text("currency")!.ToLowerInvariant();

    public int Confirmations => Data.GetProperty("confirmations").GetInt32();

    public long? Height => Data.GetProperty("block_height") is { ValueKind: JsonValueKind.Number } height ? height.GetInt64() : null;

    /// <summary>A field as text, or null when it is absent or null.</summary>
    public string? Text(string name) => TextOf(Envelope, name);

    /// <summary>A sum of <c>balance</c> in an <c>address_update</c>.</summary>
    public decimal Balance(string sum) => Number(Data.GetProperty("balance").GetProperty(sum));

    /// <summary>A decimal string as a number.</summary>
    public static decimal Number(JsonElement text) => decimal.Parse(text.GetString()!, CultureInfo.InvariantCulture);

    /// <summary>What happened in one line, for comparing whole stories: kind, state, confirmations.</summary>
    public string Line => Transaction is null ? $"{Kind} {Height}" : $"{Kind} {State} {Confirmations}";

    static string? TextOf(JsonElement envelope, string name) =>
        envelope.GetProperty("data").TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : null;

    public override string ToString() => $"{Sequence}: {Line} {Transaction ?? Block} {Address} {Text("reason")} {Text("detail")}";
}
