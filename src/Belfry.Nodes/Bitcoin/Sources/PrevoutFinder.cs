using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Rpc;

namespace Belfry.Nodes.Bitcoin.Sources;

/// <summary>Reads outputs out of raw transactions and blocks, in the chain's own serialisation.</summary>
interface IOutputReader
{
    /// <summary>The outputs of one transaction.</summary>
    /// <exception cref="Core.Runtime.MalformedDataException">Not a transaction, or another one than <paramref name="expected"/>.</exception>
    IReadOnlyList<TxOutput> ReadOutputs(ReadOnlyMemory<byte> transaction, TxHash expected);

    /// <summary>Makes the outputs of a block's transactions findable by id.</summary>
    /// <exception cref="Core.Runtime.MalformedDataException">Not a block.</exception>
    IBlockOutputs Index(ReadOnlyMemory<byte> block);

    /// <summary>Whether these bytes are a whole block whose transactions hash to the merkle root in its header.</summary>
    bool IsSound(ReadOnlyMemory<byte> block);
}

/// <summary>The outputs that one block creates.</summary>
interface IBlockOutputs
{
    /// <summary>The outputs of a transaction of the block, or null when it is not in it.</summary>
    IReadOnlyList<TxOutput>? Find(TxHash id);
}

/// <summary>
/// Finds the outputs that a transaction spends without a transaction index, on a pruned node too: among the unspent outputs, in the mempool, in the undo data of
/// the spender's block, and in that block itself.
/// </summary>
sealed class PrevoutFinder(BitcoinRpc rpc, IOutputReader reader)
{
    volatile IndexedBlock? lastIndex;

    // Several transactions of one block are asked for one after the other; its undo data can have fifty megabytes of JSON.
    volatile KnownBlock? lastBlock;

    /// <summary>What each input spends; null where this node cannot tell.</summary>
    /// <param name="inputs">The outpoints, in the order of the inputs.</param>
    /// <param name="block">The spender's block with its bytes, or null in the mempool.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task<IReadOnlyList<TxOutput?>> FindAsync(
        IReadOnlyList<OutPoint> inputs, (BlockHash Hash, ReadOnlyMemory<byte>? Raw)? block, CancellationToken cancellationToken)
    {
        var found = new TxOutput?[inputs.Count];
        if (block is { } place)
        {
            if (place.Raw is { } raw) TakeFrom(IndexOf(place.Hash, raw).Find, inputs, found);
            if (found.Contains(null)) await TakeUndoDataAsync(place.Hash, inputs, found, cancellationToken);
        }
        else
        {
            await TakeUnspentAsync(inputs, found, cancellationToken);
        }

        // In the mempool: parents that wait there too. In a block: works where the node happens to keep an index.
        if (found.Contains(null)) await TakeParentsAsync(inputs, found, cancellationToken);
        return found;
    }

    async Task TakeUndoDataAsync(BlockHash hash, IReadOnlyList<OutPoint> inputs, TxOutput?[] found, CancellationToken cancellationToken)
    {
        var known = lastBlock is { } last && last.Hash == hash ? last.Outputs : await rpc.ReadBlockPrevoutsAsync(hash, cancellationToken);
        if (known is null) return;
        lastBlock = new KnownBlock(hash, known);
        for (var i = 0; i < found.Length; i++) found[i] ??= known.TryGetValue(inputs[i], out var output) ? output : null;
    }

    async Task TakeUnspentAsync(IReadOnlyList<OutPoint> inputs, TxOutput?[] found, CancellationToken cancellationToken)
    {
        var unspent = await rpc.ReadUnspentAsync(inputs, cancellationToken);
        for (var i = 0; i < found.Length; i++) found[i] = unspent[i];
    }

    async Task TakeParentsAsync(IReadOnlyList<OutPoint> inputs, TxOutput?[] found, CancellationToken cancellationToken)
    {
        TxHash[] parents = [.. WantedOf(inputs, found)];
        var raws = await rpc.ReadTransactionsAsync(parents, cancellationToken);
        var outputs = new Dictionary<TxHash, IReadOnlyList<TxOutput>>();
        for (var i = 0; i < parents.Length; i++)
        {
            if (raws[i] is { } raw) outputs[parents[i]] = reader.ReadOutputs(raw, parents[i]);
        }

        TakeFrom(id => outputs.GetValueOrDefault(id), inputs, found);
    }

    IBlockOutputs IndexOf(BlockHash hash, ReadOnlyMemory<byte> raw)
    {
        if (lastIndex is { } last && last.Hash == hash) return last.Outputs;
        var outputs = reader.Index(raw);
        lastIndex = new IndexedBlock(hash, outputs);
        return outputs;
    }

    static void TakeFrom(Func<TxHash, IReadOnlyList<TxOutput>?> outputsOf, IReadOnlyList<OutPoint> inputs, TxOutput?[] found)
    {
        for (var i = 0; i < found.Length; i++)
        {
            if (found[i] is null && outputsOf(inputs[i].Transaction) is { } list && inputs[i].Index < list.Count) found[i] = list[(int)inputs[i].Index];
        }
    }

    static HashSet<TxHash> WantedOf(IReadOnlyList<OutPoint> inputs, TxOutput?[] found) =>
        [.. inputs.Where((_, i) => found[i] is null).Select(static input => input.Transaction)];

    sealed record IndexedBlock(BlockHash Hash, IBlockOutputs Outputs);

    sealed record KnownBlock(BlockHash Hash, IReadOnlyDictionary<OutPoint, TxOutput> Outputs);
}
