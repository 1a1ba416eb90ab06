using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Belfry.Nodes.Simnet;

/// <summary>RIPEMD-160 (ISO/IEC 10118-3), which .NET does not have. Twenty-byte hashes of keys and scripts are made with it.</summary>
public static class Ripemd160
{
    static ReadOnlySpan<byte> LeftWords =>
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8, 3, 10, 14, 4, 9, 15, 8, 1, 2, 7, 0, 6, 13, 11, 5, 12,
        1, 9, 11, 10, 0, 8, 12, 4, 13, 3, 7, 15, 14, 5, 6, 2, 4, 0, 5, 9, 7, 12, 2, 10, 14, 1, 3, 8, 11, 6, 15, 13,
    ];

    static ReadOnlySpan<byte> RightWords =>
    [
        5, 14, 7, 0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12, 6, 11, 3, 7, 0, 13, 5, 10, 14, 15, 8, 12, 4, 9, 1, 2, 15, 5, 1, 3, 7, 14, 6, 9, 11, 8, 12, 2, 10, 0, 4, 13,
        8, 6, 4, 1, 3, 11, 15, 0, 5, 12, 2, 13, 9, 7, 10, 14, 12, 15, 10, 4, 1, 5, 8, 7, 6, 2, 13, 14, 0, 3, 9, 11,
    ];

    static ReadOnlySpan<byte> LeftTurns =>
    [
        11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8, 7, 6, 8, 13, 11, 9, 7, 15, 7, 12, 15, 9, 11, 7, 13, 12, 11, 13, 6, 7, 14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5,
        11, 12, 14, 15, 14, 15, 9, 8, 9, 14, 5, 6, 8, 6, 5, 12, 9, 15, 5, 11, 6, 8, 13, 12, 5, 12, 13, 14, 11, 8, 5, 6,
    ];

    static ReadOnlySpan<byte> RightTurns =>
    [
        8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6, 9, 13, 15, 7, 12, 8, 9, 11, 7, 7, 12, 7, 6, 15, 13, 11, 9, 7, 15, 11, 8, 6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5,
        15, 5, 8, 11, 14, 14, 6, 14, 6, 9, 12, 9, 12, 5, 15, 8, 8, 5, 12, 9, 12, 5, 14, 6, 8, 13, 6, 5, 15, 13, 11, 11,
    ];

    static ReadOnlySpan<uint> LeftConstants => [0, 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xa953fd4e];

    static ReadOnlySpan<uint> RightConstants => [0x50a28be6, 0x5c4dd124, 0x6d703ef3, 0x7a6d76e9, 0];

    /// <summary>What Bitcoin calls HASH160.</summary>
    public static byte[] OfSha256(ReadOnlySpan<byte> data) => Hash(SHA256.HashData(data));

    public static byte[] Hash(ReadOnlySpan<byte> data)
    {
        var padded = new byte[(data.Length + 9 + 63) / 64 * 64];
        data.CopyTo(padded);
        padded[data.Length] = 0x80;
        BinaryPrimitives.WriteUInt64LittleEndian(padded.AsSpan(padded.Length - 8), (ulong)data.Length * 8);
        Span<uint> state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
        for (var offset = 0; offset < padded.Length; offset += 64) Mix(state, padded.AsSpan(offset, 64));
        var hash = new byte[20];
        for (var index = 0; index < 5; index++) BinaryPrimitives.WriteUInt32LittleEndian(hash.AsSpan(index * 4), state[index]);
        return hash;
    }

    static void Mix(Span<uint> state, ReadOnlySpan<byte> block)
    {
        Span<uint> left = stackalloc uint[5], right = stackalloc uint[5];
        state.CopyTo(left);
        state.CopyTo(right);
        for (var step = 0; step < 80; step++)
        {
            var round = step / 16;
            Turn(left, Choose(round, left), BinaryPrimitives.ReadUInt32LittleEndian(block[(LeftWords[step] * 4)..]) + LeftConstants[round], LeftTurns[step]);
            Turn(right, Choose(4 - round, right), BinaryPrimitives.ReadUInt32LittleEndian(block[(RightWords[step] * 4)..]) + RightConstants[round], RightTurns[step]);
        }

        var first = state[1] + left[2] + right[3];
        state[1] = state[2] + left[3] + right[4];
        state[2] = state[3] + left[4] + right[0];
        state[3] = state[4] + left[0] + right[1];
        state[4] = state[0] + left[1] + right[2];
        state[0] = first;
    }

    static uint Choose(int round, ReadOnlySpan<uint> line) => round switch
    {
        0 => line[1] ^ line[2] ^ line[3],
        1 => (line[1] & line[2]) | (~line[1] & line[3]),
        2 => (line[1] | ~line[2]) ^ line[3],
        3 => (line[1] & line[3]) | (line[2] & ~line[3]),
        _ => line[1] ^ (line[2] | ~line[3]),
    };

    static void Turn(Span<uint> line, uint chosen, uint added, int by)
    {
        var turned = BitOperations.RotateLeft(line[0] + chosen + added, by) + line[4];
        line[0] = line[4];
        line[4] = line[3];
        line[3] = BitOperations.RotateLeft(line[2], 10);
        line[2] = line[1];
        line[1] = turned;
    }
}
