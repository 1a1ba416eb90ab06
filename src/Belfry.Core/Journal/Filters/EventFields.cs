namespace Belfry.Core.Journal.Filters;

/// <summary>What a field of an event's <c>data</c> holds; decides which conditions make sense.</summary>
enum FieldType
{
    /// <summary>Decides itself by the literal: a number or text.</summary>
    Any,

    /// <summary>A number, or a decimal string.</summary>
    Number,

    /// <summary>Text of which only equality can be asked.</summary>
    Text,

    /// <summary>Text in which letter case carries nothing, for instance a currency code.</summary>
    Code,
}

/// <summary>The fields of an event's <c>data</c> object that a filter may name.</summary>
public static class EventFields
{
    static readonly Dictionary<string, FieldType> Types = new(StringComparer.Ordinal)
    {
        ["event"] = FieldType.Code,
        ["tx_hash"] = FieldType.Text,
        ["currency"] = FieldType.Code,
        ["from_address"] = FieldType.Text,
        ["to_address"] = FieldType.Text,
        ["amount"] = FieldType.Number,
        ["confirmations"] = FieldType.Number,
        ["contract"] = FieldType.Text,
        ["block_height"] = FieldType.Number,
        ["timestamp"] = FieldType.Number,
        ["address"] = FieldType.Text,
        ["direction"] = FieldType.Code,
        ["state"] = FieldType.Code,
        ["previous_state"] = FieldType.Code,
        ["block_hash"] = FieldType.Text,
        ["fee"] = FieldType.Number,
        ["cause"] = FieldType.Any,
        ["cause.tx_hash"] = FieldType.Text,
        ["cause.block_hash"] = FieldType.Text,
        ["cause.block_height"] = FieldType.Number,
        ["replaced_by"] = FieldType.Text,
        ["pays_you"] = FieldType.Any,
        ["received"] = FieldType.Number,
        ["sent"] = FieldType.Number,
        ["net"] = FieldType.Number,
        ["attempt"] = FieldType.Number,
        ["chain"] = FieldType.Code,
        ["reason"] = FieldType.Code,
        ["detail"] = FieldType.Text,
        ["source"] = FieldType.Code,
        ["catchup"] = FieldType.Any,
        ["previous_block_hash"] = FieldType.Text,
        ["transaction_count"] = FieldType.Number,
        ["after_seconds"] = FieldType.Number,
        ["balance"] = FieldType.Any,
        ["balance.confirmed"] = FieldType.Number,
        ["balance.unconfirmed"] = FieldType.Number,
        ["balance.immature"] = FieldType.Number,
        ["balance.received"] = FieldType.Number,
        ["balance.sent"] = FieldType.Number,
        ["balance.transactions"] = FieldType.Number,
    };

    // Objects whose members depend on the event (a contract event's arguments): any dotted path below them is taken.
    static readonly HashSet<string> Open = new(StringComparer.Ordinal) { "args", "transaction_information" };

    /// <summary>All names; those of nested objects as dotted paths (<c>balance.confirmed</c>).</summary>
    public static IReadOnlyCollection<string> All => Types.Keys;

    internal static bool TryFind(string path, out FieldType type)
    {
        if (Types.TryGetValue(path, out type)) return true;
        var dot = path.IndexOf('.');
        return dot > 0 && dot < path.Length - 1 && Open.Contains(path[..dot]);
    }
}
