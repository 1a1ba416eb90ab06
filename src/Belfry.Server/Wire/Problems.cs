using System.Diagnostics;
using System.Text.Json;
using Belfry.Core.Runtime;

namespace Belfry.Server.Wire;

/// <summary>Refusals as problem+json: what was wrong, where, what was expected. Never a stack, never a secret.</summary>
static class Problems
{
    public static IResult BadRequest(string where, string problem, string? expected = null, string? suggestion = null) =>
        Create(StatusCodes.Status400BadRequest, "The request cannot be understood", new FaultBody(where, problem, expected, suggestion));

    public static IResult Unprocessable(string where, string problem, string? expected = null, string? suggestion = null) =>
        Create(StatusCodes.Status422UnprocessableEntity, "The request cannot be carried out", new FaultBody(where, problem, expected, suggestion));

    public static IResult NotFound(string where, string problem, string? expected = null) =>
        Create(StatusCodes.Status404NotFound, "There is nothing here", new FaultBody(where, problem, expected, null));

    public static IResult Create(int status, string title, params IReadOnlyList<FaultBody> faults) => TypedResults.Json(
        new ProblemBody("about:blank", title, status, string.Join("; ", faults.Select(Describe)), faults, Activity.Current?.TraceId.ToString()),
        WireJson.Default.ProblemBody, "application/problem+json", status);

    public static Task WriteAsync(HttpContext context, int status, string title, params IReadOnlyList<FaultBody> faults) =>
        Create(status, title, faults).ExecuteAsync(context);

    static string Describe(FaultBody fault) =>
        $"{fault.Where}: {fault.Problem}{(fault.Expected is null ? "" : $"; expected {fault.Expected}")}{(fault.Suggestion is null ? "" : $"; did you mean '{fault.Suggestion}'?")}";
}

/// <summary>A body that was read, or the answer that says what is wrong with it.</summary>
readonly record struct Reading<T>(T? Value, FaultBody? Fault);

/// <summary>Reads request bodies strictly: a misspelled field is told, not ignored.</summary>
static class Bodies
{
    static readonly JsonDocumentOptions Strict = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    // The grammar of JSON allows names that are no text: bytes that are not UTF-8, half a surrogate pair. They are noticed when the name is read.
    static readonly FaultBody NoText = new("body", "the name of a field is no text (not UTF-8, or half a surrogate pair)", "a JSON object", null);

    /// <summary>Reads one JSON object whose fields are among <paramref name="known"/>.</summary>
    public static Reading<JsonDocument> ReadObject(ReadOnlyMemory<byte> json, IReadOnlyList<string> known)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json, Strict);
        }
        catch (JsonException problem)
        {
            return new Reading<JsonDocument>(null, new FaultBody("body", $"not JSON at byte {problem.BytePositionInLine ?? 0}", "a JSON object", null));
        }
        catch (InvalidOperationException)
        {
            return new Reading<JsonDocument>(null, NoText);
        }

        if (document.RootElement.ValueKind != JsonValueKind.Object) return Refuse(document, new FaultBody("body", "not an object", "a JSON object", null));
        return FindUnknown(document.RootElement, known) is { } unknown ? Refuse(document, unknown) : new Reading<JsonDocument>(document, null);
    }

    static FaultBody? FindUnknown(JsonElement body, IReadOnlyList<string> known)
    {
        try
        {
            foreach (var property in body.EnumerateObject())
            {
                if (known.Contains(property.Name)) continue;
                var name = ForeignText.Clean(property.Name);
                return new FaultBody(name.Length == 0 ? "body" : name, name.Length == 0 ? "a field without a name" : "unknown field", string.Join(", ", known), Spelling.Closest(property.Name, known));
            }
        }
        catch (InvalidOperationException)
        {
            return NoText;
        }

        return null;
    }

    /// <summary>A string field; false when it is there and is something else.</summary>
    public static bool TryString(JsonElement body, string name, out string? value)
    {
        value = null;
        if (!body.TryGetProperty(name, out var field) || field.ValueKind == JsonValueKind.Null) return true;
        if (field.ValueKind != JsonValueKind.String) return false;
        try
        {
            value = field.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair: no text.
            return false;
        }
    }

    /// <summary>A height; false when it is there and is no whole number from 0.</summary>
    public static bool TryHeight(JsonElement body, string name, out long? value)
    {
        value = null;
        if (!body.TryGetProperty(name, out var field) || field.ValueKind == JsonValueKind.Null) return true;
        if (field.ValueKind != JsonValueKind.Number || !field.TryGetInt64(out var number) || number is < 0 or > int.MaxValue) return false;
        value = number;
        return true;
    }

    static Reading<JsonDocument> Refuse(JsonDocument document, FaultBody fault)
    {
        document.Dispose();
        return new Reading<JsonDocument>(null, fault);
    }
}
