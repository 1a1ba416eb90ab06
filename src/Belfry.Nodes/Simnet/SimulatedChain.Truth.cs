using System.Runtime.InteropServices;
using Belfry.Core.Chains;
using Belfry.Core.Ledger;

namespace Belfry.Nodes.Simnet;

/// <summary>Where a transaction of the simulated chain stands in truth.</summary>
public enum SimState
{
    /// <summary>In the mempool.</summary>
    Waiting,

    /// <summary>In a block of the best chain.</summary>
    Confirmed,

    /// <summary>Not anywhere, and a waiting transaction spends one of its coins.</summary>
    Replaced,

    /// <summary>Not anywhere, and a transaction of the best chain spends one of its coins.</summary>
    Conflicted,

    /// <summary>Not anywhere, without a rival of its own.</summary>
    Gone,
}

/// <summary>The truth about one transaction.</summary>
/// <param name="Transaction">It.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Block">Its block in the best chain, when confirmed.</param>
/// <param name="Rival">Who spends its coin, when replaced or conflicted.</param>
/// <param name="RivalBlock">The rival's block, when conflicted.</param>
/// <param name="Departure">How it last left the mempool, where it did and is not back.</param>
public sealed record SimFate(SimTransaction Transaction, SimState State, BlockRef? Block, TxHash? Rival, BlockRef? RivalBlock, SimDeparture? Departure);

public sealed partial class SimulatedChain
{
    readonly Dictionary<TxHash, SimTransaction> known = [];
    readonly Dictionary<Script, List<SimTransaction>> touching = [];
    readonly Dictionary<TxHash, SimDeparture> departures = [];

    /// <summary>The best block.</summary>
    public SimBlock Tip
    {
        get
        {
            lock (gate) return tree.Tip;
        }
    }

    /// <summary>The best chain from genesis.</summary>
    public IReadOnlyList<SimBlock> BestChain
    {
        get
        {
            lock (gate) return [.. tree.Active];
        }
    }

    /// <summary>What waits, in order of arrival.</summary>
    public IReadOnlyList<SimTransaction> Mempool
    {
        get
        {
            lock (gate) return [.. pool.Entries.Select(entry => entry.Transaction)];
        }
    }

    /// <summary>All coins at the tip; those that waiting transactions spend are among them.</summary>
    public IReadOnlyList<SimCoin> Coins
    {
        get
        {
            lock (gate) return [.. tree.Coins.Values];
        }
    }

    /// <summary>Grows by one with each change of the mempool that is not a block's doing.</summary>
    public ulong MempoolSequence
    {
        get
        {
            lock (gate) return mempoolSequence;
        }
    }

    /// <summary>Any block ever mined, also on branches that lost.</summary>
    public SimBlock? FindBlock(BlockHash hash)
    {
        lock (gate) return tree.Find(hash);
    }

    /// <summary>Whether a block stands on one that the node was told to refuse.</summary>
    public bool IsInvalid(SimBlock block)
    {
        lock (gate) return !tree.Stands(block);
    }

    /// <summary>Whether a block is part of the best chain.</summary>
    public bool IsInBestChain(SimBlock block)
    {
        lock (gate) return tree.IsActive(block);
    }

    /// <summary>The block of the best chain at a height, or null above the tip.</summary>
    public SimBlock? BlockAt(long height)
    {
        lock (gate) return height >= 0 && height < tree.Active.Count ? tree.Active[(int)height] : null;
    }

    /// <summary>Where a transaction stands; null when there never was one.</summary>
    public SimFate? Fate(TxHash id)
    {
        lock (gate) return known.TryGetValue(id, out var transaction) ? Judge(transaction) : null;
    }

    /// <summary>Every transaction that ever touched a script, in order of making, and where each stands.</summary>
    public IReadOnlyList<SimFate> History(Script script)
    {
        lock (gate) return [.. (touching.GetValueOrDefault(script) ?? []).Select(Judge)];
    }

