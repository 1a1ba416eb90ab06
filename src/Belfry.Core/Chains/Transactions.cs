namespace Belfry.Core.Chains;

/// <summary>An input of a decoded transaction.</summary>
/// <param name="Previous">The output it spends.</param>
/// <param name="Claimed">The script that its own signature data shows it to spend (public key or redeem script), or null where that cannot be told.</param>
public readonly record struct TxInput(OutPoint Previous, Script? Claimed);

/// <summary>An output of a decoded transaction.</summary>
public readonly record struct TxOutput(uint Index, Script Script, Amount Value);

/// <summary>A decoded transaction that touches something watched (or seems to: fingerprints can collide, the tracker verifies).</summary>
public sealed record ChainTransaction
{
    /// <summary>The id.</summary>
    public required TxHash Id { get; init; }

    /// <summary>Whether this is a block's own reward; its single input spends nothing.</summary>
    public required bool IsCoinbase { get; init; }

    /// <summary>Place in its block, from 0; -1 outside a block.</summary>
    public required int Position { get; init; }

    /// <summary>Every input in order; empty for a coinbase.</summary>
    public required IReadOnlyList<TxInput> Inputs { get; init; }

    /// <summary>Every output in order.</summary>
    public required IReadOnlyList<TxOutput> Outputs { get; init; }
}

/// <summary>A block after decoding and matching.</summary>
/// <param name="Hash">Double SHA-256 of its header, recomputed.</param>
/// <param name="Previous">Hash of the block below.</param>
/// <param name="Time">The miner's time.</param>
/// <param name="TransactionCount">How many transactions it holds.</param>
/// <param name="Matches">Those that touch something watched, in block order.</param>
/// <param name="TransactionIds">All ids, 32 bytes each in wire order; valid until the decoder's next call.</param>
public sealed record MatchedBlock(
    BlockHash Hash, BlockHash Previous, DateTimeOffset Time, int TransactionCount, IReadOnlyList<ChainTransaction> Matches, ReadOnlyMemory<byte> TransactionIds);

/// <summary>A transaction outside a block after decoding and matching.</summary>
/// <param name="Id">The id.</param>
/// <param name="Match">The whole transaction when it touches something watched, otherwise null.</param>
public readonly record struct MatchedTransaction(TxHash Id, ChainTransaction? Match);
