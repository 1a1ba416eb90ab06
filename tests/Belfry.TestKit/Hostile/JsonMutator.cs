using System.Text;
using System.Text.Json.Nodes;

namespace Belfry.TestKit.Hostile;

/// <summary>Changes valid JSON by its structure: other types, limits of numbers, fields that are missing, doubled, unknown or nested too deep, texts that are none.</summary>
public static class JsonMutator
{
    const string Mark = "@@evil@@";

    /// <summary>Raw JSON values, some of which are not JSON.</summary>
    public static IReadOnlyList<string> Evil { get; } =
    [
        "null", "true", "false", "0", "-1", "-0", "1.5", "1e308", "1e400", "-1e400", "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
        "115792089237316195423570985008687907853269984665640564039457584007913129639936", "1e-400", "01", "+1", ".5", "1.", "NaN", "Infinity", "\"\"", "\" \"", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u202egnp.exe\"",
        "\"a\\r\\nb: c\"", "\"\\u001b[31mred\"", "\"<script>alert(1)</script>\"", "\"=HYPERLINK(1)\"", "\"'; DROP TABLE watches; --\"", "\"\ud83d\ude00\u00df\u0130\u0131\"", "\"../../etc/passwd\"", "\"%00%2e%2e\"",
        "[]", "{}", "[null]", "[[]]", "[{}]", "{\"\":null}", "{\"a\":1,\"a\":2}", "[1,2,3,\"4\",{},[],null,true]", "undefined", "'x'", "[,]", "{,}", "[1,]", "/*x*/1", "\"\u2028\"",
        "\"" + new string('a', 5000) + "\"", new string('9', 400), Nested(17), Nested(60), Nested(2000), "[" + string.Join(',', Enumerable.Repeat("0", 300)) + "]",
        "[" + string.Join(',', Enumerable.Repeat("\"x\"", 300)) + "]",
    ];

    /// <summary>A changed copy; about a third of them also byte by byte.</summary>
    public static byte[] Mutate(Mutator mutator, string valid, int longest = 60_000)
    {
        var root = JsonNode.Parse(valid)!;
        var values = new List<string>();
        for (var steps = 1 + mutator.Below(3); steps > 0; steps--) Change(mutator, ref root, values);
        var text = root.ToJsonString();
        foreach (var value in values)
        {
            var at = text.IndexOf('"' + Mark + '"', StringComparison.Ordinal);
            if (at >= 0) text = string.Concat(text.AsSpan(0, at), value, text.AsSpan(at + Mark.Length + 2));
        }

        if (mutator.Once(12)) text = Double(text);
        var bytes = Encoding.UTF8.GetBytes(text);
        return mutator.Once(3) ? mutator.Mutate(bytes, longest) : bytes.Length > longest ? bytes[..longest] : bytes;
    }

    static void Change(Mutator mutator, ref JsonNode root, List<string> values)
    {
        var places = Places(root).ToList();
        var (parent, name, index) = mutator.Pick(places);
        values.Add(mutator.Pick(Evil));
        JsonNode evil = JsonValue.Create(Mark);
        switch (parent)
        {
            case null:
                if (mutator.Once(8)) root = evil;
                else values.RemoveAt(values.Count - 1);
                break;
            case JsonObject fields when mutator.Once(5):
                fields.Remove(name!);
                values.RemoveAt(values.Count - 1);
                break;
            case JsonObject fields when mutator.Once(5):
                fields[mutator.Pick(["", "typ", "Type", "__proto__", "\u0000", "id", "after", "filter", new string('n', 300)])] = evil;
                break;
            case JsonObject fields:
                fields[name!] = evil;
                break;
            case JsonArray items when mutator.Once(3):
                items.Insert(mutator.Below(items.Count + 1), evil);
                break;
            case JsonArray items:
                items[index] = evil;
                break;
        }
    }

    static IEnumerable<(JsonNode? Parent, string? Name, int Index)> Places(JsonNode? node)
    {
        if (node?.Parent is null) yield return (null, null, 0);
        if (node is JsonObject fields)
        {
            foreach (var (name, value) in fields)
            {
                yield return (fields, name, 0);
                foreach (var below in Places(value)) if (below.Parent is not null) yield return below;
            }
        }
        else if (node is JsonArray items)
        {
            for (var i = 0; i < items.Count; i++)
            {
                yield return (items, null, i);
                foreach (var below in Places(items[i])) if (below.Parent is not null) yield return below;
            }
        }
    }

    // The same fields again: which of two counts is nobody's to guess.
    static string Double(string text) => text.Length > 2 && text[0] == '{' && text[^1] == '}' ? string.Concat(text.AsSpan(0, text.Length - 1), ",", text.AsSpan(1)) : text + text;

    static string Nested(int depth) => new string('[', depth) + new string(']', depth);
}
