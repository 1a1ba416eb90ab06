using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Peer;
using Belfry.Nodes.Bitcoin.Rpc;
using Microsoft.Extensions.Logging;

namespace Belfry.Nodes.Bitcoin.Sources;

/// <summary>
/// One node of the Bitcoin family: asked by RPC, heard by whichever feed it really offers. Needs no transaction index and works with a pruned node. A node on another
/// network than configured is refused at the first question.
/// </summary>
public sealed class BitcoinSource : IChainSource
{
    readonly BitcoinSourceOptions options;
    readonly INetwork network;
    readonly TimeProvider clock;
    readonly IEntropy entropy;
    readonly ILoggerFactory loggers;
    readonly ILogger logger;
    readonly NodeRpc connection;
    readonly BitcoinRpc rpc;
    readonly NodeIdentity identity;
    readonly PrevoutFinder prevouts;
    readonly RecentBlocks blocks;
    readonly CancellationTokenSource disposed = new();
    readonly Lock gate = new();
    readonly HashSet<Task> listeners = [];
    volatile FeedBox feed = new(FeedKind.Polling);

    internal BitcoinSource(BitcoinSourceOptions options, IOutputReader reader, INetwork network, TimeProvider clock, IEntropy entropy, ILoggerFactory loggers)
    {
        this.options = options;
        this.network = network;
        this.clock = clock;
        this.entropy = entropy;
        this.loggers = loggers;
        logger = loggers.CreateLogger<BitcoinSource>();
        connection = new NodeRpc(options.Rpc, network, clock, entropy, logger, options.RpcOptions);
        rpc = new BitcoinRpc(connection, options.Profile.Decimals);
        identity = new NodeIdentity(rpc, options, clock);
        prevouts = new PrevoutFinder(rpc, reader);
        blocks = new RecentBlocks(reader.IsSound);
    }

    /// <inheritdoc/>
    public SourceStatus Status => new(options.Rpc.Name, feed.Kind, identity.Name);

