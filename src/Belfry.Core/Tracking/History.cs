using Belfry.Core.Chains;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;
using Microsoft.Extensions.Logging;

namespace Belfry.Core.Tracking;

/// <summary>
/// Reads old blocks for watches that ask for them. New scripts are not live while their history is read, so that an address hears of its past before its
/// present; they become live in the very step in which the reading reaches the tip.
/// </summary>
public sealed class History(ChainReplica replica, Committer committer, ILogger logger)
{
    const int BlocksPerStep = 16;

    readonly Dictionary<Script, WatchedScript> waiting = [];
    long? rescanFrom;
    Pass? pass;

    /// <summary>Whether there is something to read.</summary>
    public bool HasWork => pass is not null || waiting.Count > 0 || rescanFrom is not null;

    /// <summary>Set when the node showed another chain than ours: blocks have to be looked at before reading goes on.</summary>
    public bool SawOtherChain { get; set; }

    /// <summary>From 0 to 1; null when nothing is being read.</summary>
    public double? Progress => pass is { } running && replica.Position is { } position
        ? Math.Clamp((running.Next - running.First) / (double)Math.Max(position.Cursor.Block.Height - running.First + 1, 1), 0, 1)
        : null;

    /// <summary>Scripts whose history is to be read.</summary>
    public void Add(IEnumerable<WatchedScript> scripts)
    {
        foreach (var script in scripts)
        {
            if (!waiting.TryGetValue(script.Script, out var known) || known.FromHeight > script.FromHeight) waiting[script.Script] = script;
        }
    }

    /// <summary>Forgets a script that nobody watches any more.</summary>
    public void Remove(Script script)
    {
        waiting.Remove(script);
        pass?.Scripts?.Remove(script);
    }

    /// <summary>Reads blocks again for everything that is live.</summary>
    public void Rescan(long fromHeight) => rescanFrom = Math.Min(rescanFrom ?? fromHeight, Math.Max(fromHeight, 0));

    /// <summary>Blocks above <paramref name="height"/> left the best chain.</summary>
    public void TookBack(long height)
    {
        if (pass is not null) pass.Next = Math.Min(pass.Next, height + 1);
    }

    /// <summary>Reads a few blocks.</summary>
    /// <returns>Whether scripts became live: the mempool is then to be looked at for them.</returns>
    /// <exception cref="EndpointException">The node cannot be asked now.</exception>
    public async ValueTask<bool> StepAsync(CancellationToken cancellationToken)
    {
        if (replica.Position is not { } position) return false;
        pass ??= Begin();
        var tip = position.Cursor.Block.Height;
        // Their hashes are kept: a reorg that reaches below the block from which this chain was first followed must find what it takes back.
        var read = new List<BlockHeader>();
        try
        {
            await ReadAsync(pass, tip, read, cancellationToken);
        }
        catch (EndpointException)
        {
            await committer.CommitAsync(read.Count == 0 ? null : read, cancellationToken);
            throw;
        }

        await committer.CommitAsync(read.Count == 0 ? null : read, cancellationToken);
        if (pass.Next <= tip) return false;
        await FinishAsync(pass, tip, cancellationToken);
        return true;
    }

    async ValueTask ReadAsync(Pass running, long tip, List<BlockHeader> read, CancellationToken cancellationToken)
    {
        await using var blocks = new BlockReadAhead(replica.Parts.Chain.Source, running.Next, Math.Min(tip, running.Next + BlocksPerStep - 1), cancellationToken);
        while (blocks.HasNext)
        {
            // Only blocks of our own best chain: a reorg that is not worked in yet would put transactions into blocks that we do not hold.
            if (await blocks.NextAsync() is not { } block
                || (await replica.HeaderAtAsync(block.Header.Block.Height, cancellationToken) is { } ours && ours.Block != block.Header.Block))
            {
                SawOtherChain = true;
                return;
            }

            if (block.Raw is not { } raw)
            {
                await SkipPrunedAsync(running, tip, cancellationToken);
                return;
            }

            await ReadAsync(running, block.Header, raw, tip, cancellationToken);
            running.Next = block.Header.Block.Height + 1;
            read.Add(block.Header);
        }
    }

