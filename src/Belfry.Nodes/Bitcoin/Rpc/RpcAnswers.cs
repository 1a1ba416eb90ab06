using Belfry.Core.Chains;

namespace Belfry.Nodes.Bitcoin.Rpc;

/// <summary>What a node says of its chain.</summary>
/// <param name="Chain"><c>main</c>, <c>test</c>, <c>regtest</c> … in the node's words.</param>
/// <param name="Height">Height of its best block.</param>
/// <param name="Best">Its best block.</param>
/// <param name="InitialDownload">Whether it still fetches history; false when it does not say (bcoin).</param>
public sealed record ChainInfo(string Chain, long Height, BlockHash Best, bool InitialDownload);

/// <summary>What a node says of its mempool.</summary>
/// <param name="Count">Transactions in it.</param>
/// <param name="Bytes">Their total size.</param>
/// <param name="Loaded">False while it is being read from disk; true when the node does not say.</param>
public readonly record struct MempoolInfo(long Count, long Bytes, bool Loaded);

/// <summary>The ids in a mempool with the sequence number at which they hold, where the node has one.</summary>
public sealed record MempoolIds(IReadOnlyList<TxHash> Ids, ulong? Sequence);

/// <summary>A ZeroMQ publication as <c>getzmqnotifications</c> lists it.</summary>
/// <param name="Topic">Without the <c>pub</c> in front: <c>rawtx</c>.</param>
/// <param name="Address">As bound, for instance <c>tcp://0.0.0.0:28332</c>.</param>
public readonly record struct ZmqPublication(string Topic, string Address);

/// <summary>The ids in a block and the block below.</summary>
public sealed record BlockContents(BlockHash Previous, IReadOnlyList<Hash256> Ids);
