using Belfry.Core.Chains;
using Belfry.Core.Ledger;
using Belfry.Core.Watches;

namespace Belfry.Core.Tracking;

/// <summary>
/// The replica of every tracked transaction that may still change, with who spends what. Keeps the outpoint index in step: each input of an open
/// transaction counts once and each coin counts once, so that any rival and any spend is matched.
/// </summary>
public sealed class OpenTransactions(WatchIndex index)
{
    static readonly Comparer<TxHash> ById = Comparer<TxHash>.Create(static (left, right) => left.Value.CompareTo(right.Value));

    readonly Dictionary<TxHash, LedgerTransaction> byId = [];
    readonly Dictionary<OutPoint, List<TxHash>> spenders = [];
    readonly Dictionary<TxHash, SortedSet<TxHash>> children = [];
    readonly Dictionary<OutPoint, Coin> coins = [];
    readonly Dictionary<OutPoint, Coin> spentCoins = [];
    readonly Dictionary<OutPoint, Coin> settledCoins = [];
    readonly Dictionary<long, SortedSet<TxHash>> byHeight = [];

    /// <summary>How many there are.</summary>
    public int Count => byId.Count;

    /// <summary>Those in one of the states, oldest first, so that two runs treat them in one order.</summary>
    public IReadOnlyList<LedgerTransaction> InState(params ReadOnlySpan<TxState> states)
    {
        var found = new List<LedgerTransaction>();
        foreach (var transaction in byId.Values)
        {
            if (states.Contains(transaction.State)) found.Add(transaction);
        }

        found.Sort(static (left, right) => left.FirstSeen != right.FirstSeen ? left.FirstSeen.CompareTo(right.FirstSeen) : ById.Compare(left.Id, right.Id));
        return found;
    }

    /// <summary>The transaction, or null when it is not open.</summary>
    public LedgerTransaction? Find(TxHash id) => byId.GetValueOrDefault(id);

    /// <summary>The coin, when an open transaction made it or spends it, or one that was settled since the last commit made it.</summary>
    public Coin? FindCoin(OutPoint outPoint) =>
        coins.GetValueOrDefault(outPoint) ?? spentCoins.GetValueOrDefault(outPoint) ?? settledCoins.GetValueOrDefault(outPoint);

    /// <summary>Everything so far is in the ledger: what was settled can be found there.</summary>
    public void Committed() => settledCoins.Clear();

    /// <summary>Whether the coin is known to be spent by an open transaction.</summary>
    public bool IsNotedSpent(OutPoint outPoint) => spentCoins.ContainsKey(outPoint);

    /// <summary>Open transactions that spend the outpoint, in order of arrival.</summary>
    public IReadOnlyList<TxHash> SpendersOf(OutPoint outPoint) => spenders.TryGetValue(outPoint, out var found) ? found : [];

    /// <summary>Open transactions in the block at this height.</summary>
    public IReadOnlyCollection<TxHash> ConfirmedAt(long height) => byHeight.TryGetValue(height, out var found) ? [.. found] : [];

    /// <summary>Open transactions that spend an output of <paramref name="parent"/>.</summary>
    public IReadOnlyList<LedgerTransaction> ChildrenOf(TxHash parent) =>
        children.TryGetValue(parent, out var found) ? [.. found.Select(id => byId[id])] : [];

    /// <summary>Takes back what was open before a restart. The index already holds the coins that can be spent; those of undone transactions may come back.</summary>
    public void Restore(LedgerTransaction transaction)
    {
        foreach (var coin in transaction.Coins)
        {
            if (!index.MightContain(coin.OutPoint)) index.Add(coin.OutPoint);
        }

        Open(transaction, newCoins: false);
    }

    /// <summary>Notes that open transactions spend this watched coin.</summary>
    /// <param name="coin">The coin.</param>
    /// <param name="reindex">True when the coin had left the index because a final transaction spent it.</param>
    public void NoteSpent(Coin coin, bool reindex = false)
    {
        if (spentCoins.TryAdd(coin.OutPoint, coin) && reindex) index.Add(coin.OutPoint);
    }

    /// <summary>Adds the transaction, or puts it in the place of its former self.</summary>
    public void Put(LedgerTransaction transaction)
    {
        if (!byId.TryGetValue(transaction.Id, out var former))
        {
            Open(transaction, newCoins: true);
            return;
        }

        Unplace(former);
        foreach (var coin in transaction.Coins)
        {
            if (coins.TryAdd(coin.OutPoint, coin)) index.Add(coin.OutPoint);
        }

        byId[transaction.Id] = transaction;
        Place(transaction);
    }

    /// <summary>Forgets a transaction that will not change any more. Coins that it spent for good leave the index; its own stay.</summary>
    public void Settle(LedgerTransaction transaction)
    {
        if (!byId.Remove(transaction.Id, out var former)) return;
        Unplace(former);
        foreach (var input in former.Inputs)
        {
            index.Remove(input);
            if (children.TryGetValue(input.Transaction, out var siblings) && siblings.Remove(former.Id) && siblings.Count == 0) children.Remove(input.Transaction);
            if (!spenders.TryGetValue(input, out var list)) continue;
            list.Remove(transaction.Id);
            if (list.Count == 0) spenders.Remove(input);
            if (transaction.State == TxState.Final && spentCoins.Remove(input)) index.Remove(input);
            else if (list.Count == 0) spentCoins.Remove(input);
        }

        foreach (var coin in former.Coins)
        {
            coins.Remove(coin.OutPoint);
            settledCoins[coin.OutPoint] = coin;
        }
    }

    void Open(LedgerTransaction transaction, bool newCoins)
    {
        foreach (var input in transaction.Inputs)
        {
            index.Add(input);
            if (!spenders.TryGetValue(input, out var list)) spenders[input] = list = new List<TxHash>(1);
            list.Add(transaction.Id);
            if (!children.TryGetValue(input.Transaction, out var siblings)) children[input.Transaction] = siblings = new SortedSet<TxHash>(ById);
            siblings.Add(transaction.Id);
        }

        foreach (var coin in transaction.Coins)
        {
            if (coins.TryAdd(coin.OutPoint, coin) && newCoins) index.Add(coin.OutPoint);
        }

        byId[transaction.Id] = transaction;
        Place(transaction);
    }

    void Place(LedgerTransaction transaction)
    {
        if (transaction is not { State: TxState.Confirmed, Block: { } block }) return;
        if (!byHeight.TryGetValue(block.Height, out var set)) byHeight[block.Height] = set = new SortedSet<TxHash>(ById);
        set.Add(transaction.Id);
    }

    void Unplace(LedgerTransaction former)
    {
        if (former is not { State: TxState.Confirmed, Block: { } block } || !byHeight.TryGetValue(block.Height, out var set)) return;
        set.Remove(former.Id);
        if (set.Count == 0) byHeight.Remove(block.Height);
    }
}
