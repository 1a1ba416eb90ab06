using Belfry.Core.Watches;

namespace Belfry.Core.Chains;

/// <summary>
/// Reads a chain's raw transactions and blocks and finds those that touch the watch index. Keeps buffers between calls: one caller at a time.
/// </summary>
public interface IChainDecoder
{
    /// <summary>Decodes and matches a block, and checks that its transactions hash to the merkle root in its header.</summary>
    /// <remarks>A spend of an output created in the same block is matched whatever the order of the two transactions.</remarks>
    /// <exception cref="Runtime.MalformedDataException">Truncated, oversized, wrong merkle root or otherwise not a block.</exception>
    MatchedBlock MatchBlock(ReadOnlyMemory<byte> raw, WatchIndex index);

    /// <summary>Decodes and matches one transaction.</summary>
    /// <exception cref="Runtime.MalformedDataException">Truncated, oversized or otherwise not a transaction.</exception>
    MatchedTransaction MatchTransaction(ReadOnlyMemory<byte> raw, WatchIndex index);

    /// <summary>Decodes one transaction whether anything in it is watched or not.</summary>
    /// <exception cref="Runtime.MalformedDataException">Truncated, oversized or otherwise not a transaction.</exception>
    ChainTransaction DecodeTransaction(ReadOnlyMemory<byte> raw);
}
