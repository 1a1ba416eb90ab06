using System.Numerics;
using Belfry.Core.Chains;

namespace Belfry.Nodes.Simnet;

/// <summary>What a competing branch does with the transactions of the blocks that it displaces.</summary>
public enum SimBranchContent
{
    /// <summary>They go back to the mempool; the branch holds only what is explicitly included.</summary>
    Return,

    /// <summary>Its first block holds them again, and whatever waits in the mempool.</summary>
    Keep,

    /// <summary>Its first block holds about half of them; the others go back.</summary>
    Half,
}

public sealed partial class SimulatedChain
{
    /// <summary>
    /// Displaces the top blocks by a branch with more work. With fewer blocks than it displaces, each is mined at a higher difficulty.
    /// </summary>
    /// <param name="depth">How many blocks leave the best chain.</param>
    /// <param name="newBlocks">How many blocks the branch has.</param>
    /// <param name="content">What happens to the displaced transactions.</param>
    /// <param name="include">Transactions of the branch's first block, for instance rivals of displaced ones.</param>
    /// <param name="rewardTo">Whom the branch's rewards pay; null: the miner.</param>
    /// <returns>The branch, lowest block first.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The chain has fewer blocks above genesis than <paramref name="depth"/>, or nothing to displace them with.</exception>
    public IReadOnlyList<SimBlock> Reorg(
        int depth, int newBlocks, SimBranchContent content = SimBranchContent.Return, IReadOnlyList<SimTransaction>? include = null, Script? rewardTo = null)
    {
        lock (gate)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(depth, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(depth, tree.Tip.Height);
            ArgumentOutOfRangeException.ThrowIfLessThan(newBlocks, 1);
            var fork = tree.Active[(int)tree.Tip.Height - depth];
            var needed = (tree.Tip.Work - fork.Work) / newBlocks + 1;
            return Branch(fork, newBlocks, HardEnough(needed), content, include ?? [], rewardTo);
        }
    }

    /// <summary>Mines a branch that does not win: nothing happens to the best chain, but the node knows the blocks.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The branch would have more work than the best chain.</exception>
    public IReadOnlyList<SimBlock> Fork(int depth, int blocks)
    {
        lock (gate)
        {
            var fork = tree.Active[(int)tree.Tip.Height - depth];
            if (fork.Work + SimWire.Work(EasiestBits) * blocks > tree.Tip.Work)
                throw new ArgumentOutOfRangeException(nameof(blocks), blocks, $"A branch of {blocks} blocks would displace the best chain's last {depth}.");
            return Branch(fork, blocks, EasiestBits, SimBranchContent.Return, [], rewardTo: null);
        }
    }

    /// <summary>Makes the node refuse a block and everything on it (<c>invalidateblock</c>): the best chain may then have less work than before.</summary>
    /// <exception cref="ArgumentException">The block is unknown, or genesis.</exception>
    public void Invalidate(BlockHash hash)
    {
        lock (gate)
        {
            if (tree.Find(hash) is not { Height: > 0 }) throw new ArgumentException($"Block {hash} cannot be invalidated: unknown, or genesis.", nameof(hash));
            tree.Refuse(hash, refuse: true);
            FollowBest(tree.Tip);
        }
    }

    /// <summary>Takes <see cref="Invalidate"/> back (<c>reconsiderblock</c>).</summary>
    public void Reconsider(BlockHash hash)
    {
        lock (gate)
        {
            tree.Refuse(hash, refuse: false);
            FollowBest(tree.Tip);
        }
    }

    List<SimBlock> Branch(
        SimBlock fork, int blocks, uint bits, SimBranchContent content, IReadOnlyList<SimTransaction> include, Script? rewardTo)
    {
        var incumbent = tree.Tip;
        var displaced = tree.Active.Skip((int)fork.Height + 1).SelectMany(block => block.Transactions).Where(transaction => !transaction.IsCoinbase).ToList();
        IEnumerable<SimTransaction> offered = content switch
        {
            SimBranchContent.Keep => [.. displaced, .. pool.Entries.Select(entry => entry.Transaction)],
            SimBranchContent.Half => [.. displaced.Where(_ => entropy.Chance(0.5))],
            _ => [],
        };
        tree.Activate(fork);
        var branch = new List<SimBlock>(blocks);
        try
        {
            for (var index = 0; index < blocks; index++) branch.Add(MineOnActive(index == 0 ? include : [], index == 0 ? offered : [], rewardTo, bits));
        }
        finally
        {
            // also when a transaction to include was refused: the best chain is then as it was
            FollowBest(incumbent);
        }

        return branch;
    }

