using System.Buffers.Binary;
using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Readers.Hashing;

namespace Belfry.Nodes.Bitcoin.Readers;

/// <summary>
/// One block in its serialised form, read in place: header, the parent chain's proof where it is merge-mined, then the transactions one after the other in
/// whatever order they stand. The proof of work is not checked.
/// </summary>
public ref struct BlockReader
{
    /// <summary>Length of a header.</summary>
    public const int HeaderSize = 80;

    const int SmallestTransaction = 10;
    const int AuxPowVersionBit = 0x100;
    readonly ReadOnlySpan<byte> data;
    readonly TransactionFormat format;
    WireReader reader;
    int read;

    /// <summary>Reads the header and the number of transactions.</summary>
    /// <exception cref="Core.Runtime.MalformedDataException">Truncated, or a count that cannot be.</exception>
    public BlockReader(ReadOnlySpan<byte> data, TransactionFormat format)
    {
        this.data = data;
        this.format = format;
        reader = new WireReader(data, 0, "block");
        reader.Skip(HeaderSize, "header");
        if (format.Has(TransactionFormat.AuxPow) && (Version & AuxPowVersionBit) != 0) SkipAuxPow(ref reader, data);
        TransactionCount = reader.ReadCount(SmallestTransaction, "transaction count");
        if (TransactionCount == 0) throw reader.Fault("a block has at least one transaction", reader.Position);
        Current = default;
    }

    /// <summary>Version field.</summary>
    public readonly int Version => BinaryPrimitives.ReadInt32LittleEndian(data);

    /// <summary>Hash of the block below.</summary>
    public readonly BlockHash Previous => new(Hash256.FromWire(data.Slice(4, Hash256.Size)));

    /// <summary>The merkle root that the miner committed to.</summary>
    public readonly Hash256 MerkleRoot => Hash256.FromWire(MerkleRootWire);

    /// <summary>The miner's time.</summary>
    public readonly DateTimeOffset Time => DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadUInt32LittleEndian(data[68..]));

    /// <summary>How many transactions the block says it holds.</summary>
    public int TransactionCount { get; }

    /// <summary>The transaction reached.</summary>
    public TransactionReader Current { get; private set; }

    internal readonly ReadOnlySpan<byte> MerkleRootWire => data.Slice(36, Hash256.Size);

    /// <summary>Double SHA-256 of the header.</summary>
    public readonly BlockHash ComputeHash()
    {
        Span<byte> hash = stackalloc byte[Hash256.Size];
        Sha256Batch.DoubleHash(data[..HeaderSize], default, default, hash);
        return new BlockHash(Hash256.FromWire(hash));
    }

    /// <summary>Goes to the next transaction; after the last one, checks that the block ends where it should.</summary>
    /// <exception cref="Core.Runtime.MalformedDataException">The transaction is truncated, oversized or otherwise none; or the block does not end after the last.</exception>
    public bool MoveNext()
    {
        if (read == TransactionCount)
        {
            CheckEnd();
            return false;
        }

        Current = TransactionReader.ReadNext(ref reader, data, format);
        read++;
        return true;
    }

    void CheckEnd()
    {
        if (reader.Remaining == 0) return;
        // Only a block whose last transaction is a HogEx goes on: one presence byte, then the extension block to the end.
        if (!Current.IsHogEx) throw reader.Fault($"{reader.Remaining} bytes follow its last transaction", reader.Position);
        var at = reader.Position;
        var presence = reader.ReadByte("extension block presence");
        if (presence > 1 || (presence == 0) != (reader.Remaining == 0)) throw reader.Fault($"extension block presence is 0x{presence:x2} with {reader.Remaining} bytes behind it", at);
        reader.Skip(reader.Remaining, "extension block");
    }

    // Parent coinbase, its hash, its branch, index, the branch of chains, index, parent header (Namecoin's merged mining).
    static void SkipAuxPow(ref WireReader reader, ReadOnlySpan<byte> data)
    {
        TransactionReader.ReadNext(ref reader, data, TransactionFormat.Segwit);
        reader.Skip(Hash256.Size, "parent block hash");
        SkipBranch(ref reader);
        SkipBranch(ref reader);
        reader.Skip(HeaderSize, "parent header");
    }

    static void SkipBranch(ref WireReader reader)
    {
        var count = reader.ReadCount(Hash256.Size, "merkle branch length");
        reader.Skip(count * Hash256.Size, "merkle branch");
        reader.Skip(sizeof(int), "merkle branch index");
    }
}
