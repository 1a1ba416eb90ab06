using System.Text.Json;
using Belfry.Core.Journal;
using Belfry.Core.Journal.Filters;
using Belfry.Core.Runtime;
using Belfry.Core.Tracking;
using Belfry.Server.Watches;

namespace Belfry.Server.Wire;

/// <summary>A subscribe message, read. Unknown fields are ignored: clients of other servers may send some.</summary>
sealed record SubscribeMessage(
    JsonElement? EventList, IReadOnlySet<EventKind>? Kinds, IReadOnlyList<FollowedChain>? Chains, JsonElement? Addresses, EventFilter? Filter, long? After, string? Epoch)
{
    /// <summary>Reads it, or says what is wrong.</summary>
    public static SubscribeMessage? Read(JsonElement message, AddressReader reader, out string? error)
    {
        if (!TryReadKinds(message, out var events, out var kinds, out error) || !TryReadChains(message, reader, out var chains, out error)) return null;
        EventFilter? filter = null;
        if (message.TryGetProperty("filter", out var condition) && condition.ValueKind != JsonValueKind.Null)
        {
            (filter, var fault) = EventFilter.Parse(condition);
            error = fault?.Message;
            if (filter is null) return null;
        }

        if (!TryReadPosition(message, out var after, out var epoch, out error)) return null;
        JsonElement? addresses = message.TryGetProperty("addresses", out var list) && list.ValueKind != JsonValueKind.Null ? list : null;
        if (addresses is not { ValueKind: not JsonValueKind.Array }) return new SubscribeMessage(events, kinds, chains, addresses, filter, after, epoch);
        error = "'addresses' must be a list of addresses";
        return null;
    }

    /// <summary>Reads <c>currencies</c> (or <c>currency</c>, <c>chain</c>): null means all.</summary>
    public static bool TryReadChains(JsonElement message, AddressReader reader, out IReadOnlyList<FollowedChain>? chains, out string? error)
    {
        (chains, error) = (null, null);
        if (!message.TryGetProperty("currencies", out var list) && !message.TryGetProperty("currency", out list) && !message.TryGetProperty("chain", out list)) return true;
        if (list.ValueKind == JsonValueKind.Null) return true;
        var found = new List<FollowedChain>();
        foreach (var name in list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().ToList() : [list])
        {
            if (name.ValueKind != JsonValueKind.String)
            {
                error = "'currencies' must be a list of currency codes, for instance [\"BTC\"]";
                return false;
            }

            if (reader.FindChain(name.GetString()!) is not { } chain)
            {
                error = reader.UnknownChain(name.GetString()!);
                return false;
            }

            found.Add(chain);
        }

        chains = found.Count == 0 ? null : found;
        return true;
    }

    // An absent or empty list means every kind.
    static bool TryReadKinds(JsonElement message, out JsonElement? events, out IReadOnlySet<EventKind>? kinds, out string? error)
    {
        (events, kinds, error) = (null, null, null);
        if (!message.TryGetProperty("events", out var list) || list.ValueKind == JsonValueKind.Null) return true;
        if (list.ValueKind != JsonValueKind.Array)
        {
            error = "'events' must be a list of event names, for instance [\"new_transaction\"]";
            return false;
        }

        events = list;
        var read = new HashSet<EventKind>();
        foreach (var name in list.EnumerateArray())
        {
            if (name.ValueKind == JsonValueKind.String && EventKinds.TryParse(name.GetString()!, out var kind))
            {
                read.Add(kind);
                continue;
            }

            var text = name.ValueKind == JsonValueKind.String ? name.GetString()! : name.GetRawText();
            var meant = Spelling.Closest(text, EventKinds.All);
            error = $"'{AddressReader.Clean(text)}' is not an event; expected one of {string.Join(", ", EventKinds.All)}{(meant is null ? "" : $"; did you mean '{meant}'?")}";
            return false;
        }

        if (read.Count > 0) kinds = read;
        return true;
    }

    static bool TryReadPosition(JsonElement message, out long? after, out string? epoch, out string? error)
    {
        (after, epoch, error) = (null, null, null);
        if (message.TryGetProperty("epoch", out var word) && word.ValueKind != JsonValueKind.Null)
        {
            if (word.ValueKind != JsonValueKind.String)
            {
                error = "'epoch' must be the text that subscription_confirmed told";
                return false;
            }

            epoch = word.GetString();
        }

        if (!message.TryGetProperty("after", out var position) || position.ValueKind == JsonValueKind.Null) return true;
        if (position.ValueKind == JsonValueKind.Number && position.TryGetInt64(out var sequence) && sequence >= 0)
        {
            after = sequence;
            return true;
        }

        error = "'after' must be the seq of the last event received, a whole number from 0";
        return false;
    }
}
