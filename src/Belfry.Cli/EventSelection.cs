using System.CommandLine;
using System.Text.Json;
using Belfry.Client;
using Belfry.Core.Journal;
using Belfry.Core.Journal.Filters;

namespace Belfry.Cli;

/// <summary>Which events a command wants; the same options on every command that reads events.</summary>
sealed class EventSelection
{
    readonly Option<string[]> addresses = Many("--address", "address", "Only this address, in any spelling (repeat for several)");
    readonly Option<string[]> kinds = Many("--event", "kind", "Only this kind: new_payment, verified_tx, transaction_replaced, … (repeat for several)");
    readonly Option<string[]> currencies = Many("--currency", "code", "Only this currency: BTC, LTC, … (repeat for several)");
    readonly Option<string[]> filters = Many("--filter", "condition", "Only where a field of data fulfils a condition: 'amount>=0.5', 'state=seen||confirmed', or a JSON object of both (repeat: all must hold)");

    public EventSelection()
    {
        kinds.CompletionSources.Add([.. EventKinds.All]);
        currencies.CompletionSources.Add("BTC", "LTC", "BCH", "DOGE");
    }

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[addresses, kinds, currencies, filters]) command.Options.Add(option);
    }

    /// <summary>What to subscribe to.</summary>
    /// <exception cref="UsageException">A filter cannot be understood.</exception>
    public Subscription Read(ParseResult parsed) => new()
    {
        Addresses = parsed.GetValue(addresses) ?? [],
        Events = parsed.GetValue(kinds) ?? [],
        Currencies = [.. (parsed.GetValue(currencies) ?? []).Select(code => code.ToUpperInvariant())],
        Filter = Filter(parsed.GetValue(filters) ?? []),
    };

    static Option<string[]> Many(string name, string help, string description) => new(name) { Description = description, HelpName = help, AllowMultipleArgumentsPerToken = false };

    static JsonElement? Filter(string[] texts)
    {
        if (texts.Length == 0) return null;
        var conditions = new Dictionary<string, JsonElement>();
        foreach (var text in texts)
            foreach (var (field, condition) in Conditions(text))
                if (!conditions.TryAdd(field, condition)) throw new UsageException($"--filter names '{field}' twice: join its conditions with && or ||.");
        var filter = JsonSerializer.SerializeToElement(conditions, CliJson.Default.DictionaryStringJsonElement);
        return EventFilter.Parse(filter).Fault is { } fault ? throw new UsageException($"--{fault.Message}.") : filter;
    }

    static IEnumerable<(string Field, JsonElement Condition)> Conditions(string text)
    {
        if (!text.TrimStart().StartsWith('{'))
        {
            // the field's name ends where an operator begins
            var end = text.AsSpan().IndexOfAny("<>=!");
            var field = end < 0 ? "" : text[..end].Trim();
            if (field.Length == 0) throw new UsageException($"--filter '{text}' is not a condition: expected for instance 'amount>=0.5', or a JSON object of field and condition.");
            return [(field, JsonSerializer.SerializeToElement(text[end..], CliJson.Default.String))];
        }

        try
        {
            return [.. JsonElement.Parse(text).EnumerateObject().Select(property => (property.Name, property.Value))];
        }
        catch (JsonException problem)
        {
            throw new UsageException($"--filter is not JSON at byte {problem.BytePositionInLine}: expected for instance '{{\"amount\":\">=0.5\"}}'.");
        }
    }
}
