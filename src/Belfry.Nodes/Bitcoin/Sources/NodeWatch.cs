using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Rpc;

namespace Belfry.Nodes.Bitcoin.Sources;

/// <summary>
/// Holds a push feed against what the node answers when asked. A feed that stays silent while the node's tip moves or its mempool grows is worth nothing, however
/// open its connections are.
/// </summary>
sealed class NodeWatch(BitcoinRpc rpc, NodeIdentity identity, TimeSpan interval, TimeProvider clock)
{
    long blockNews, transactionNews;

    /// <summary>The feed told of a block.</summary>
    public void HeardBlock() => Interlocked.Increment(ref blockNews);

    /// <summary>The feed told of a transaction.</summary>
    public void HeardTransaction() => Interlocked.Increment(ref transactionNews);

    /// <summary>Watches until the token is cancelled.</summary>
    /// <exception cref="FeedLostException">The node is gone or was started anew, or the feed is silent.</exception>
    public async Task RunAsync(IFeedSink sink, CancellationToken cancellationToken)
    {
        var before = await LookAsync(cancellationToken);
        var blockDoubt = false;
        var mempoolDoubt = false;
        using var timer = new PeriodicTimer(interval, clock);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            var now = await LookAsync(cancellationToken);
            if (blockDoubt && now.BlockNews == before.BlockNews) throw Silent($"the node's best block is {now.Best}, and no block was announced", now.BlockNews == 0);
            if (mempoolDoubt && now.TransactionNews == before.TransactionNews && now.Mempool.Bytes > 0)
                throw Silent($"the node's mempool grew to {now.Mempool.Count} transactions, and none was announced", now.TransactionNews == 0);
            // News may be on its way: silence is believed when it lasts another interval. Of blocks that were taken back (invalidateblock) no node tells its peers.
            var unheard = now.Best != before.Best && now.BlockNews == before.BlockNews;
            blockDoubt = unheard && now.Height > before.Height;
            mempoolDoubt = now.Mempool.Loaded && now.Mempool.Bytes > before.Mempool.Bytes && now.TransactionNews == before.TransactionNews;
            if (unheard) sink.Tell(new FeedSignal.TipChanged(now.Best));
            before = now;
        }
    }

    async Task<Look> LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Counted before the question: what is told between the two is not held against the feed.
            var blocks = Interlocked.Read(ref blockNews);
            var transactions = Interlocked.Read(ref transactionNews);
            var chain = await rpc.ReadChainInfoAsync(cancellationToken);
            var mempool = await rpc.ReadMempoolInfoAsync(cancellationToken);
            if (await identity.CheckRestartAsync(cancellationToken)) throw new FeedLostException(LostReason.NodeRestarted, "the node was started anew");
            return new Look(chain.Best, chain.Height, mempool, blocks, transactions);
        }
        catch (EndpointException problem)
        {
            identity.NoteOutage(problem);
            throw new FeedLostException(LostReason.ConnectionLost, problem.Message, problem);
        }
    }

    static FeedLostException Silent(string detail, bool never) => new(LostReason.Silence, detail) { Useless = never };

    readonly record struct Look(BlockHash Best, long Height, MempoolInfo Mempool, long BlockNews, long TransactionNews);
}
