using System.Buffers;
using System.Text;
using System.Text.Json;
using Belfry.Core.Runtime;

namespace Belfry.Core.Journal.Filters;

/// <summary>What is wrong with a filter.</summary>
/// <param name="Field">The field whose condition is wrong; empty when the filter as a whole is.</param>
/// <param name="Position">Where in the condition, from 0; -1 when it concerns the field.</param>
/// <param name="Problem">What was found.</param>
/// <param name="Expected">What belongs there.</param>
/// <param name="Suggestion">What was probably meant, or null.</param>
public sealed record FilterFault(string Field, int Position, string Problem, string Expected, string? Suggestion)
{
    /// <summary>The whole for people: field, position, what was found, what was expected, what was probably meant.</summary>
    public string Message =>
        $"filter{(Field.Length == 0 ? "" : $" field '{ForeignText.Clean(Field)}'")}{(Position < 0 ? "" : $" at position {Position}")}: {Problem}; expected {Expected}"
        + (Suggestion is null ? "" : $"; did you mean '{Suggestion}'?");
}

/// <summary>What came of reading a filter: it or the first fault.</summary>
public readonly record struct FilterReading(EventFilter? Filter, FilterFault? Fault);

/// <summary>
/// A condition on an event's <c>data</c>: a JSON object of field -> condition, all of which must hold. A field that the event does not have fails its condition.
/// Numbers of any size compare as numbers, whether they stand in quotes or not; hexadecimal text compares without letter case. Compiled once, evaluated over UTF-8
/// without building a tree; immutable; equal filters are equal objects.
/// </summary>
public sealed class EventFilter : IEquatable<EventFilter>
{
    const string Example = "an object of field and condition, for instance {\"amount\":\">=0.5\"}";
    const int MaxFields = 32;
    const int MaxConditionLength = 4096;
    readonly Field[] fields;
    readonly string canonical;

    EventFilter(Field[] fields, string canonical) => (this.fields, this.canonical) = (fields, canonical);

