using Belfry.Core.Chains;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;
using Microsoft.Extensions.Logging;

namespace Belfry.Core.Tracking;

/// <summary>What a look at the node's best chain came to.</summary>
public enum SyncResult
{
    /// <summary>Our tip is the node's tip.</summary>
    AtTip,

    /// <summary>Some blocks were worked in or taken back, and there are more.</summary>
    Progress,

    /// <summary>The node shows less than has been seen.</summary>
    Behind,

    /// <summary>The node is still downloading history and has nothing newer than we have.</summary>
    NodeSyncing,
}

/// <summary>
/// Brings the replica to the node's best chain: never trusts an announcement, always walks from our own tip. Works the same for one new block, a reorg of any
/// depth and a month of absence.
/// </summary>
public sealed class BlockSync(ChainReplica replica, Committer committer, BehindWatch behind, MempoolSync mempool, ILogger logger)
{
    const int BlocksPerStep = 32;
    const int FactsPerCommit = 4000;

    string? node;

    /// <summary>Height of the node's best block at the last look.</summary>
    public long NodeHeight { get; private set; }

    /// <summary>Whether blocks brought coins that no mempool had shown before, since this was last cleared.</summary>
    public bool FoundCoins { get; set; }

    /// <summary>Whether one of them was made by a transaction that the feed should have told before: what spends it was judged without knowing it.</summary>
    public bool FoundUnheard { get; set; }

    /// <summary>The height down to which blocks were taken back since this was last cleared; null when none were.</summary>
    public long? TookBackTo { get; set; }

    IChainSource Source => replica.Parts.Chain.Source;

    /// <summary>Does a bounded amount of work towards the node's tip.</summary>
    /// <exception cref="EndpointException">The node cannot be asked now.</exception>
    public async ValueTask<SyncResult> StepAsync(bool catchUp, CancellationToken cancellationToken)
    {
        NoteNode();
        var tip = await Source.ReadTipAsync(cancellationToken);
        NodeHeight = tip.Header.Block.Height;
        if (replica.Position is not { } position)
        {
            if (tip.InitialDownload && replica.Parts.Chain.Profile.Network == "main") return SyncResult.NodeSyncing;
            await StartAtAsync(tip, cancellationToken);
            return SyncResult.AtTip;
        }

        if (tip.Header.Block.Hash == position.Cursor.Block.Hash)
        {
            behind.Clear();
            return SyncResult.AtTip;
        }

        var ours = await Source.ReadHeaderAsync(position.Cursor.Block.Hash, cancellationToken);
        if (ours is { InBestChain: true })
        {
            behind.Clear();
            return await ExtendAsync(tip, catchUp, cancellationToken);
        }

        var fork = await FindForkAsync(tip, cancellationToken);
        var invalid = ours is not null && await Source.IsInvalidAsync(position.Cursor.Block.Hash, cancellationToken);
        // Answers of two nodes together mean nothing.
        if (NoteNode()) return SyncResult.Progress;
        if (fork is { } known && behind.IsBehind(tip, invalid, known.Block)) return SyncResult.Behind;
        await TakeBackAsync(fork, cancellationToken);
        return SyncResult.Progress;
    }

    /// <summary>
    /// Whether another node answers than before. Questions go to it from the moment of the change, the feed's word of it comes a little later: until then a node that lags on another
    /// branch would be believed.
    /// </summary>
    bool NoteNode()
    {
        var (before, now) = (node, Source.Status.Endpoint);
        node = now;
        if (before is null || before == now) return false;
        behind.Switched = true;
        return true;
    }

    async ValueTask StartAtAsync(ChainTip tip, CancellationToken cancellationToken)
    {
        var genesis = await Source.ReadHashAsync(0, cancellationToken)
            ?? throw new EndpointException(Source.Status.Endpoint, $"Chains:{replica.Id}:Rpc", "the node has no block 0");
        TrackingLog.FirstStart(logger, replica.Id.Value, tip.Header.Block.Height);
        replica.Place(new ChainPosition(replica.Parts.Chain.Profile.Network, genesis, tip.Header, tip.Header.Work));
        await committer.CommitAsync([tip.Header], cancellationToken);
    }

    async ValueTask<SyncResult> ExtendAsync(ChainTip tip, bool catchUp, CancellationToken cancellationToken)
    {
        var first = replica.Position!.Cursor.Block.Height + 1;
        var last = Math.Min(tip.Header.Block.Height, first + BlocksPerStep - 1);
        await using (var blocks = new BlockReadAhead(Source, first, last, cancellationToken))
        {
            while (blocks.HasNext)
            {
                // The chain changed under our feet, or the block does not fit on ours: look again from the start.
                if (await blocks.NextAsync() is not { } block || block.Header.Previous != replica.Position!.Cursor.Block.Hash) break;
                if (block.Raw is not { } raw)
                    throw new EndpointException(Source.Status.Endpoint, $"Chains:{replica.Id}:Rpc", $"block {block.Header.Block} is not on this node (pruned?)");
                await WorkInAsync(block.Header, raw, catchUp || tip.Header.Block.Height - block.Header.Block.Height > 2, cancellationToken);
                if (replica.Lifecycle.PendingFacts > FactsPerCommit) await committer.CommitAsync(null, cancellationToken);
            }
        }

        await committer.CommitAsync(null, cancellationToken);
        return replica.Position!.Cursor.Block.Hash == tip.Header.Block.Hash ? SyncResult.AtTip : SyncResult.Progress;
    }

