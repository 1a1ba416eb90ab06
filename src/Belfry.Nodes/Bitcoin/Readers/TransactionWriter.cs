using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Belfry.Core.Chains;

namespace Belfry.Nodes.Bitcoin.Readers;

/// <summary>Writes transactions and blocks in consensus serialisation (segwit form per BIP 144 where an input has a witness).</summary>
public static class TransactionWriter
{
    /// <summary>The transaction as it goes over the wire.</summary>
    public static byte[] Write(RawTransaction transaction)
    {
        var writer = new ArrayBufferWriter<byte>(256);
        Write(writer, transaction, withWitness: true);
        return writer.WrittenSpan.ToArray();
    }

    /// <summary>Appends the transaction; without the witness it is the form whose hash is the id.</summary>
    public static void Write(IBufferWriter<byte> writer, RawTransaction transaction, bool withWitness)
    {
        var segwit = withWitness && transaction.HasWitness;
        WriteUInt32(writer, (uint)transaction.Version);
        if (segwit) writer.Write("\0\u0001"u8);
        WriteCompactSize(writer, transaction.Inputs.Count);
        foreach (var input in transaction.Inputs)
        {
            input.Previous.CopyToWire(writer.GetSpan(OutPoint.WireSize));
            writer.Advance(OutPoint.WireSize);
            WriteBytes(writer, input.SignatureScript.Span);
            WriteUInt32(writer, input.Sequence);
        }

        WriteCompactSize(writer, transaction.Outputs.Count);
        foreach (var output in transaction.Outputs)
        {
            BinaryPrimitives.WriteInt64LittleEndian(writer.GetSpan(sizeof(long)), output.Value);
            writer.Advance(sizeof(long));
            WriteBytes(writer, output.Script.Span);
        }

        if (segwit) WriteWitnesses(writer, transaction);
        WriteUInt32(writer, transaction.LockTime);
    }

    /// <summary>The id: double SHA-256 of the form without witness.</summary>
    public static TxHash Id(RawTransaction transaction) => new(DoubleHash(transaction, withWitness: false));

    /// <summary>The witness id: double SHA-256 of the wire form.</summary>
    public static Hash256 WitnessId(RawTransaction transaction) => DoubleHash(transaction, withWitness: true);

    /// <summary>Header, count and transactions. The header is written as given: see <see cref="MerkleRoot"/>.</summary>
    public static byte[] WriteBlock(RawBlockHeader header, IReadOnlyList<RawTransaction> transactions)
    {
        var writer = new ArrayBufferWriter<byte>(1024);
        writer.Write(WriteHeader(header));
        WriteCompactSize(writer, transactions.Count);
        foreach (var transaction in transactions) Write(writer, transaction, withWitness: true);
        return writer.WrittenSpan.ToArray();
    }

    /// <summary>The 80 bytes of a header; their double SHA-256 is the block's hash.</summary>
    public static byte[] WriteHeader(RawBlockHeader header)
    {
        var bytes = new byte[80];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, header.Version);
        header.Previous.Value.CopyToWire(bytes.AsSpan(4));
        header.MerkleRoot.CopyToWire(bytes.AsSpan(36));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(68), header.Time);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(72), header.Bits);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(76), header.Nonce);
        return bytes;
    }

    /// <summary>The hash of a header.</summary>
    public static BlockHash Hash(RawBlockHeader header) => new(DoubleHash(WriteHeader(header)));

    /// <summary>Merkle root over ids in block order; an odd one out is paired with itself.</summary>
    public static Hash256 MerkleRoot(IReadOnlyList<TxHash> ids)
    {
        if (ids.Count == 0) throw new ArgumentException("A block has at least one transaction.", nameof(ids));
        Span<byte> pair = stackalloc byte[64];
        var level = new List<Hash256>(ids.Count);
        foreach (var id in ids) level.Add(id.Value);
        while (level.Count > 1)
        {
            var next = new List<Hash256>((level.Count + 1) / 2);
            for (var i = 0; i < level.Count; i += 2)
            {
                level[i].CopyToWire(pair);
                level[Math.Min(i + 1, level.Count - 1)].CopyToWire(pair[32..]);
                next.Add(DoubleHash(pair));
            }

            level = next;
        }

        return level[0];
    }

    /// <summary>Double SHA-256.</summary>
    public static Hash256 DoubleHash(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(bytes, hash);
        SHA256.HashData(hash, hash);
        return Hash256.FromWire(hash);
    }

    /// <summary>Appends Bitcoin's variable-length count in its shortest form.</summary>
    public static void WriteCompactSize(IBufferWriter<byte> writer, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var span = writer.GetSpan(9);
        switch (count)
        {
            case < 0xfd:
                span[0] = (byte)count;
                writer.Advance(1);
                break;
            case <= ushort.MaxValue:
                span[0] = 0xfd;
                BinaryPrimitives.WriteUInt16LittleEndian(span[1..], (ushort)count);
                writer.Advance(3);
                break;
            case <= uint.MaxValue:
                span[0] = 0xfe;
                BinaryPrimitives.WriteUInt32LittleEndian(span[1..], (uint)count);
                writer.Advance(5);
                break;
            default:
                span[0] = 0xff;
                BinaryPrimitives.WriteUInt64LittleEndian(span[1..], (ulong)count);
                writer.Advance(9);
                break;
        }
    }

    static void WriteWitnesses(IBufferWriter<byte> writer, RawTransaction transaction)
    {
        foreach (var input in transaction.Inputs)
        {
            WriteCompactSize(writer, input.Witness?.Count ?? 0);
            foreach (var item in input.Witness ?? []) WriteBytes(writer, item.Span);
        }
    }

    static Hash256 DoubleHash(RawTransaction transaction, bool withWitness)
    {
        var writer = new ArrayBufferWriter<byte>(256);
        Write(writer, transaction, withWitness);
        return DoubleHash(writer.WrittenSpan);
    }

    static void WriteBytes(IBufferWriter<byte> writer, ReadOnlySpan<byte> bytes)
    {
        WriteCompactSize(writer, bytes.Length);
        writer.Write(bytes);
    }

    static void WriteUInt32(IBufferWriter<byte> writer, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(writer.GetSpan(sizeof(uint)), value);
        writer.Advance(sizeof(uint));
    }
}