    /// <inheritdoc/>
    public IAsyncEnumerable<FeedSignal> ListenAsync(CancellationToken cancellationToken)
    {
        var queue = new SignalQueue();
        var listener = Background.Start(() => SuperviseAsync(queue, cancellationToken), CancellationToken.None);
        lock (gate)
        {
            listeners.RemoveWhere(static task => task.IsCompleted);
            listeners.Add(listener);
        }

        return queue.ReadAllAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ChainTip> ReadTipAsync(CancellationToken cancellationToken) => AskAsync(async () =>
    {
        // A reorganisation between the two questions leaves a header beside the best chain: ask again.
        for (var attempt = 0; attempt < 5; attempt++)
        {
            var info = await rpc.ReadChainInfoAsync(cancellationToken);
            if (await rpc.ReadHeaderAsync(info.Best, cancellationToken) is { InBestChain: true } header) return new ChainTip(header, info.InitialDownload);
        }

        throw Outage("its best block changes faster than it can be asked for");
    }, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<BlockHeader?> ReadHeaderAsync(BlockHash hash, CancellationToken cancellationToken) =>
        AskAsync(() => rpc.ReadHeaderAsync(hash, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> IsInvalidAsync(BlockHash hash, CancellationToken cancellationToken) =>
        AskAsync(() => rpc.IsInvalidAsync(hash, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<BlockHash?> ReadHashAsync(long height, CancellationToken cancellationToken) =>
        AskAsync(() => rpc.ReadHashAsync(height, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadBlockAsync(BlockHash hash, CancellationToken cancellationToken)
    {
        if (blocks.Get(hash) is { } kept) return kept;
        return await AskAsync<ReadOnlyMemory<byte>?>(async () =>
        {
            if (await rpc.ReadBlockAsync(hash, cancellationToken) is not { } raw) return null;
            return blocks.Add(raw, hash) ? raw : throw Outage($"answered with block {RecentBlocks.HashOf(raw)?.ToString() ?? "of too few bytes"} where {hash} was asked");
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<MempoolSnapshot> ReadMempoolAsync(CancellationToken cancellationToken) => AskAsync(async () =>
    {
        // Asked before the list: complete then is complete in the list; otherwise the list counts as incomplete and is read again.
        var info = await rpc.ReadMempoolInfoAsync(cancellationToken);
        var (ids, sequence) = await rpc.ReadMempoolAsync(cancellationToken);
        return new MempoolSnapshot(ids, sequence, info.Loaded);
    }, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>?>> ReadTransactionsAsync(IReadOnlyList<TxHash> ids, CancellationToken cancellationToken) =>
        AskAsync(() => ReadFromMempoolAsync(ids, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<TxOutput?>> ReadPrevoutsAsync(ChainTransaction transaction, BlockHash? block, CancellationToken cancellationToken)
    {
        if (transaction.Inputs.Count == 0) return [];
        (BlockHash, ReadOnlyMemory<byte>?)? place = block is { } hash ? (hash, await ReadBlockAsync(hash, cancellationToken)) : null;
        try
        {
            return await AskAsync(() => prevouts.FindAsync([.. transaction.Inputs.Select(static input => input.Previous)], place, cancellationToken), cancellationToken);
        }
        catch (MalformedDataException problem)
        {
            throw Outage(problem.Message, problem);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await disposed.CancelAsync();
        Task[] running;
        lock (gate) running = [.. listeners];
        await Task.WhenAll(running);
        connection.Dispose();
        disposed.Dispose();
    }

    /// <summary>Asks a node that is known to be on the right network; after an outage that has to be made sure again.</summary>
    async ValueTask<T> AskAsync<T>(Func<Task<T>> question, CancellationToken cancellationToken)
    {
        try
        {
            await identity.EnsureAsync(cancellationToken);
            return await question();
        }
        catch (EndpointException problem)
        {
            identity.NoteOutage(problem);
            identity.Forget();
            throw;
        }
    }

    async Task<IReadOnlyList<ReadOnlyMemory<byte>?>> ReadFromMempoolAsync(IReadOnlyList<TxHash> ids, CancellationToken cancellationToken)
    {
        var raws = await rpc.ReadTransactionsAsync(ids, cancellationToken);
        var result = new ReadOnlyMemory<byte>?[ids.Count];
        // A node with a transaction index also finds what is confirmed; only the mempool was asked for.
        int[] found = [.. Enumerable.Range(0, ids.Count).Where(i => raws[i] is not null)];
        var confirmedToo = found.Length > 0 && await rpc.MayFindConfirmedAsync(cancellationToken);
        var present = confirmedToo ? await rpc.ReadPresenceAsync([.. found.Select(i => ids[i])], cancellationToken) : null;
        for (var i = 0; i < found.Length; i++)
        {
            if (present?[i] != false) result[found[i]] = raws[found[i]];
        }

        return result;
    }

    async Task SuperviseAsync(SignalQueue queue, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, disposed.Token);
        var context = new FeedContext(options.Profile.Id, options.Rpc.Name, clock, entropy, logger);
        try
        {
            await new FeedSupervisor(CreateFeeds(), identity, context, kind => feed = new FeedBox(kind)).RunAsync(queue, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            queue.Complete(null);
        }
#pragma warning disable CA1031 // whatever it is, the listener must hear it: a feed that ends silently looks like a quiet chain
        catch (Exception problem)
        {
            queue.Complete(problem);
        }
#pragma warning restore CA1031
    }

    IReadOnlyList<IFeed> CreateFeeds()
    {
        var feeds = new List<IFeed>();
        if (options.Zmq.Count > 0) feeds.Add(new ZmqFeed(options.Zmq, rpc, Watch, blocks, network, clock, options.ZmtpLimits, logger));
        if (options.Peer is { } peer)
        {
            var feedOptions = new PeerFeedOptions { Connection = peer.Connection };
            feeds.Add(new PeerFeed(new PeerFeedClient(network, peer.Parameters, feedOptions, clock, entropy, loggers.CreateLogger<PeerFeedClient>()), Watch, blocks));
        }

        feeds.Add(new PollingFeed(rpc, identity, options.PollInterval, options.WatchInterval, clock));
        return feeds;
    }

    NodeWatch Watch() => new(rpc, identity, options.WatchInterval, clock);

    EndpointException Outage(string problem, Exception? inner = null) => new(options.Rpc.Name, options.Rpc.Setting, problem, inner);

    sealed record FeedBox(FeedKind Kind);
}
