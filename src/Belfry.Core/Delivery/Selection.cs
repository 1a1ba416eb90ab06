using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Journal.Filters;

namespace Belfry.Core.Delivery;

/// <summary>
/// What a subscription asks for, addresses apart. Subscriptions with equal selections and without addresses share one log of framed bytes. Immutable.
/// </summary>
public sealed class Selection : IEquatable<Selection>
{
    readonly uint kinds;
    readonly ChainId[]? chains;

    /// <summary>Creates a selection; null means all.</summary>
    public Selection(IReadOnlyCollection<EventKind>? kinds = null, IReadOnlyCollection<ChainId>? chains = null, EventFilter? filter = null, IEventScope? scope = null)
    {
        this.kinds = kinds is null ? uint.MaxValue : kinds.Aggregate(0u, (bits, kind) => bits | (1u << (int)kind));
        this.chains = chains is null ? null : [.. chains.Distinct().Order()];
        Filter = filter;
        Scope = scope;
    }

    /// <summary>The condition on the event's data, or null.</summary>
    public EventFilter? Filter { get; }

    /// <summary>Whose events may be seen, or null for all.</summary>
    public IEventScope? Scope { get; }

    /// <summary>The only chain asked for, when there is exactly one.</summary>
    public ChainId? OnlyChain => chains is [var only] ? only : null;

    /// <summary>Whether the entry is asked for, whatever its address.</summary>
    public bool Wants(JournalEntry entry) =>
        (kinds & (1u << (int)entry.Event.Kind)) != 0
        && (chains is null || Array.IndexOf(chains, entry.Chain) >= 0)
        && (Scope is null || entry.Event.Script is null || Scope.Sees(entry.Chain, entry.Event.Script))
        && (Filter is null || Filter.Matches(entry.Event.Data.Span));

    /// <inheritdoc/>
    public bool Equals(Selection? other) =>
        other is not null && kinds == other.kinds && Equals(Filter, other.Filter) && Scope?.Account == other.Scope?.Account
        && (chains is null ? other.chains is null : other.chains is not null && chains.AsSpan().SequenceEqual(other.chains));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Selection);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(kinds, Filter, Scope?.Account, chains?.Length);
}
