using System.Globalization;
using System.Text.Json;

namespace Belfry.Server.Tests.EndToEnd;

/// <summary>One event as a client received it.</summary>
sealed record Told(JsonElement Envelope)
{
    public long Sequence => Envelope.GetProperty("seq").GetInt64();

    public string Id => Envelope.GetProperty("id").GetString()!;

    public JsonElement Data => Envelope.GetProperty("data");

    public string Kind => Data.GetProperty("event").GetString()!;

    public string? Transaction => Text("tx_hash");

    public string? Address => Text("address");

    public string? State => Text("state");

    public string? Block => Text("block_hash");

    public string Chain => Text("currency")!.ToLowerInvariant();

    public int Confirmations => Data.GetProperty("confirmations").GetInt32();

    public long? Height => Data.GetProperty("block_height") is { ValueKind: JsonValueKind.Number } height ? height.GetInt64() : null;

    /// <summary>A field as text, or null when it is absent or null.</summary>
    public string? Text(string name) => Data.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : null;

    /// <summary>A sum of <c>balance</c> in an <c>address_update</c>.</summary>
    public decimal Balance(string sum) => Number(Data.GetProperty("balance").GetProperty(sum));

    /// <summary>A decimal string as a number.</summary>
    public static decimal Number(JsonElement text) => decimal.Parse(text.GetString()!, CultureInfo.InvariantCulture);

    /// <summary>What happened in one line, for comparing whole stories: kind, state, confirmations.</summary>
    public string Line => Transaction is null ? $"{Kind} {Height}" : $"{Kind} {State} {Confirmations}";

    public override string ToString() => $"{Sequence}: {Line} {Transaction ?? Block} {Address} {Text("reason")} {Text("detail")}";
}