    /// <summary>Coins of a script at the tip, and after the mempool: what waiting transactions spend is left out and what they make is in.</summary>
    public IReadOnlyList<SimCoin> CoinsOf(Script script, bool afterMempool)
    {
        lock (gate)
        {
            var confirmed = tree.CoinsOf(script).Select(outPoint => tree.Coins[outPoint]);
            if (!afterMempool) return [.. confirmed];
            var waiting = pool.Entries.SelectMany(entry => entry.Transaction.Coins(-1)).Where(coin => coin.Script.Equals(script));
            return [.. confirmed.Concat(waiting).Where(coin => pool.SpenderOf(coin.OutPoint) is null)];
        }
    }

    /// <summary>
    /// What a script's balance must be, reckoned from its whole history every time and not kept step by step: that is how it can tell a wrong step from a right one.
    /// </summary>
    public Balance BalanceOf(Script script)
    {
        lock (gate)
        {
            long confirmed = 0, unconfirmed = 0, immature = 0, received = 0, sent = 0, transactions = 0;
            foreach (var fate in (touching.GetValueOrDefault(script) ?? []).Select(Judge).Where(fate => fate.State is SimState.Waiting or SimState.Confirmed))
            {
                var (plus, minus) = fate.Transaction.EffectOn(script);
                transactions++;
                received += plus;
                sent += minus;
                if (fate.Block is not { } block) unconfirmed += plus - minus;
                else if (fate.Transaction.IsCoinbase && tree.Tip.Height + 1 - block.Height < Settings.Profile.CoinbaseMaturity) immature += plus;
                else confirmed += plus - minus;
            }

            return new Balance(confirmed, unconfirmed, immature, received, sent, transactions);
        }
    }

    /// <summary>
    /// Forgets the bodies of blocks below the newest <paramref name="keepBlocks"/> and what never came into a block, as a pruning node does, so that a chain can
    /// run for weeks. The truth then only reaches back that far.
    /// </summary>
    public void Prune(int keepBlocks)
    {
        lock (gate)
        {
            var forgotten = tree.Prune(tree.Tip.Height - keepBlocks).Select(transaction => transaction.Id).ToHashSet();
            var spentForGood = known.Values.Where(transaction => departures.ContainsKey(transaction.Id) && pool.Find(transaction.Id) is null && tree.BlockOf(transaction.Id) is null);
            forgotten.UnionWith(spentForGood.Select(transaction => transaction.Id));
            var scripts = forgotten.Where(known.ContainsKey).SelectMany(id => Scripts(known[id])).ToHashSet();
            foreach (var script in scripts)
                if (touching.TryGetValue(script, out var list) && list.RemoveAll(transaction => forgotten.Contains(transaction.Id)) > 0 && list.Count == 0) touching.Remove(script);
            foreach (var id in forgotten)
            {
                known.Remove(id);
                departures.Remove(id);
            }
        }
    }

    static IEnumerable<Script> Scripts(SimTransaction transaction) =>
        transaction.Outputs.Select(output => output.Script).Concat(transaction.Spent.Select(coin => coin.Script)).Distinct();

    SimFate Judge(SimTransaction transaction)
    {
        if (tree.BlockOf(transaction.Id) is { } block) return new SimFate(transaction, SimState.Confirmed, block, null, null, null);
        if (pool.Find(transaction.Id) is not null) return new SimFate(transaction, SimState.Waiting, null, null, null, null);
        SimDeparture? departure = departures.TryGetValue(transaction.Id, out var why) ? why : null;
        foreach (var coin in transaction.Spent)
            if (tree.SpendOf(coin.OutPoint) is { } spend) return new SimFate(transaction, SimState.Conflicted, null, spend.By, spend.Block, departure);
        foreach (var coin in transaction.Spent)
            if (pool.SpenderOf(coin.OutPoint) is { } rival) return new SimFate(transaction, SimState.Replaced, null, rival.Id, null, departure);
        return new SimFate(transaction, SimState.Gone, null, null, null, departure);
    }

    void Remember(SimTransaction transaction)
    {
        if (!known.TryAdd(transaction.Id, transaction)) return;
        foreach (var script in Scripts(transaction))
        {
            ref var list = ref CollectionsMarshal.GetValueRefOrAddDefault(touching, script, out _);
            (list ??= []).Add(transaction);
        }
    }
}
