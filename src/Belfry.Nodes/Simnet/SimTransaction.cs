using System.Numerics;
using Belfry.Core.Chains;

namespace Belfry.Nodes.Simnet;

/// <summary>An output that exists on the simulated chain or in its mempool.</summary>
/// <param name="OutPoint">Where it was made.</param>
/// <param name="Script">What it pays to.</param>
/// <param name="Value">Base units.</param>
/// <param name="Height">The block that made it; -1 while that is the mempool.</param>
/// <param name="IsCoinbase">Whether it is part of a block's reward.</param>
public sealed record SimCoin(OutPoint OutPoint, Script Script, long Value, long Height, bool IsCoinbase);

/// <summary>An output to be made.</summary>
public sealed record SimOutput(Script Script, long Value)
{
    /// <summary>Data carriers can never be spent and are not coins.</summary>
    public bool IsSpendable => Script.Length == 0 || Script.Span[0] != 0x6a;
}

/// <summary>A transaction of the simulated chain with everything that a node could know of it. Immutable.</summary>
public sealed class SimTransaction
{
    internal SimTransaction(TxHash id, Hash256 witnessId, byte[] raw, int virtualSize, IReadOnlyList<SimCoin> spent, IReadOnlyList<SimOutput> outputs, bool isCoinbase)
    {
        Id = id;
        WitnessId = witnessId;
        Raw = raw;
        VirtualSize = virtualSize;
        Spent = spent;
        Outputs = outputs;
        IsCoinbase = isCoinbase;
        Fee = isCoinbase ? 0 : spent.Sum(coin => coin.Value) - outputs.Sum(output => output.Value);
    }

    /// <summary>The id.</summary>
    public TxHash Id { get; }

    /// <summary>The id with witnesses; equal to <see cref="Id"/> without any.</summary>
    public Hash256 WitnessId { get; }

    /// <summary>Its bytes as nodes send them.</summary>
    public ReadOnlyMemory<byte> Raw { get; }

    /// <summary>Size that fees are reckoned by, bytes.</summary>
    public int VirtualSize { get; }

    /// <summary>What it spends, in the order of its inputs; empty for a coinbase.</summary>
    public IReadOnlyList<SimCoin> Spent { get; }

    /// <summary>Its outputs, in order.</summary>
    public IReadOnlyList<SimOutput> Outputs { get; }

    /// <summary>Whether it is a block's reward.</summary>
    public bool IsCoinbase { get; }

    /// <summary>What it pays to the miner, base units.</summary>
    public long Fee { get; }

    /// <summary>Its spendable outputs as coins.</summary>
    public IEnumerable<SimCoin> Coins(long height) => Outputs
        .Select((output, index) => (output, index))
        .Where(item => item.output.IsSpendable)
        .Select(item => new SimCoin(new OutPoint(Id, (uint)item.index), item.output.Script, item.output.Value, height, IsCoinbase));

    /// <summary>What it changes for a script: received and sent, base units.</summary>
    public (long Received, long Sent) EffectOn(Script script) => (
        Outputs.Where(output => output.Script.Equals(script)).Sum(output => output.Value),
        Spent.Where(coin => coin.Script.Equals(script)).Sum(coin => coin.Value));

    /// <inheritdoc/>
    public override string ToString() => Id.ToString();
}

/// <summary>A block of the simulated chain. Immutable.</summary>
/// <param name="Header">Place, hash and work; <see cref="BlockHeader.InBestChain"/> means nothing here, ask the chain.</param>
/// <param name="Raw">Its bytes as nodes send them.</param>
/// <param name="Transactions">Coinbase first.</param>
public sealed record SimBlock(BlockHeader Header, ReadOnlyMemory<byte> Raw, IReadOnlyList<SimTransaction> Transactions)
{
    /// <summary>Height and hash.</summary>
    public BlockRef Ref => Header.Block;

    /// <summary>Height.</summary>
    public long Height => Header.Block.Height;

    /// <summary>Hash.</summary>
    public BlockHash Hash => Header.Block.Hash;

    /// <summary>Work of the chain up to here.</summary>
    public BigInteger Work => Header.Work;

    /// <inheritdoc/>
    public override string ToString() => Header.Block.ToString();
}
