using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Ledger;

namespace Belfry.Core.Tracking;

/// <summary>One thing that happened, in the order in which it is to be told. A list of facts becomes one ledger batch.</summary>
public abstract record Fact
{
    Fact() { }

    /// <summary>A block joined the best chain, after <paramref name="Disconnects"/> blocks had left it.</summary>
    public sealed record BlockJoined(BlockHeader Header, int Transactions, bool CatchUp, long Disconnects) : Fact;

    /// <summary>A block left the best chain, after <paramref name="Disconnects"/> others had.</summary>
    public sealed record BlockLeft(BlockHeader Header, long Disconnects) : Fact;

    /// <summary>A transaction entered a state, or turned out to touch more watched scripts than known.</summary>
    public sealed record Changed(LedgerTransaction? Before, LedgerTransaction After, ChangeNote Note) : Fact;

    /// <summary>A transaction reached a confirmation milestone without any other change than perhaps to Final.</summary>
    public sealed record Deepened(LedgerTransaction Before, LedgerTransaction After, int Confirmations, DateTimeOffset BlockTime) : Fact;

    /// <summary>The feed's health changed.</summary>
    public sealed record FeedChanged(EventKind Kind, string Reason, string Detail, TimeSpan? After) : Fact;
}

/// <summary>Why and how a transaction changed, as far as events tell it.</summary>
public sealed record ChangeNote
{
    /// <summary>Confirmations in the new state; 0 outside a block.</summary>
    public int Confirmations { get; init; }

    /// <summary>The block's own time, when it is in one.</summary>
    public DateTimeOffset? BlockTime { get; init; }

    /// <summary>The rival, when a known transaction replaces this one: tells whether it pays the same address.</summary>
    public IReadOnlyCollection<Script> RivalPays { get; init; } = [];

    /// <summary>A stable word for people and programs: <c>replaced</c>, <c>parent_gone</c>, <c>not_in_mempool</c> …</summary>
    public string? Reason { get; init; }

    /// <summary>How it was learnt when not by the feed: <c>audit</c>, <c>rescan</c>.</summary>
    public string? Source { get; init; }

    /// <summary>Whether it happened while Belfry was away or before the watch.</summary>
    public bool CatchUp { get; init; }
}