    /// <summary>Reads a filter from JSON text.</summary>
    public static FilterReading Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8 });
            return Parse(document.RootElement);
        }
        catch (JsonException problem)
        {
            return new FilterReading(null, new FilterFault("", (int)(problem.BytePositionInLine ?? 0), "this is not JSON", Example, null));
        }
    }

    /// <summary>Reads a filter from a JSON object whose values are condition strings, numbers, booleans, null, or lists of those (any of them).</summary>
    public static FilterReading Parse(JsonElement json)
    {
        try
        {
            return json.ValueKind == JsonValueKind.Object ? Read(json) : Refuse("", $"found {Name(json.ValueKind)}", Example);
        }
        catch (InvalidOperationException)
        {
            // Valid by the grammar and found only when it is read as a string.
            return Refuse("", "a text is none (not UTF-8, or half a surrogate pair)", Example);
        }
    }

    static FilterReading Read(JsonElement json)
    {
        var read = new SortedDictionary<string, (Condition Condition, string Text)>(StringComparer.Ordinal);
        foreach (var property in json.EnumerateObject())
        {
            if (!EventFields.TryFind(property.Name, out var type))
                return Refuse(property.Name, "no event has this field", $"one of {string.Join(", ", EventFields.All.Take(10))}, …", Spelling.Closest(property.Name, EventFields.All));
            var condition = ParseCondition(property.Name, type, property.Value, out var fault);
            if (condition is null) return new FilterReading(null, fault);
            if (!read.TryAdd(property.Name, (condition, property.Value.GetRawText()))) return Refuse(property.Name, "the field stands twice", "each field once");
            if (read.Count > MaxFields) return Refuse("", "too many fields", $"at most {MaxFields}");
        }

        var compiled = read.Select(field => new Field([.. field.Key.Split('.').Select(Encoding.UTF8.GetBytes)], field.Value.Condition)).ToArray();
        return new FilterReading(new EventFilter(compiled, string.Join('\n', read.Select(field => $"{field.Key} {field.Value.Text}"))), null);
    }

    /// <summary>Whether the event passes.</summary>
    /// <param name="data">The event's <c>data</c> object, valid UTF-8 JSON.</param>
    public bool Matches(ReadOnlySpan<byte> data)
    {
        if (fields.Length == 0) return true;
        var reader = new Utf8JsonReader(data);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
        var open = uint.MaxValue >> (32 - fields.Length);
        return Visit(ref reader, 0, open, ref open) && open == 0;
    }

    // Walks one object. "candidates" are the fields whose path led here; "open" are those that have not been met yet. False as soon as a condition fails.
    bool Visit(ref Utf8JsonReader reader, int depth, uint candidates, ref uint open)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            uint hits = 0;
            for (var i = 0; i < fields.Length; i++)
            {
                if ((candidates & (1u << i)) != 0 && fields[i].Path.Length > depth && reader.ValueTextEquals(fields[i].Path[depth])) hits |= 1u << i;
            }

            reader.Read();
            if (hits == 0)
            {
                reader.Skip();
            }
            else if (reader.TokenType == JsonTokenType.StartObject)
            {
                // The object itself can only be asked whether it is there: it equals nothing and is not null.
                if (!Judge(new FieldValue("{}"u8, isString: false), depth, hits, ref open)) return false;
                if (!Visit(ref reader, depth + 1, hits, ref open)) return false;
            }
            else if (!Judge(ref reader, depth, hits, ref open))
            {
                return false;
            }
        }

        return true;
    }

    bool Judge(ref Utf8JsonReader reader, int depth, uint hits, ref uint open)
    {
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            reader.Skip();
            return true;
        }

        byte[]? rented = null;
        var text = reader.ValueSpan;
        if (reader.TokenType == JsonTokenType.String && reader.ValueIsEscaped)
        {
            rented = ArrayPool<byte>.Shared.Rent(text.Length);
            text = rented.AsSpan(0, reader.CopyString(rented));
        }

        var holds = Judge(new FieldValue(text, reader.TokenType == JsonTokenType.String), depth, hits, ref open);
        if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        return holds;
    }

    bool Judge(FieldValue value, int depth, uint hits, ref uint open)
    {
        var holds = true;
        for (var i = 0; i < fields.Length && holds; i++)
        {
            if ((hits & (1u << i)) == 0 || fields[i].Path.Length != depth + 1) continue;
            holds = fields[i].Condition.Holds(value);
            open &= ~(1u << i);
        }

        return holds;
    }

    static Condition? ParseCondition(string field, FieldType type, JsonElement json, out FilterFault? fault)
    {
        fault = null;
        switch (json.ValueKind)
        {
            case JsonValueKind.String when json.GetString()!.Length <= MaxConditionLength:
                return ConditionParser.Parse(field, type, json.GetString()!, out fault);
            case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null:
                return new Condition.Comparison(ComparisonOperator.Equal, new Literal(json.GetRawText(), quoted: false), ignoreCase: false);
            case JsonValueKind.Array when json.GetArrayLength() is > 0 and <= 256 && json.EnumerateArray().All(item => item.ValueKind is not JsonValueKind.Array):
                return AnyOf(field, type, json, out fault);
            default:
                fault = new FilterFault(field, -1, $"found {Name(json.ValueKind)}", "a condition such as '>=0.5 && <10', a number, a boolean or null", null);
                return null;
        }
    }

    static Condition? AnyOf(string field, FieldType type, JsonElement json, out FilterFault? fault)
    {
        fault = null;
        Condition? any = null;
        foreach (var item in json.EnumerateArray())
        {
            var condition = ParseCondition(field, type, item, out fault);
            if (condition is null) return null;
            any = any is null ? condition : new Condition.Or(any, condition);
        }

        return any;
    }

    static FilterReading Refuse(string field, string problem, string expected, string? suggestion = null) =>
        new(null, new FilterFault(field, -1, problem, expected, suggestion));

    static string Name(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "text that is too long",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "a boolean",
    };

    /// <inheritdoc/>
    public bool Equals(EventFilter? other) => other is not null && canonical == other.canonical;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as EventFilter);

    /// <inheritdoc/>
    public override int GetHashCode() => canonical.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => canonical;

    sealed record Field(byte[][] Path, Condition Condition);
}
