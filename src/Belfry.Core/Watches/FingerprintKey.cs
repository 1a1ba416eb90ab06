using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Belfry.Core.Runtime;

namespace Belfry.Core.Watches;

/// <summary>The secret of one index: without it nobody can find two scripts with one fingerprint.</summary>
public readonly struct FingerprintKey
{
    readonly ulong a, b;

    /// <summary>Draws a key.</summary>
    public FingerprintKey(IEntropy entropy)
    {
        Span<byte> bytes = stackalloc byte[16];
        entropy.Fill(bytes);
        a = BinaryPrimitives.ReadUInt64LittleEndian(bytes) | 1;
        b = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]) | 1;
    }

    /// <summary>64-bit fingerprint of a script; never zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Hash(ReadOnlySpan<byte> bytes)
    {
        var (x, y) = (a ^ (ulong)bytes.Length, b);
        while (bytes.Length >= 16)
        {
            x = Mix(x ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes), y ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
            bytes = bytes[16..];
        }

        Span<byte> rest = stackalloc byte[16];
        rest.Clear();
        bytes.CopyTo(rest);
        x = Mix(x ^ BinaryPrimitives.ReadUInt64LittleEndian(rest), y ^ BinaryPrimitives.ReadUInt64LittleEndian(rest[8..]));
        x = Mix(x ^ a, y);
        return x == 0 ? 1 : x;
    }

    /// <summary>64-bit fingerprint of a serialised outpoint of 36 bytes; never zero.</summary>
    public ulong HashOutPoint(ReadOnlySpan<byte> wire) => Hash(wire[..OutPointSize]);

    const int OutPointSize = 36;

    // Folded 64x64 multiplication: every input bit reaches every output bit.
    static ulong Mix(ulong x, ulong y)
    {
        var high = Math.BigMul(x, y, out var low);
        return high ^ low;
    }
}
