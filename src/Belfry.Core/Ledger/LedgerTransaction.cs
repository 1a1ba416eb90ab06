using System.Collections.Immutable;
using Belfry.Core.Chains;

namespace Belfry.Core.Ledger;

/// <summary>Where a tracked transaction stands.</summary>
public enum TxState
{
    /// <summary>In the mempool.</summary>
    Seen = 1,

    /// <summary>In a block of the best chain, not deep enough to be final.</summary>
    Confirmed = 2,

    /// <summary>Deep enough that nothing is expected to change; a reorg that deep is still told.</summary>
    Final = 3,

    /// <summary>Another unconfirmed transaction spends one of its inputs, and the node dropped this one.</summary>
    Replaced = 4,

    /// <summary>A transaction in a block spends one of its inputs.</summary>
    Conflicted = 5,

    /// <summary>Gone from the mempool (expired, evicted, unknown) without a known rival.</summary>
    Dropped = 6,

    /// <summary>Its block left the best chain and it has not been seen elsewhere yet.</summary>
    Reorged = 7,

    /// <summary>A coinbase whose block left the best chain: it can only come back with its block.</summary>
    Invalidated = 8,
}

/// <summary>A transaction that touches at least one watched script, with what it does to each of them.</summary>
public sealed record LedgerTransaction
{
    /// <summary>The chain.</summary>
    public required ChainId Chain { get; init; }

    /// <summary>The id; unique per chain.</summary>
    public required TxHash Id { get; init; }

    /// <summary>Where it stands.</summary>
    public required TxState State { get; init; }

    /// <summary>The block that holds it, in states Confirmed and Final; the block that held it in Reorged and Invalidated; otherwise null.</summary>
    public BlockRef? Block { get; init; }

    /// <summary>Place in that block; -1 without one.</summary>
    public int Position { get; init; } = -1;

    /// <summary>Whether it is a block reward.</summary>
    public bool IsCoinbase { get; init; }

    /// <summary>1 at first; grows each time the transaction comes back after it was undone, so that each telling has its own event id.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>The highest confirmation milestone told in this attempt; 0 for none.</summary>
    public int ToldConfirmations { get; init; }

    /// <summary>The fee, when every input's value is known.</summary>
    public Amount? Fee { get; init; }

    /// <summary>When Belfry first saw it.</summary>
    public required DateTimeOffset FirstSeen { get; init; }

    /// <summary>The rival that replaced it or conflicts with it, in states Replaced and Conflicted.</summary>
    public TxHash? Cause { get; init; }

    /// <summary>The block that holds the rival, in state Conflicted.</summary>
    public BlockRef? CauseBlock { get; init; }

    /// <summary>Every outpoint it spends, watched or not: what a rival would have to spend too. Empty for a coinbase.</summary>
    public ImmutableArray<OutPoint> Inputs { get; init; } = [];

    /// <summary>What it does to each watched script, one entry per script.</summary>
    public ImmutableArray<Movement> Movements { get; init; } = [];

    /// <summary>Its outputs that pay watched scripts.</summary>
    public ImmutableArray<Coin> Coins { get; init; } = [];
}

/// <summary>What one transaction does to one script.</summary>
/// <param name="Script">The script.</param>
/// <param name="Address">Its canonical address.</param>
/// <param name="Received">Sum of the outputs that pay it, base units.</param>
/// <param name="Sent">Sum of its coins that are spent, base units.</param>
/// <param name="From">Canonical address of the sender as told in events, or null when unknown.</param>
/// <param name="To">Canonical address of the receiver as told in events, or null when it has none.</param>
public sealed record Movement(Script Script, string Address, Amount Received, Amount Sent, string? From, string? To)
{
    /// <summary>Received minus sent.</summary>
    public Amount Net => Received - Sent;
}

/// <summary>An output that pays a watched script.</summary>
public sealed record Coin(OutPoint OutPoint, Script Script, Amount Value);

/// <summary>Sums over an address's transactions, base units.</summary>
/// <param name="Confirmed">Net of all confirmed transactions, immature coinbases left out.</param>
/// <param name="Unconfirmed">Net of all seen transactions; negative while a spend waits.</param>
/// <param name="Immature">Coinbases that the next block may not spend yet.</param>
/// <param name="Received">Everything received in seen and confirmed transactions.</param>
/// <param name="Sent">Everything sent in seen and confirmed transactions.</param>
/// <param name="Transactions">How many seen and confirmed transactions touch it.</param>
public sealed record Balance(Amount Confirmed, Amount Unconfirmed, Amount Immature, Amount Received, Amount Sent, long Transactions)
{
    /// <summary>An address that nothing has touched.</summary>
    public static Balance Empty { get; } = new(0, 0, 0, 0, 0, 0);
}
