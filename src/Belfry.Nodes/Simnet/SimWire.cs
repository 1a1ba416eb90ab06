using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using Belfry.Core.Chains;

namespace Belfry.Nodes.Simnet;

/// <summary>An input as it stands in a transaction's bytes.</summary>
readonly record struct WireInput(OutPoint Previous, byte[] SignatureScript, byte[][] Witness, uint Sequence);

/// <summary>
/// Bitcoin's consensus serialisation, written on its own: the simulated chain is the truth that the server's readers are compared with, so it
/// shares no code with them.
/// </summary>
sealed class SimWire
{
    /// <summary>Anyone may replace the transaction while it waits (BIP 125).</summary>
    public const uint Replaceable = 0xfffffffd;

    readonly ArrayBufferWriter<byte> bytes = new(256);

    public static SimTransaction Transaction(
        IReadOnlyList<WireInput> inputs, IReadOnlyList<SimOutput> outputs, IReadOnlyList<SimCoin> spent, bool isCoinbase, uint lockTime = 0)
    {
        var stripped = new SimWire().Body(inputs, outputs, lockTime, witness: false);
        var id = Hash(stripped);
        if (inputs.All(input => input.Witness.Length == 0)) return new SimTransaction(new TxHash(id), id, stripped, stripped.Length, spent, outputs, isCoinbase);
        var full = new SimWire().Body(inputs, outputs, lockTime, witness: true);
        return new SimTransaction(new TxHash(id), Hash(full), full, (stripped.Length * 3 + full.Length + 3) / 4, spent, outputs, isCoinbase);
    }

    public static byte[] Header(BlockHash previous, Hash256 merkleRoot, DateTimeOffset time, uint bits, uint nonce)
    {
        var header = new byte[80];
        BinaryPrimitives.WriteInt32LittleEndian(header, 0x20000000);
        previous.Value.CopyToWire(header.AsSpan(4));
        merkleRoot.CopyToWire(header.AsSpan(36));
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(68), (uint)time.ToUnixTimeSeconds());
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(72), bits);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(76), nonce);
        return header;
    }

    public static byte[] Block(ReadOnlySpan<byte> header, IReadOnlyList<SimTransaction> transactions)
    {
        var wire = new SimWire();
        wire.bytes.Write(header);
        wire.Count(transactions.Count);
        foreach (var transaction in transactions) wire.bytes.Write(transaction.Raw.Span);
        return wire.bytes.WrittenSpan.ToArray();
    }

    /// <summary>Pairs are hashed level by level; an odd one out is paired with itself.</summary>
    public static Hash256 MerkleRoot(IEnumerable<Hash256> leaves)
    {
        var level = leaves.ToList();
        Span<byte> pair = stackalloc byte[Hash256.Size * 2];
        while (level.Count > 1)
        {
            for (var index = 0; index < level.Count; index += 2)
            {
                level[index].CopyToWire(pair);
                level[Math.Min(index + 1, level.Count - 1)].CopyToWire(pair[Hash256.Size..]);
                level[index / 2] = Hash(pair);
            }

            level.RemoveRange((level.Count + 1) / 2, level.Count / 2);
        }

        return level[0];
    }

    public static Hash256 Hash(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[Hash256.Size];
        SHA256.HashData(data, hash);
        SHA256.HashData(hash, hash);
        return Hash256.FromWire(hash);
    }

    /// <summary>The largest hash that satisfies <paramref name="bits"/>.</summary>
    public static BigInteger Target(uint bits) => new BigInteger(bits & 0x7fffff) << (8 * ((int)(bits >> 24) - 3));

    /// <summary>Hashes that a block of this difficulty takes on average.</summary>
    public static BigInteger Work(uint bits) => (BigInteger.One << 256) / (Target(bits) + 1);

    public static BigInteger Number(Hash256 hash) => new(hash.ToArray(), isUnsigned: true, isBigEndian: true);

    /// <summary>A script's shortest push of a height, as BIP 34 wants it at the start of a coinbase.</summary>
    public static byte[] PushHeight(long height)
    {
        if (height is >= 1 and <= 16) return [(byte)(0x50 + height)];
        var number = new BigInteger(height).ToByteArray();
        return height == 0 ? [0] : [(byte)number.Length, .. number];
    }

    byte[] Body(IReadOnlyList<WireInput> inputs, IReadOnlyList<SimOutput> outputs, uint lockTime, bool witness)
    {
        Word32(2);
        if (witness) bytes.Write("\0\u0001"u8);
        Count(inputs.Count);
        Span<byte> outPoint = stackalloc byte[OutPoint.WireSize];
        foreach (var input in inputs)
        {
            input.Previous.CopyToWire(outPoint);
            bytes.Write(outPoint);
            Counted(input.SignatureScript);
            Word32(input.Sequence);
        }

        Count(outputs.Count);
        foreach (var output in outputs)
        {
            Word64(output.Value);
            Counted(output.Script.Span);
        }

        foreach (var input in witness ? inputs : [])
        {
            Count(input.Witness.Length);
            foreach (var item in input.Witness) Counted(item);
        }

        Word32(lockTime);
        return bytes.WrittenSpan.ToArray();
    }

    void Counted(ReadOnlySpan<byte> data)
    {
        Count(data.Length);
        bytes.Write(data);
    }

    void Count(int count)
    {
        Span<byte> size = stackalloc byte[5];
        switch (count)
        {
            case < 0xfd:
                size[0] = (byte)count;
                bytes.Write(size[..1]);
                return;
            case <= 0xffff:
                size[0] = 0xfd;
                BinaryPrimitives.WriteUInt16LittleEndian(size[1..], (ushort)count);
                bytes.Write(size[..3]);
                return;
            default:
                size[0] = 0xfe;
                BinaryPrimitives.WriteUInt32LittleEndian(size[1..], (uint)count);
                bytes.Write(size);
                return;
        }
    }

    void Word32(uint value)
    {
        Span<byte> word = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(word, value);
        bytes.Write(word);
    }

    void Word64(long value)
    {
        Span<byte> word = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(word, value);
        bytes.Write(word);
    }
}