    /// <summary>Moves to the best branch and tells how it differs from the one that ended in <paramref name="incumbent"/>.</summary>
    void FollowBest(SimBlock incumbent)
    {
        var best = tree.Best(incumbent);
        tree.Activate(incumbent);
        var connected = tree.PathTo(best);
        var fork = connected.Count == 0 ? best.Height : connected[0].Height - 1;
        var disconnected = tree.Active.Skip((int)fork + 1).Reverse().ToList();
        tree.Activate(best);
        if (connected.Count + disconnected.Count > 0) Settle(disconnected, connected);
    }

    /// <summary>Brings the mempool in step with a changed best chain and tells everything.</summary>
    void Settle(IReadOnlyList<SimBlock> disconnected, IReadOnlyList<SimBlock> connected)
    {
        foreach (var block in disconnected) Tell(new SimChange.Disconnected(block));
        foreach (var block in connected) Tell(new SimChange.Connected(block));
        if (disconnected.Count > 0)
        {
            Readmit(disconnected);
            return;
        }

        foreach (var transaction in connected.SelectMany(block => block.Transactions))
        {
            pool.Remove(transaction.Id);
            foreach (var coin in transaction.Spent)
                if (pool.SpenderOf(coin.OutPoint) is { } rival) Drop(rival, SimDeparture.Conflicted);
        }
    }

    /// <summary>After a reorg: everything that waited or was in a displaced block waits again, where the new chain still lets it.</summary>
    void Readmit(IReadOnlyList<SimBlock> disconnected)
    {
        var waited = pool.Entries.ToList();
        pool.Clear();
        var candidates = disconnected.Reverse().SelectMany(block => block.Transactions).Where(transaction => !transaction.IsCoinbase)
            .Select(transaction => (Transaction: transaction, At: clock.GetUtcNow(), Waited: false))
            .Concat(waited.Select(entry => (entry.Transaction, entry.At, Waited: true)))
            .Where(candidate => tree.BlockOf(candidate.Transaction.Id) is null)
            .ToList();
        int before;
        do
        {
            before = candidates.Count;
            candidates.RemoveAll(candidate =>
            {
                if (!candidate.Transaction.Spent.All(coin => pool.SpenderOf(coin.OutPoint) is null && IsSpendable(coin.OutPoint))) return false;
                pool.Add(candidate.Transaction, candidate.At);
                departures.Remove(candidate.Transaction.Id);
                if (!candidate.Waited) Tell(new SimChange.Entered(candidate.Transaction, mempoolSequence++));
                return true;
            });
        }
        while (candidates.Count < before);

        foreach (var lost in candidates.Where(candidate => candidate.Waited))
        {
            var rival = lost.Transaction.Spent.Any(coin => tree.SpendOf(coin.OutPoint) is not null);
            var why = departures[lost.Transaction.Id] = rival ? SimDeparture.Conflicted : SimDeparture.ParentGone;
            Tell(new SimChange.Left(lost.Transaction, why, mempoolSequence++));
        }
    }

    static uint HardEnough(BigInteger work)
    {
        var bits = EasiestBits;
        while (SimWire.Work(bits) < work)
        {
            // halve the 24-bit mantissa; below 0x8000 shift it up by one byte and lower the exponent, so that no digit is lost
            var mantissa = (bits & 0xffffff) >> 1;
            var exponent = bits >> 24;
            bits = mantissa < 0x8000 ? ((exponent - 1) << 24) | (mantissa << 8) : (exponent << 24) | mantissa;
        }

        return bits;
    }
}
