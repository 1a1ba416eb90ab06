using System.Globalization;
using System.Text.Json;
using Belfry.Client;

namespace Belfry.Cli;

/// <summary>One event as one line for people: time, kind, amount, address, and what matters most for its kind.</summary>
public static class EventLine
{
    /// <summary>Writes the line; pure but for the colours.</summary>
    public static string Render(BelfryEvent happened, Terminal terminal)
    {
        var data = happened.Data;
        var at = DateTimeOffset.FromUnixTimeMilliseconds((long)(happened.Timestamp * 1000));
        var time = terminal.Paint(Ink.Dim, at.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture));
        var kind = terminal.Paint(InkOf(happened), data.Event.PadRight(20));
        return $"{time}  {kind}  {Printable(data.Currency),-4}  {Describe(data)}";
    }

    /// <summary>The colour that a kind of event has everywhere.</summary>
    public static Ink InkOf(BelfryEvent happened) => happened.Data.Event switch
    {
        "new_payment" or "new_transaction" => Ink.Cyan,
        "verified_tx" => Ink.Green,
        "new_block" => Ink.Blue,
        "transaction_replaced" => Other(happened.Data, "pays_you") == "true" ? Ink.Yellow : Ink.Magenta,
        "transaction_dropped" or "transaction_reorged" or "block_disconnected" => Ink.Yellow,
        "feed_degraded" => Ink.Red,
        "feed_recovered" => Ink.Green,
        _ => Ink.Plain,
    };

    static string Describe(BelfryEventData data) => data.Event switch
    {
        "new_block" or "block_disconnected" => $"height {data.BlockHeight}  {Short(data.BlockHash)}",
        "feed_degraded" or "feed_recovered" => Printable(Other(data, "reason") ?? ""),
        "address_update" => $"{Printable(data.Address)}  {Balance(data)}",
        "transaction_replaced" => $"{Payment(data)}  by {Short(Other(data, "cause") ?? Other(data, "replaced_by"))}, {(Other(data, "pays_you") == "true" ? "still pays you" : "pays somebody else")}",
        "transaction_dropped" => $"{Payment(data)}  {Printable(Other(data, "cause") ?? Other(data, "reason") ?? "")}",
        "verified_tx" => $"{Payment(data)}  {data.Confirmations} conf. in block {data.BlockHeight}",
        _ => Payment(data),
    };

    static string Payment(BelfryEventData data)
    {
        var sign = data.Direction == "out" ? "-" : data.Direction == "in" ? "+" : "";
        return $"{(data.Amount is null ? "" : sign + Printable(data.Amount)),14}  {Printable(data.Address ?? data.ToAddress)}  tx {Short(data.TransactionHash)}";
    }

    static string Balance(BelfryEventData data) => data.Others is { } others && others.TryGetValue("balance", out var balance) && balance.ValueKind == JsonValueKind.Object
        ? "balance " + string.Join(", ", balance.EnumerateObject().Where(part => part.Name is "confirmed" or "unconfirmed" or "immature" && part.Value.ToString() != "0").Select(part => $"{Printable(part.Name)} {Printable(part.Value.ToString())}"))
        : data.Amount is null ? "" : "balance " + Printable(data.Amount);

    static string Short(string? hash) => hash is { Length: > 20 } ? $"{Printable(hash[..10])}…{Printable(hash[^6..])}" : Printable(hash);

    static string? Other(BelfryEventData data, string name) => data.Others is { } others && others.TryGetValue(name, out var value)
        ? value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            JsonValueKind.Object when value.TryGetProperty("tx_hash", out var hash) => hash.ToString(),
            JsonValueKind.Object when value.TryGetProperty("reason", out var reason) => reason.ToString(),
            _ => value.ToString(),
        }
        : null;

    /// <summary>Labels and reasons may come from strangers: control characters must not steer the terminal.</summary>
    static string Printable(string? text) => text is null ? "" : string.Create(text.Length, text, static (chars, source) =>
    {
        for (var index = 0; index < chars.Length; index++) chars[index] = char.IsControl(source[index]) ? '?' : source[index];
    });
}