    async ValueTask WorkInAsync(BlockHeader header, ReadOnlyMemory<byte> raw, bool catchUp, CancellationToken cancellationToken)
    {
        var block = replica.MatchBlock(header, raw, replica.Index, logger);
        var appraisals = await replica.Appraiser.AppraiseAsync(block.Matches, header.Block.Hash, null, null, cancellationToken);
        FoundCoins |= appraisals.Any(static appraised => appraised.Stored is null && appraised.Coins.Length > 0);
        FoundUnheard |= appraisals.Any(static appraised => appraised.Stored is null && appraised.Coins.Length > 0 && !appraised.Transaction.IsCoinbase);
        replica.Extend(header);
        var lifecycle = replica.Lifecycle;
        lifecycle.Tell(new Fact.BlockJoined(header, block.TransactionCount, catchUp, replica.Position!.Disconnects));
        foreach (var appraised in appraisals) lifecycle.Confirm(appraised, header, new ChangeNote { CatchUp = catchUp });
        lifecycle.Deepen(header.Block.Height, replica.TimeAt);
        mempool.Mined(block.TransactionIds);
    }

    /// <summary>The highest block that we and the node's best chain share, or null when it lies below everything that we know.</summary>
    async ValueTask<BlockHeader?> FindForkAsync(ChainTip tip, CancellationToken cancellationToken)
    {
        // Doubling steps down, then halving: a reorg of depth d costs about 2 log d questions.
        var high = Math.Min(replica.Position!.Cursor.Block.Height, tip.Header.Block.Height);
        if (await SharedAtAsync(high, cancellationToken) is { } shared) return shared;
        BlockHeader? found = null;
        var low = high;
        for (var step = 1L; found is null; step *= 2)
        {
            high = low;
            low = Math.Max(high - step, 0);
            if (low == high || await replica.HeaderAtAsync(low, cancellationToken) is null) return await LowestSharedAsync(high, cancellationToken);
            found = await SharedAtAsync(low, cancellationToken);
        }

        while (high - found.Block.Height > 1)
        {
            var middle = (high + found.Block.Height) / 2;
            if (await SharedAtAsync(middle, cancellationToken) is { } header) found = header;
            else high = middle;
        }

        return found;
    }

    async ValueTask<BlockHeader?> LowestSharedAsync(long from, CancellationToken cancellationToken)
    {
        for (var height = from - 1; height >= 0 && await replica.HeaderAtAsync(height, cancellationToken) is not null; height--)
        {
            if (await SharedAtAsync(height, cancellationToken) is { } shared) return shared;
        }

        return null;
    }

    async ValueTask<BlockHeader?> SharedAtAsync(long height, CancellationToken cancellationToken) =>
        await replica.HeaderAtAsync(height, cancellationToken) is { } ours && await Source.ReadHashAsync(height, cancellationToken) == ours.Block.Hash ? ours : null;

    async ValueTask TakeBackAsync(BlockHeader? fork, CancellationToken cancellationToken)
    {
        var top = replica.Position!.Cursor;
        var lowest = fork?.Block.Height + 1 ?? await LowestKnownAsync(cancellationToken);
        TrackingLog.Reorg(logger, replica.Id.Value, top.Block.Height - lowest + 1, lowest - 1);
        var tracked = await replica.Parts.Ledger.ReadFromHeightAsync(replica.Id, lowest, cancellationToken);
        await replica.NoteSpentCoinsAsync([.. tracked.Where(transaction => replica.Open.Find(transaction.Id) is null)], reindex: true, cancellationToken);
        var byHeight = tracked.ToLookup(static transaction => transaction.Block!.Value.Height);
        for (var height = top.Block.Height; height >= lowest; height--)
        {
            var leaving = await replica.HeaderAtAsync(height, cancellationToken)
                ?? throw new StoreException($"chain {replica.Id}", $"the header of block {height} is missing");
            var below = height > lowest ? await replica.HeaderAtAsync(height - 1, cancellationToken) : fork ?? await RebaseAsync(height - 1, cancellationToken);
            replica.Lifecycle.Disconnect(leaving, [.. byHeight[height]], replica.Position.Disconnects, new ChangeNote());
            replica.Retreat(leaving, below!);
        }

        await UnripenAsync(cancellationToken);
        TookBackTo = Math.Min(TookBackTo ?? long.MaxValue, lowest - 1);
        await committer.CommitAsync(null, cancellationToken);
    }

    async ValueTask<long> LowestKnownAsync(CancellationToken cancellationToken)
    {
        var lowest = replica.Position!.Cursor.Block.Height;
        while (lowest > 0 && await replica.HeaderAtAsync(lowest - 1, cancellationToken) is not null) lowest--;
        TrackingLog.ReorgTooDeep(logger, replica.Id.Value, lowest);
        return lowest;
    }

    async ValueTask<BlockHeader> RebaseAsync(long height, CancellationToken cancellationToken)
    {
        var hash = await Source.ReadHashAsync(height, cancellationToken);
        var header = hash is { } known ? await Source.ReadHeaderAsync(known, cancellationToken) : null;
        return header ?? throw new EndpointException(Source.Status.Endpoint, $"Chains:{replica.Id}:Rpc", $"the node has no block at height {height}");
    }

    async ValueTask UnripenAsync(CancellationToken cancellationToken)
    {
        var tip = replica.Position!.Cursor.Block.Height;
        var ripeUpTo = tip - replica.Plan.CoinbaseMaturity + 1;
        foreach (var transaction in await replica.Parts.Ledger.ReadFromHeightAsync(replica.Id, Math.Max(ripeUpTo + 1, 0), cancellationToken))
        {
            if (transaction is not { IsCoinbase: true, State: TxState.Final, Block: { } block } || block.Height > tip) continue;
            await replica.NoteSpentCoinsAsync([transaction], reindex: true, cancellationToken);
            replica.Lifecycle.Unripen(transaction, new ChangeNote { Confirmations = (int)(tip - block.Height + 1), BlockTime = replica.TimeAt(block.Height) });
        }
    }
}
