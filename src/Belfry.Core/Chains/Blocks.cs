using System.Numerics;

namespace Belfry.Core.Chains;

/// <summary>A block by its place and hash.</summary>
public readonly record struct BlockRef(long Height, BlockHash Hash)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Height}:{Hash}";
}

/// <summary>What a node tells of a block without its transactions.</summary>
/// <param name="Block">Height and hash.</param>
/// <param name="Previous">Hash of the block below; all zero for genesis.</param>
/// <param name="Time">The time the miner wrote; not monotonic.</param>
/// <param name="Work">Total expected hashes of the chain up to this block; what decides between branches.</param>
/// <param name="InBestChain">Whether the node counts the block in its best chain (false: stale or invalidated).</param>
public sealed record BlockHeader(BlockRef Block, BlockHash Previous, DateTimeOffset Time, BigInteger Work, bool InBestChain);

/// <summary>A node's view of its own best chain.</summary>
/// <param name="Header">The best block.</param>
/// <param name="InitialDownload">The node is still fetching history: its mempool and tip are not news.</param>
public sealed record ChainTip(BlockHeader Header, bool InitialDownload);

/// <summary>What is waiting in a node's mempool.</summary>
/// <param name="Transactions">Ids, in no particular order.</param>
/// <param name="Sequence">Mempool sequence number at which the list holds, where the node numbers its changes; otherwise null.</param>
/// <param name="Loaded">False while the node still reads its mempool from disk after a start: absences then mean nothing.</param>
public sealed record MempoolSnapshot(IReadOnlyList<TxHash> Transactions, ulong? Sequence, bool Loaded);
