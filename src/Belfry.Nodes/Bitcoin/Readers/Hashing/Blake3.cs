using System.Buffers.Binary;
using System.Numerics;

namespace Belfry.Nodes.Bitcoin.Readers.Hashing;

/// <summary>BLAKE3 with 32 bytes of output, unkeyed (its specification, §2): what names a transaction of Litecoin's extension block.</summary>
static class Blake3
{
    const int ChunkSize = 1024, BlockSize = 64;
    const uint ChunkStart = 1, ChunkEnd = 2, Parent = 4, Root = 8;

    static ReadOnlySpan<uint> Initial => [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19];

    static ReadOnlySpan<byte> Permutation => [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];

    /// <summary>Hashes <paramref name="input"/> into 32 bytes.</summary>
    public static void Hash(ReadOnlySpan<byte> input, Span<byte> hash)
    {
        Span<uint> value = stackalloc uint[8];
        HashTree(input, 0, Root, value);
        for (var i = 0; i < 8; i++) BinaryPrimitives.WriteUInt32LittleEndian(hash[(i * 4)..], value[i]);
    }

    static void HashTree(ReadOnlySpan<byte> input, ulong counter, uint flags, Span<uint> value)
    {
        if (input.Length <= ChunkSize)
        {
            HashChunk(input, counter, flags, value);
            return;
        }

        // The left side is the largest power of two of whole chunks that leaves something for the right side.
        var left = ChunkSize * (int)(BitOperations.RoundUpToPowerOf2((uint)((input.Length - 1) / ChunkSize) + 1) / 2);
        Span<uint> block = stackalloc uint[16];
        HashTree(input[..left], counter, 0, block);
        HashTree(input[left..], counter + (ulong)(left / ChunkSize), 0, block[8..]);
        Initial.CopyTo(value);
        Compress(value, block, 0, BlockSize, Parent | flags);
    }

    static void HashChunk(ReadOnlySpan<byte> input, ulong counter, uint flags, Span<uint> value)
    {
        Span<uint> block = stackalloc uint[16];
        Span<byte> padded = stackalloc byte[BlockSize];
        Initial.CopyTo(value);
        var blockFlags = ChunkStart;
        do
        {
            var length = Math.Min(input.Length, BlockSize);
            padded.Clear();
            input[..length].CopyTo(padded);
            for (var i = 0; i < 16; i++) block[i] = BinaryPrimitives.ReadUInt32LittleEndian(padded[(i * 4)..]);
            input = input[length..];
            if (input.IsEmpty) blockFlags |= ChunkEnd | flags;
            Compress(value, block, counter, (uint)length, blockFlags);
            blockFlags = 0;
        }
        while (!input.IsEmpty);
    }

    static void Compress(Span<uint> value, Span<uint> block, ulong counter, uint length, uint flags)
    {
        Span<uint> v = [.. value[..8], .. Initial[..4], (uint)counter, (uint)(counter >> 32), length, flags];
        Span<uint> m = [.. block];
        Span<uint> permuted = stackalloc uint[16];
        for (var round = 0; round < 7; round++)
        {
            for (var i = 0; i < 4; i++) Mix(v, i, 4 + i, 8 + i, 12 + i, m[2 * i], m[(2 * i) + 1]);
            for (var i = 0; i < 4; i++) Mix(v, i, 4 + ((i + 1) & 3), 8 + ((i + 2) & 3), 12 + ((i + 3) & 3), m[8 + (2 * i)], m[9 + (2 * i)]);
            for (var i = 0; i < 16; i++) permuted[i] = m[Permutation[i]];
            permuted.CopyTo(m);
        }

        for (var i = 0; i < 8; i++) value[i] = v[i] ^ v[8 + i];
    }

    static void Mix(Span<uint> v, int a, int b, int c, int d, uint x, uint y)
    {
        v[a] += v[b] + x;
        v[d] = BitOperations.RotateRight(v[d] ^ v[a], 16);
        v[c] += v[d];
        v[b] = BitOperations.RotateRight(v[b] ^ v[c], 12);
        v[a] += v[b] + y;
        v[d] = BitOperations.RotateRight(v[d] ^ v[a], 8);
        v[c] += v[d];
        v[b] = BitOperations.RotateRight(v[b] ^ v[c], 7);
    }
}
