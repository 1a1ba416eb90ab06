using System.Numerics;
using Belfry.Core.Chains;
using Belfry.Core.Journal;

namespace Belfry.Core.Ledger;

/// <summary>The truth about every followed chain, as its tracker writes it. One transaction moves state, balances, events and cursor together.</summary>
public interface ILedger
{
    /// <summary>Where the chain stands, or null before its first commit.</summary>
    ValueTask<ChainPosition?> ReadPositionAsync(ChainId chain, CancellationToken cancellationToken);

    /// <summary>All transactions that may still change: every state but Final, and of the undone ones those whose rival is not final.</summary>
    IAsyncEnumerable<LedgerTransaction> ReadOpenAsync(ChainId chain, CancellationToken cancellationToken);

    /// <summary>
    /// All coins that any branch might still spend: those that no final transaction has spent and whose own transaction is not undone for good. A coin spent by a
    /// transaction that is not final, and one made by a transaction that is undone but open, are among them. Fills the outpoint index at start.
    /// </summary>
    IAsyncEnumerable<OutPoint> ReadUnspentAsync(ChainId chain, CancellationToken cancellationToken);

    /// <summary>Looks up what the tracker needs to judge a match: watched scripts, coins, transactions, balances.</summary>
    ValueTask<LedgerSlice> FindAsync(ChainId chain, LedgerQuery query, CancellationToken cancellationToken);

    /// <summary>All tracked transactions in blocks of the best chain at or above a height, by height and position; for a reorg of any depth.</summary>
    ValueTask<IReadOnlyList<LedgerTransaction>> ReadFromHeightAsync(ChainId chain, long height, CancellationToken cancellationToken);

    /// <summary>The block that Belfry holds for the best one at a height, or null outside what it has followed.</summary>
    ValueTask<BlockHeader?> ReadBlockAsync(ChainId chain, long height, CancellationToken cancellationToken);

    /// <summary>Writes everything in <paramref name="batch"/> or nothing, durably (synced) when it returns, and then wakes the journal's readers.</summary>
    /// <remarks>There is one writer per chain: an embedded store belongs to one process (its data folder is locked), which runs one tracker per chain.</remarks>
    /// <exception cref="Runtime.StoreException">The store refused: full, corrupt, or of another network.</exception>
    ValueTask<CommitResult> CommitAsync(LedgerBatch batch, CancellationToken cancellationToken);
}

/// <summary>Where a chain stands.</summary>
/// <param name="Network">The network its data belongs to; a node of another one is refused.</param>
/// <param name="Genesis">Hash of its block 0.</param>
/// <param name="Cursor">The best block that has been worked in.</param>
/// <param name="BestWork">The most work ever seen: a node that shows less is behind, not reorganised.</param>
/// <param name="Disconnects">How many blocks have left the best chain so far; part of the ids of block events, since a block can come and go more than once.</param>
/// <param name="Gap">The reason of a <c>feed_degraded</c> that was told and not yet followed by its <c>feed_recovered</c>; null when there is none.</param>
public sealed record ChainPosition(string Network, BlockHash Genesis, BlockHeader Cursor, BigInteger BestWork, long Disconnects = 0, string? Gap = null);

/// <summary>Keys to look up.</summary>
public sealed record LedgerQuery
{
    /// <summary>Which of these scripts are watched and live?</summary>
    public IReadOnlyCollection<Script> Scripts { get; init; } = [];

    /// <summary>Which coins are these outpoints?</summary>
    public IReadOnlyCollection<OutPoint> OutPoints { get; init; } = [];

    /// <summary>Tracked transactions by id.</summary>
    public IReadOnlyCollection<TxHash> Transactions { get; init; } = [];

    /// <summary>Tracked transactions that spend one of these outpoints, in any state.</summary>
    public IReadOnlyCollection<OutPoint> SpendersOf { get; init; } = [];

    /// <summary>Balances of these scripts.</summary>
    public IReadOnlyCollection<Script> Balances { get; init; } = [];
}

/// <summary>What was found; keys that are absent were not.</summary>
public sealed record LedgerSlice
{
    /// <summary>Watched live scripts and their canonical address.</summary>
    public IReadOnlyDictionary<Script, string> Scripts { get; init; } = new Dictionary<Script, string>();

    /// <summary>Coins of watched scripts.</summary>
    public IReadOnlyDictionary<OutPoint, Coin> Coins { get; init; } = new Dictionary<OutPoint, Coin>();

    /// <summary>Tracked transactions by id: those asked by id and those that spend an asked outpoint.</summary>
    public IReadOnlyDictionary<TxHash, LedgerTransaction> Transactions { get; init; } = new Dictionary<TxHash, LedgerTransaction>();

    /// <summary>Balances.</summary>
    public IReadOnlyDictionary<Script, Balance> Balances { get; init; } = new Dictionary<Script, Balance>();
}

/// <summary>One atomic step of one chain.</summary>
public sealed record LedgerBatch
{
    /// <summary>The chain.</summary>
    public required ChainId Chain { get; init; }

    /// <summary>The new position, or null when it stays.</summary>
    public ChainPosition? Position { get; init; }

    /// <summary>Blocks that left the best chain, highest first.</summary>
    public IReadOnlyList<BlockRef> Disconnected { get; init; } = [];

    /// <summary>Blocks that joined the best chain, lowest first.</summary>
    public IReadOnlyList<BlockHeader> Connected { get; init; } = [];

    /// <summary>Transactions to insert or replace, with their movements and coins.</summary>
    public IReadOnlyList<LedgerTransaction> Transactions { get; init; } = [];

    /// <summary>Balances as they are after this batch.</summary>
    public IReadOnlyDictionary<Script, Balance> Balances { get; init; } = new Dictionary<Script, Balance>();

    /// <summary>Scripts whose history has been read: every watch on them is live from this commit on. Unknown ones are passed over.</summary>
    public IReadOnlyList<Script> Activated { get; init; } = [];

    /// <summary>Events in the order in which they are to be told.</summary>
    public IReadOnlyList<PendingEvent> Events { get; init; } = [];
}

/// <summary>What came of a commit.</summary>
/// <param name="Head">The journal's last sequence number after it.</param>
/// <param name="Duplicates">Events left out because their id is in the journal already; a healthy tracker has none.</param>
public readonly record struct CommitResult(long Head, int Duplicates);

/// <summary>What people and programs ask of the ledger; every answer says at which journal position it holds.</summary>
public interface ILedgerReader
{
    /// <summary>Balance of a script and the journal position at which it holds, in one snapshot.</summary>
    ValueTask<AddressView> ReadAddressAsync(ChainId chain, Script script, CancellationToken cancellationToken);

    /// <summary>A page of the transactions that touch a script, newest first.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="script">The script.</param>
    /// <param name="before">Id of the last transaction of the page before, or null.</param>
    /// <param name="limit">At most this many.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    ValueTask<IReadOnlyList<LedgerTransaction>> ReadHistoryAsync(ChainId chain, Script script, TxHash? before, int limit, CancellationToken cancellationToken);

    /// <summary>A tracked transaction, or null.</summary>
    ValueTask<LedgerTransaction?> ReadTransactionAsync(ChainId chain, TxHash id, CancellationToken cancellationToken);
}

/// <summary>An address's balance at a journal position.</summary>
public sealed record AddressView(Balance Balance, long Sequence);
