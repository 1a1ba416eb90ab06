using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Rpc;

namespace Belfry.Nodes.Bitcoin.Sources;

/// <summary>
/// Asks the node again and again: works with every node, and is as late as its interval. A large mempool is listed less often, so that asking never takes more
/// than a fifth of the time.
/// </summary>
sealed class PollingFeed(BitcoinRpc rpc, NodeIdentity identity, TimeSpan interval, TimeSpan restartCheck, TimeProvider clock) : IFeed
{
    // After more blocks than these at once the pipeline reads everything back anyway.
    const int MaxWalk = 10;

    readonly OrderedDictionary<BlockHash, BlockContents> recent = [];

    /// <inheritdoc/>
    public FeedKind Kind => FeedKind.Polling;

    /// <inheritdoc/>
    public ValueTask<bool> IsOfferedAsync(CancellationToken cancellationToken) => ValueTask.FromResult(true);

    /// <inheritdoc/>
    public async Task RunAsync(IFeedSink sink, CancellationToken cancellationToken)
    {
        try
        {
            await PollAsync(sink, cancellationToken);
        }
        catch (EndpointException problem)
        {
            identity.NoteOutage(problem);
            throw new FeedLostException(LostReason.ConnectionLost, problem.Message, problem);
        }
    }

    async Task PollAsync(IFeedSink sink, CancellationToken cancellationToken)
    {
        var view = await LookAsync(null, cancellationToken);
        sink.Opened();
        var checkedAt = clock.GetTimestamp();
        while (true)
        {
            var started = clock.GetTimestamp();
            if (clock.GetElapsedTime(checkedAt) >= restartCheck)
            {
                checkedAt = started;
                if (await identity.CheckRestartAsync(cancellationToken)) throw new FeedLostException(LostReason.NodeRestarted, "the node was started anew");
            }

            var next = await LookAsync(view, cancellationToken);
            await TellAsync(view, next, sink, cancellationToken);
            view = next;
            var spent = clock.GetElapsedTime(started);
            await Task.Delay(spent * 4 > interval ? spent * 4 : interval, clock, cancellationToken);
        }
    }

    /// <summary>
    /// First the mempool, then the tip: a block that comes between the two is seen at the latest together with the transactions that it took, so that
    /// none of them looks evicted. The list is read every time: a replacement of the same size changes neither count nor bytes.
    /// </summary>
    async Task<View> LookAsync(View? before, CancellationToken cancellationToken)
    {
        // A node that still reads its mempool from disk shows absences that mean nothing.
        var loaded = before?.Loaded == true || (await rpc.ReadMempoolInfoAsync(cancellationToken)).Loaded;
        var ids = before is not null && !loaded ? before.Ids : [.. (await rpc.ReadMempoolAsync(cancellationToken)).Ids];
        return new View(await rpc.ReadBestHashAsync(cancellationToken), loaded, ids);
    }

    async Task TellAsync(View before, View now, IFeedSink sink, CancellationToken cancellationToken)
    {
        if (now.Best != before.Best) sink.Tell(new FeedSignal.TipChanged(now.Best));
        if (ReferenceEquals(before.Ids, now.Ids)) return;
        foreach (var id in now.Ids)
        {
            if (!before.Ids.Contains(id)) sink.Tell(new FeedSignal.TransactionAnnounced(id, null));
        }

        var gone = before.Ids.Where(id => !now.Ids.Contains(id)).ToHashSet();
        if (gone.Count == 0) return;
        await RemoveMinedAsync(gone, now.Best, cancellationToken);
        foreach (var id in gone) sink.Tell(new FeedSignal.TransactionLeft(id, null));
    }

    // The tip may have been told one round before its transactions vanished: look at the last blocks, however they came.
    async Task RemoveMinedAsync(HashSet<TxHash> gone, BlockHash from, CancellationToken cancellationToken)
    {
        var hash = from;
        for (var i = 0; i < MaxWalk && gone.Count > 0 && !hash.Value.IsZero; i++)
        {
            if (!recent.TryGetValue(hash, out var contents))
            {
                if (await rpc.ReadBlockContentsAsync(hash, cancellationToken) is not { } read) return;
                recent[hash] = contents = read;
                if (recent.Count > 4 * MaxWalk) recent.Remove(recent.Keys.First());
            }

            foreach (var id in contents.Ids) gone.Remove(new TxHash(id));
            hash = contents.Previous;
        }
    }

    sealed record View(BlockHash Best, bool Loaded, HashSet<TxHash> Ids);
}