    Pass Begin()
    {
        Pass begun;
        if (rescanFrom is { } from)
        {
            begun = new Pass(from, null, new WatchIndex(replica.Index.Key, replica.Index.Scripts));
            rescanFrom = null;
        }
        else
        {
            var scripts = waiting.ToDictionary(static entry => entry.Key, static entry => entry.Value.Address);
            var index = new WatchIndex(replica.Index.Key);
            foreach (var script in scripts.Keys) index.Add(script);
            begun = new Pass(waiting.Values.Min(static script => script.FromHeight ?? 0), scripts, index);
            waiting.Clear();
        }

        TrackingLog.HistoryStarted(logger, replica.Id.Value, begun.Scripts?.Count ?? begun.Index.Scripts.Count, begun.First);
        return begun;
    }

    async ValueTask ReadAsync(Pass running, BlockHeader header, ReadOnlyMemory<byte> raw, long tip, CancellationToken cancellationToken)
    {
        var block = replica.MatchBlock(header, raw, running.Index, logger);
        var note = new ChangeNote { CatchUp = true, Source = "rescan", Confirmations = (int)Math.Min(tip - header.Block.Height + 1, int.MaxValue) };
        foreach (var appraised in await replica.Appraiser.AppraiseAsync(block.Matches, header.Block.Hash, running.Scripts, running.Coins, cancellationToken))
        {
            foreach (var coin in appraised.Coins)
            {
                if (running.Coins.TryAdd(coin.OutPoint, coin)) running.Index.Add(coin.OutPoint);
            }

            foreach (var coin in appraised.Spent)
            {
                if (running.Coins.Remove(coin.OutPoint)) running.Index.Remove(coin.OutPoint);
            }

            replica.Lifecycle.Confirm(appraised, header, note);
        }
    }

    async ValueTask SkipPrunedAsync(Pass running, long tip, CancellationToken cancellationToken)
    {
        var source = replica.Parts.Chain.Source;
        var missing = running.Next;
        // Pruned nodes keep a suffix of the chain: doubling steps find where it begins, at most twice too far, then halving finds the place.
        var (low, high) = (missing, Math.Min(missing + 1, tip));
        for (var step = 1L; high < tip && !await HasAsync(high); step *= 2) (low, high) = (high, Math.Min(high + step, tip));
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            if (await HasAsync(middle)) high = middle;
            else low = middle;
        }

        // A node that is just going back, or coming back, lacks blocks too, and has them again in a moment: only one that shows our whole chain has pruned them.
        if (!await ShowsOursAsync() || await HasAsync(high - 1) || !await HasAsync(high) || !await ShowsOursAsync())
        {
            SawOtherChain = true;
            return;
        }

        running.Next = high;
        TrackingLog.HistoryPruned(logger, replica.Id.Value, missing, high);

        async ValueTask<bool> HasAsync(long height) =>
            await source.ReadHashAsync(height, cancellationToken) is { } hash && await source.ReadBlockAsync(hash, cancellationToken) is not null;

        async ValueTask<bool> ShowsOursAsync() => await source.ReadHashAsync(tip, cancellationToken) == replica.Position!.Cursor.Block.Hash;
    }

    async ValueTask FinishAsync(Pass finished, long tip, CancellationToken cancellationToken)
    {
        pass = null;
        if (finished.Scripts is { Count: > 0 } scripts)
        {
            foreach (var script in scripts.Keys) replica.Index.Add(script);
            await committer.ActivateAsync([.. scripts.Keys], cancellationToken);
        }

        TrackingLog.HistoryDone(logger, replica.Id.Value, tip, finished.Scripts?.Count ?? replica.Index.Scripts.Count);
    }

    sealed class Pass(long first, Dictionary<Script, string>? scripts, WatchIndex index)
    {
        public long First { get; } = first;

        public long Next { get; set; } = first;

        public Dictionary<Script, string>? Scripts => scripts;

        public WatchIndex Index => index;

        public Dictionary<OutPoint, Coin> Coins { get; } = [];
    }
}
