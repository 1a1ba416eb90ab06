using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Readers.Hashing;

namespace Belfry.Nodes.Bitcoin.Readers;

/// <summary>A block counted through; a wrong merkle root is a fact here and not a fault.</summary>
public sealed class BlockSummary
{
    readonly Dictionary<string, int> types = [];

    BlockSummary(BlockHash hash, BlockHash previous, int transactions) => (Hash, Previous, Transactions) = (hash, previous, transactions);

    /// <summary>Double SHA-256 of the header.</summary>
    public BlockHash Hash { get; }

    /// <summary>Hash of the block below.</summary>
    public BlockHash Previous { get; }

    /// <summary>How many transactions.</summary>
    public int Transactions { get; }

    /// <summary>Inputs of all transactions, the coinbase's included.</summary>
    public int Inputs { get; private set; }

    /// <summary>Outputs of all transactions.</summary>
    public int Outputs { get; private set; }

    /// <summary>How many outputs of each script type.</summary>
    public IReadOnlyDictionary<string, int> Types => types;

    /// <summary>Whether the transactions hash to the header's merkle root, without a repeated end.</summary>
    public bool MerkleRootHolds { get; private set; }

    /// <summary>Reads a block from end to end.</summary>
    /// <exception cref="Core.Runtime.MalformedDataException">Not a block.</exception>
    public static BlockSummary Read(ReadOnlySpan<byte> raw, TransactionFormat format, ScriptRules rules)
    {
        var block = new BlockReader(raw, format);
        var summary = new BlockSummary(block.ComputeHash(), block.Previous, block.TransactionCount);
        var ids = new List<byte>();
        Span<byte> id = stackalloc byte[Hash256.Size];
        while (block.MoveNext())
        {
            var transaction = block.Current;
            transaction.WriteId(id);
            ids.AddRange(id);
            summary.Inputs += transaction.InputCount;
            summary.Outputs += transaction.OutputCount;
            foreach (var output in transaction.Outputs) summary.Count(ScriptTemplate.Match(output.Script, rules).Name);
        }

        var sound = new MerkleTree().TryComputeRoot(ids.ToArray(), id);
        summary.MerkleRootHolds = sound && id.SequenceEqual(block.MerkleRootWire);
        return summary;
    }

    void Count(string type) => types[type] = types.GetValueOrDefault(type) + 1;
}
