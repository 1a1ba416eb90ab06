namespace Belfry.Core.Chains;

/// <summary>
/// The connection to one node (or to several, failing over) that feeds one chain. Signals are hints that something happened; the truth is always read back
/// by the methods, because every push channel of every node can lose messages.
/// </summary>
public interface IChainSource : IAsyncDisposable
{
    /// <summary>Where it is connected and how it hears news; changes on failover.</summary>
    SourceStatus Status { get; }

    /// <summary>
    /// News from now on. Buffers from the call on, so that a caller can listen first and read the state second. Reconnects by itself and never ends before
    /// <paramref name="cancellationToken"/>; trouble is told as <see cref="FeedSignal.Lost"/>, its end as <see cref="FeedSignal.Opened"/>.
    /// </summary>
    IAsyncEnumerable<FeedSignal> ListenAsync(CancellationToken cancellationToken);

    /// <summary>The node's best block now.</summary>
    /// <exception cref="Runtime.EndpointException">The node cannot be asked now.</exception>
    ValueTask<ChainTip> ReadTipAsync(CancellationToken cancellationToken);

    /// <summary>A block's header, or null when the node does not know the hash.</summary>
    /// <exception cref="Runtime.EndpointException">The node cannot be asked now.</exception>
    ValueTask<BlockHeader?> ReadHeaderAsync(BlockHash hash, CancellationToken cancellationToken);

    /// <summary>
    /// Whether the node has judged the block invalid. Knowing a header that is not in the best chain is not that: a node that fetches its blocks again knows all
    /// headers long before.
    /// </summary>
    /// <exception cref="Runtime.EndpointException">The node cannot be asked now.</exception>
    ValueTask<bool> IsInvalidAsync(BlockHash hash, CancellationToken cancellationToken);

    /// <summary>The hash at a height of the node's best chain, or null above its tip.</summary>
    /// <exception cref="Runtime.EndpointException">The node cannot be asked now.</exception>
    ValueTask<BlockHash?> ReadHashAsync(long height, CancellationToken cancellationToken);

    /// <summary>A block's bytes, or null when the node does not have it (unknown, or pruned away).</summary>
    /// <exception cref="Runtime.EndpointException">The node cannot be asked now.</exception>
    ValueTask<ReadOnlyMemory<byte>?> ReadBlockAsync(BlockHash hash, CancellationToken cancellationToken);

    /// <summary>Everything in the node's mempool.</summary>
    /// <exception cref="Runtime.EndpointException">The node cannot be asked now.</exception>
    ValueTask<MempoolSnapshot> ReadMempoolAsync(CancellationToken cancellationToken);

    /// <summary>The bytes of each transaction in the node's mempool, null for those that are not there; same order as asked.</summary>
    /// <exception cref="Runtime.EndpointException">The node cannot be asked now.</exception>
    ValueTask<IReadOnlyList<ReadOnlyMemory<byte>?>> ReadTransactionsAsync(IReadOnlyList<TxHash> ids, CancellationToken cancellationToken);

    /// <summary>
    /// The outputs that a transaction spends, as far as this node can tell without a transaction index; null for those it cannot. Same order as the inputs.
    /// </summary>
    /// <param name="transaction">The spender.</param>
    /// <param name="block">The block that holds it, or null in the mempool.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="Runtime.EndpointException">The node cannot be asked now.</exception>
    ValueTask<IReadOnlyList<TxOutput?>> ReadPrevoutsAsync(ChainTransaction transaction, BlockHash? block, CancellationToken cancellationToken);
}

/// <summary>How news arrives.</summary>
public enum FeedKind
{
    /// <summary>By asking again and again.</summary>
    Polling,

    /// <summary>ZeroMQ publications of the node.</summary>
    Zmq,

    /// <summary>The peer-to-peer protocol.</summary>
    Peer,

    /// <summary>A socket subscription (Ethereum family).</summary>
    Socket,

    /// <summary>The simulated chain.</summary>
    Simnet,
}

/// <summary>Where a source is connected and how it hears news.</summary>
/// <param name="Endpoint">Host and port, never credentials.</param>
/// <param name="Feed">How news arrives.</param>
/// <param name="Node">What the node calls itself, for instance <c>/LitecoinCore:0.21.2/</c>; empty before the first answer.</param>
public sealed record SourceStatus(string Endpoint, FeedKind Feed, string Node);

/// <summary>A hint from a source.</summary>
public abstract record FeedSignal
{
    FeedSignal() { }

    /// <summary>The feed is (again) open; whatever happened before must be read back.</summary>
    public sealed record Opened(FeedKind Feed, string Endpoint) : FeedSignal;

    /// <summary>The feed has a hole or has died: <paramref name="Reason"/> is a stable word such as <c>frame_gap</c>, <c>silence</c>, <c>node_restarted</c>, <c>connection_lost</c>, <c>node_switched</c>.</summary>
    public sealed record Lost(string Reason, string Detail) : FeedSignal;

    /// <summary>A transaction entered the mempool, or was part of a block: the node does not always say which.</summary>
    /// <param name="Raw">Its bytes.</param>
    public sealed record TransactionArrived(ReadOnlyMemory<byte> Raw) : FeedSignal;

    /// <summary>A transaction entered the mempool; its bytes must be read.</summary>
    /// <param name="Id">The id.</param>
    /// <param name="Sequence">The mempool sequence number of the change, where the node has one.</param>
    public sealed record TransactionAnnounced(TxHash Id, ulong? Sequence) : FeedSignal;

    /// <summary>A transaction left the mempool for another reason than a block.</summary>
    /// <param name="Id">The id.</param>
    /// <param name="Sequence">The mempool sequence number of the change, where the node has one.</param>
    public sealed record TransactionLeft(TxHash Id, ulong? Sequence) : FeedSignal;

    /// <summary>The best chain changed, or may have.</summary>
    /// <param name="Hash">The block concerned, where told.</param>
    public sealed record TipChanged(BlockHash? Hash) : FeedSignal;
}
