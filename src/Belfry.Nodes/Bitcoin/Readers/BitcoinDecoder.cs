using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Readers.Hashing;

namespace Belfry.Nodes.Bitcoin.Readers;

/// <summary>
/// Reads the blocks and transactions of the Bitcoin family and finds what is watched. One pass over a block collects ids and fingerprints, one batch of
/// look-ups finds the hits; only transactions that touch something are built. Buffers are kept between calls: one caller at a time.
/// </summary>
/// <param name="format">The chain's serialisation.</param>
/// <param name="inference">Names the script that an input spends.</param>
public sealed class BitcoinDecoder(TransactionFormat format, IScriptInference inference) : IChainDecoder
{
    readonly Sha256Batch batch = new();
    readonly MerkleTree merkle = new();
    readonly FingerprintBuffer spends = new();
    readonly FingerprintBuffer payments = new();
    readonly HashSet<ulong> ownOutPoints = [];
    byte[] ids = [];
    int[] starts = [];
    bool[] touched = [];

    /// <summary>A decoder for a chain and network that Belfry knows.</summary>
    public BitcoinDecoder(BitcoinNetwork network)
        : this(TransactionFormats.Of(network.Profile.Id.Value), new ClaimedScripts(network.Rules))
    {
    }

    /// <inheritdoc/>
    public MatchedBlock MatchBlock(ReadOnlyMemory<byte> raw, WatchIndex index)
    {
        var data = raw.Span;
        var block = new BlockReader(data, format);
        Scan(ref block, index.Key);
        CheckMerkleRoot(ref block);
        var matches = FindTouched(index, block.TransactionCount) ? Build(data, block.TransactionCount) : [];
        return new MatchedBlock(
            block.ComputeHash(), block.Previous, block.Time, block.TransactionCount, matches, ids.AsMemory(0, block.TransactionCount * Hash256.Size));
    }

    /// <inheritdoc/>
    public MatchedTransaction MatchTransaction(ReadOnlyMemory<byte> raw, WatchIndex index)
    {
        var transaction = TransactionReader.Read(raw.Span, format);
        var id = transaction.ComputeId();
        return new MatchedTransaction(id, Touches(transaction, index) ? Build(transaction, id, position: -1) : null);
    }

    /// <inheritdoc/>
    public ChainTransaction DecodeTransaction(ReadOnlyMemory<byte> raw)
    {
        var transaction = TransactionReader.Read(raw.Span, format);
        return Build(transaction, transaction.ComputeId(), position: -1);
    }

    void Scan(ref BlockReader block, FingerprintKey key)
    {
        batch.Clear();
        spends.Clear();
        payments.Clear();
        for (var position = 0; block.MoveNext(); position++)
        {
            var transaction = block.Current;
            Reserve(position);
            starts[position] = transaction.Start;
            batch.Add((uint)transaction.Version, transaction.Body, transaction.LockTime, ids);
            transaction.Fingerprint(key, spends, payments, position);
        }

        batch.Flush(ids);
    }

    void CheckMerkleRoot(ref BlockReader block)
    {
        Span<byte> root = stackalloc byte[Hash256.Size];
        var sound = merkle.TryComputeRoot(ids.AsSpan(0, block.TransactionCount * Hash256.Size), root);
        if (!root.SequenceEqual(block.MerkleRootWire))
        {
            throw new MalformedDataException("block", $"its transactions hash to merkle root {Hash256.FromWire(root)}, its header says {block.MerkleRoot}");
        }

        if (!sound) throw new MalformedDataException("block", "transactions at its end are repeated (CVE-2012-2459)");
    }

    bool FindTouched(WatchIndex index, int count)
    {
        touched.AsSpan(0, count).Clear();
        var paid = payments.Find(index.Scripts);
        var spent = spends.Find(index.OutPoints);
        foreach (var hit in paid) touched[payments.Positions[hit]] = true;
        foreach (var hit in spent) touched[spends.Positions[hit]] = true;
        if (paid.Length > 0) FindSpendsWithinBlock(paid, index.Key);
        return paid.Length + spent.Length > 0;
    }

    // The index does not know the coins that this very block creates; their spender may stand before or after them.
    void FindSpendsWithinBlock(ReadOnlySpan<int> paid, FingerprintKey key)
    {
        ownOutPoints.Clear();
        Span<byte> wire = stackalloc byte[OutPoint.WireSize];
        var first = 0;
        foreach (var hit in paid)
        {
            var position = payments.Positions[hit];
            while (payments.Positions[first] != position) first++;
            ids.AsSpan(position * Hash256.Size, Hash256.Size).CopyTo(wire);
            BinaryPrimitives.WriteInt32LittleEndian(wire[Hash256.Size..], hit - first);
            ownOutPoints.Add(key.HashOutPoint(wire));
        }

        var fingerprints = spends.Fingerprints;
        for (var i = 0; i < fingerprints.Length; i++)
        {
            if (ownOutPoints.Contains(fingerprints[i])) touched[spends.Positions[i]] = true;
        }
    }

    List<ChainTransaction> Build(ReadOnlySpan<byte> data, int count)
    {
        var matches = new List<ChainTransaction>();
        for (var position = 0; position < count; position++)
        {
            if (!touched[position]) continue;
            var reader = new WireReader(data, starts[position], "block");
            var transaction = TransactionReader.ReadNext(ref reader, data, format);
            matches.Add(Build(transaction, new TxHash(Hash256.FromWire(ids.AsSpan(position * Hash256.Size, Hash256.Size))), position));
        }

        return matches;
    }

    ChainTransaction Build(TransactionReader transaction, TxHash id, int position)
    {
        var coinbase = transaction.IsCoinbase;
        var inputs = new List<TxInput>(coinbase ? 0 : transaction.InputCount);
        if (!coinbase)
        {
            foreach (var input in transaction.Inputs) inputs.Add(new TxInput(input.Previous, inference.Infer(input)));
        }

        var outputs = new List<TxOutput>(transaction.OutputCount);
        foreach (var output in transaction.Outputs) outputs.Add(new TxOutput((uint)outputs.Count, new Script(output.Script), output.Value));
        return new ChainTransaction { Id = id, IsCoinbase = coinbase, Position = position, Inputs = inputs, Outputs = outputs };
    }

    static bool Touches(TransactionReader transaction, WatchIndex index)
    {
        foreach (var output in transaction.Outputs)
        {
            if (index.Scripts.Contains(index.Key.Hash(output.Script))) return true;
        }

        foreach (var input in transaction.Inputs)
        {
            if (index.OutPoints.Contains(index.Key.HashOutPoint(input.PreviousWire))) return true;
        }

        return false;
    }

    // Grows with the transactions that were really read, never by the count that a block claims.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Reserve(int position)
    {
        if (position >= starts.Length) Grow();
    }

    void Grow()
    {
        var size = Math.Max(1024, starts.Length * 2);
        Array.Resize(ref starts, size);
        Array.Resize(ref touched, size);
        Array.Resize(ref ids, size * Hash256.Size);
    }
}
