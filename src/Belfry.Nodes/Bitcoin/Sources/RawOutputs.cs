using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Readers;

namespace Belfry.Nodes.Bitcoin.Sources;

/// <summary>Outputs out of raw bytes, by the chain's readers.</summary>
sealed class RawOutputs(TransactionFormat format) : IOutputReader
{
    /// <inheritdoc/>
    public IReadOnlyList<TxOutput> ReadOutputs(ReadOnlyMemory<byte> transaction, TxHash expected)
    {
        var reader = TransactionReader.Read(transaction.Span, format);
        var id = reader.ComputeId();
        return id == expected ? Read(reader) : throw new MalformedDataException("transaction", $"its id is {id} where {expected} was asked");
    }

    /// <inheritdoc/>
    public IBlockOutputs Index(ReadOnlyMemory<byte> block)
    {
        var places = new Dictionary<TxHash, int>();
        var reader = new BlockReader(block.Span, format);
        // The last of two transactions with one id is the one whose coins exist (BIP 30).
        while (reader.MoveNext()) places[reader.Current.ComputeId()] = reader.Current.Start;
        return new BlockOutputs(block, places, format);
    }

    /// <inheritdoc/>
    public bool IsSound(ReadOnlyMemory<byte> block)
    {
        try
        {
            return BlockSummary.Read(block.Span, format, ScriptRules.None).MerkleRootHolds;
        }
        catch (MalformedDataException)
        {
            return false;
        }
    }

    static TxOutput[] Read(TransactionReader transaction)
    {
        var outputs = new TxOutput[transaction.OutputCount];
        var index = 0u;
        foreach (var output in transaction.Outputs) outputs[index] = new TxOutput(index++, new Script(output.Script), output.Value);
        return outputs;
    }

    sealed class BlockOutputs(ReadOnlyMemory<byte> block, Dictionary<TxHash, int> places, TransactionFormat format) : IBlockOutputs
    {
        public IReadOnlyList<TxOutput>? Find(TxHash id)
        {
            if (!places.TryGetValue(id, out var start)) return null;
            var reader = new WireReader(block.Span, start, "block");
            return Read(TransactionReader.ReadNext(ref reader, block.Span, format));
        }
    }
}
