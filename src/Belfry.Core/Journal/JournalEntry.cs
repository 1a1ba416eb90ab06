using Belfry.Core.Chains;

namespace Belfry.Core.Journal;

/// <summary>What an event tells. The wire names are those of <see cref="EventKinds"/>.</summary>
public enum EventKind
{
    NewTransaction = 1,
    NewBlock = 2,
    NewPayment = 3,
    VerifiedTx = 4,
    AddressUpdate = 5,
    TransactionReplaced = 6,
    TransactionDropped = 7,
    TransactionReorged = 8,
    BlockDisconnected = 9,
    ContractEvent = 10,
    FeedDegraded = 11,
    FeedRecovered = 12,
}

/// <summary>Wire names of event kinds.</summary>
public static class EventKinds
{
    static readonly string[] Names =
    [
        "", "new_transaction", "new_block", "new_payment", "verified_tx", "address_update", "transaction_replaced", "transaction_dropped",
        "transaction_reorged", "block_disconnected", "contract_event", "feed_degraded", "feed_recovered",
    ];

    /// <summary>All wire names, in the order of the enumeration.</summary>
    public static IReadOnlyList<string> All { get; } = Names[1..];

    /// <summary>The wire name.</summary>
    public static string Name(this EventKind kind) => Names[(int)kind];

    /// <summary>The kind of a wire name.</summary>
    public static bool TryParse(string name, out EventKind kind)
    {
        var index = Array.IndexOf(Names, name, 1);
        kind = (EventKind)Math.Max(index, 0);
        return index > 0;
    }
}

/// <summary>An event that has no place in the journal yet.</summary>
/// <param name="Id">Identifies the event for ever: a function of what it tells, never of when.</param>
/// <param name="Kind">What it tells.</param>
/// <param name="Script">The script concerned, or null for chain-wide events.</param>
/// <param name="Address">Its canonical address, or null.</param>
/// <param name="Transaction">The transaction concerned, or null.</param>
/// <param name="Height">The block height concerned, or null.</param>
/// <param name="Data">The event's <c>data</c> object, UTF-8 JSON.</param>
/// <param name="At">When Belfry told it.</param>
public sealed record PendingEvent(
    string Id, EventKind Kind, Script? Script, string? Address, TxHash? Transaction, long? Height, ReadOnlyMemory<byte> Data, DateTimeOffset At);

/// <summary>An event at its place in the journal. Immutable; the bytes are shared by everyone who reads it.</summary>
/// <param name="Sequence">Its place: 1, 2, 3 … over all chains.</param>
/// <param name="Chain">The chain it tells of.</param>
/// <param name="Event">What it tells.</param>
public sealed record JournalEntry(long Sequence, ChainId Chain, PendingEvent Event);

/// <summary>Which entries a reader wants; null means all.</summary>
/// <param name="Chain">Only this chain.</param>
/// <param name="Script">Only this script.</param>
/// <param name="Kinds">Only these kinds.</param>
/// <param name="Transaction">Only what was told of this transaction.</param>
/// <param name="Height">Only what was told of this height.</param>
/// <param name="Block">Only that this block joined or left the best chain.</param>
public sealed record JournalFilter(
    ChainId? Chain = null, Script? Script = null, IReadOnlySet<EventKind>? Kinds = null, TxHash? Transaction = null, long? Height = null, BlockHash? Block = null);

/// <summary>The append-only, ordered, durable log of events. Written only through <see cref="Ledger.ILedger.CommitAsync"/>.</summary>
public interface IJournal
{
    /// <summary>Sequence number of the last entry; 0 when empty.</summary>
    ValueTask<long> ReadHeadAsync(CancellationToken cancellationToken);

    /// <summary>Entries after a position, in order.</summary>
    /// <param name="after">Position of the last entry already read; 0 for the beginning.</param>
    /// <param name="limit">At most this many.</param>
    /// <param name="filter">Which; null for all.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>The entries and the position up to which nothing more matches: a filter never looks like a gap.</returns>
    /// <exception cref="Runtime.StoreException">A row does not verify against the hash chain.</exception>
    ValueTask<JournalPage> ReadAsync(long after, int limit, JournalFilter? filter, CancellationToken cancellationToken);

    /// <summary>An entry by its event id, or null.</summary>
    ValueTask<JournalEntry?> FindAsync(string id, CancellationToken cancellationToken);

    /// <summary>A random word chosen when the journal was created; a cursor from another journal is recognised by it.</summary>
    ValueTask<string> ReadEpochAsync(CancellationToken cancellationToken);
}

/// <summary>A page of the journal.</summary>
/// <param name="Entries">In order.</param>
/// <param name="Next">Read on after this position.</param>
/// <param name="More">Whether entries beyond <paramref name="Next"/> existed at the time of reading.</param>
public sealed record JournalPage(IReadOnlyList<JournalEntry> Entries, long Next, bool More);

/// <summary>Hears of entries after they are durable, in order of sequence and without holes within one process.</summary>
public interface IJournalListener
{
    /// <summary>New entries; must return at once and never throw.</summary>
    void Appended(IReadOnlyList<JournalEntry> entries);
}
