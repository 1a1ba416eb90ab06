using Belfry.Core.Chains;

namespace Belfry.Nodes.Simnet;

/// <summary>Where an output of the best chain was spent.</summary>
readonly record struct SimSpend(TxHash By, BlockRef Block, SimCoin Coin);

/// <summary>All blocks ever mined, the best branch among them, and the coins at its tip.</summary>
sealed class BlockTree
{
    readonly Dictionary<BlockHash, SimBlock> blocks = [];
    readonly HashSet<BlockHash> refused = [];
    readonly List<SimBlock> active = [];
    readonly Dictionary<OutPoint, SimCoin> coins = [];
    readonly Dictionary<Script, List<OutPoint>> coinsOf = [];
    readonly Dictionary<OutPoint, SimSpend> spends = [];
    readonly Dictionary<TxHash, BlockRef> confirmed = [];

    /// <summary>In order of height, from genesis. While a branch is being built: that branch.</summary>
    public IReadOnlyList<SimBlock> Active => active;

    public SimBlock Tip => active[^1];

    public IReadOnlyDictionary<OutPoint, SimCoin> Coins => coins;

    public SimBlock? Find(BlockHash hash) => blocks.GetValueOrDefault(hash);

    public bool IsActive(SimBlock block) => block.Height < active.Count && active[(int)block.Height].Hash == block.Hash;

    public bool IsRefused(BlockHash hash) => refused.Contains(hash);

    public BlockRef? BlockOf(TxHash id) => confirmed.TryGetValue(id, out var block) ? block : null;

    public SimSpend? SpendOf(OutPoint outPoint) => spends.TryGetValue(outPoint, out var spend) ? spend : null;

    /// <summary>Coins of a script, oldest first.</summary>
    public IReadOnlyList<OutPoint> CoinsOf(Script script) => coinsOf.GetValueOrDefault(script) ?? [];

    public void AddGenesis(SimBlock genesis)
    {
        blocks.Add(genesis.Hash, genesis);
        Connect(genesis);
    }

    /// <summary>Stores a block and puts it on top of the active branch, whose tip it must name.</summary>
    public void Extend(SimBlock block)
    {
        blocks.Add(block.Hash, block);
        Connect(block);
    }

    /// <summary>Blocks from just above the fork with the active branch up to <paramref name="block"/>, lowest first.</summary>
    public List<SimBlock> PathTo(SimBlock block)
    {
        var path = new List<SimBlock>();
        for (var step = block; !IsActive(step); step = blocks[step.Header.Previous]) path.Add(step);
        path.Reverse();
        return path;
    }

    /// <summary>Makes the branch that ends in <paramref name="tip"/> the active one.</summary>
    public void Activate(SimBlock tip)
    {
        var path = PathTo(tip);
        var fork = path.Count == 0 ? tip.Height : path[0].Height - 1;
        while (Tip.Height > fork) DisconnectTip();
        foreach (var block in path) Connect(block);
    }

    /// <summary>Marks a block and everything above it as never to be followed, or takes the mark back.</summary>
    public void Refuse(BlockHash hash, bool refuse)
    {
        if (refuse) refused.Add(hash);
        else refused.Remove(hash);
    }

    /// <summary>The tip with the most work that stands on no refused block; of equals the <paramref name="incumbent"/>, then the first mined.</summary>
    public SimBlock Best(SimBlock incumbent)
    {
        SimBlock? best = Stands(incumbent) ? incumbent : null;
        foreach (var block in blocks.Values)
            if ((best is null || block.Work > best.Work) && Stands(block)) best = block;
        return best!;
    }

    /// <summary>Forgets bodies, and branches that lost, at and below a height; nothing can be displaced there any more.</summary>
    /// <returns>Transactions that were forgotten.</returns>
    public List<SimTransaction> Prune(long height)
    {
        var forgotten = new List<SimTransaction>();
        for (var index = (int)Math.Min(height, Tip.Height - 1); index >= 0 && active[index].Transactions.Count > 0; index--)
        {
            forgotten.AddRange(active[index].Transactions);
            active[index] = blocks[active[index].Hash] = active[index] with { Raw = default, Transactions = [] };
        }

        foreach (var transaction in forgotten)
        {
            confirmed.Remove(transaction.Id);
            foreach (var coin in transaction.Spent) spends.Remove(coin.OutPoint);
        }

        foreach (var stale in blocks.Values.Where(block => block.Height <= height && !IsActive(block)).ToList()) blocks.Remove(stale.Hash);
        return forgotten;
    }

    public bool Stands(SimBlock block)
    {
        if (refused.Count == 0) return true;
        for (var step = block; ; step = blocks[step.Header.Previous])
        {
            if (refused.Contains(step.Hash)) return false;
            if (step.Height == 0) return true;
        }
    }

    void Connect(SimBlock block)
    {
        foreach (var transaction in block.Transactions)
        {
            foreach (var coin in transaction.Coins(block.Height)) Add(coin);
            confirmed.Add(transaction.Id, block.Ref);
        }

        // after all outputs are there: a block may list a child before its parent (BCH)
        foreach (var transaction in block.Transactions)
            foreach (var coin in transaction.Spent)
            {
                spends.Add(coin.OutPoint, new SimSpend(transaction.Id, block.Ref, Remove(coin.OutPoint)));
            }

        active.Add(block);
    }

    void DisconnectTip()
    {
        var block = Tip;
        foreach (var transaction in block.Transactions)
            foreach (var coin in transaction.Spent)
            {
                spends.Remove(coin.OutPoint, out var spend);
                Add(spend.Coin);
            }

        foreach (var transaction in block.Transactions)
        {
            confirmed.Remove(transaction.Id);
            foreach (var coin in transaction.Coins(block.Height)) Remove(coin.OutPoint);
        }

        active.RemoveAt(active.Count - 1);
    }

    void Add(SimCoin coin)
    {
        coins.Add(coin.OutPoint, coin);
        if (!coinsOf.TryGetValue(coin.Script, out var list)) coinsOf.Add(coin.Script, list = []);
        list.Add(coin.OutPoint);
    }

    SimCoin Remove(OutPoint outPoint)
    {
        if (!coins.Remove(outPoint, out var coin)) throw new InvalidOperationException($"The simulated chain spends {outPoint}, which is not there.");
        var list = coinsOf[coin.Script];
        list.Remove(outPoint);
        if (list.Count == 0) coinsOf.Remove(coin.Script);
        return coin;
    }
}
