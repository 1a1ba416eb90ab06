using System.Text.Json;

namespace Belfry.Client;

/// <summary>What to listen for. Everything empty: every event of every chain.</summary>
public sealed record Subscription
{
    /// <summary>Kinds of events, for instance <c>new_payment</c>; empty: all.</summary>
    public IReadOnlyList<string> Events { get; init; } = [];

    /// <summary>Currency codes, for instance <c>BTC</c>; empty: all.</summary>
    public IReadOnlyList<string> Currencies { get; init; } = [];

    /// <summary>Addresses in any spelling; empty: all that your key may see.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>Field to condition, for instance <c>{"amount": "&gt;=0.5"}</c>; null: no filter.</summary>
    public JsonElement? Filter { get; init; }
}
