using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using Belfry.Core.Runtime;

namespace Belfry.Core.Watches;

/// <summary>The secret of one index: without it nobody can find two scripts with one fingerprint.</summary>
public readonly struct FingerprintKey
{
    const int OutPointSize = 36;
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
        var x = a;
        var at = 0;
        for (; at + 16 < bytes.Length; at += 16) x = Step(x, Word(bytes, at), Word(bytes, at + 8));
        // The last 1 to 16 bytes; the words may overlap what went before, hence the length in the last step.
        if (bytes.Length >= 16) x = Step(x, Word(bytes, bytes.Length - 16), Word(bytes, bytes.Length - 8));
        else if (bytes.Length >= 8) x = Step(x, Word(bytes, 0), Word(bytes, bytes.Length - 8));
        else x = Step(x, Short(bytes), 0);
        return Finish(x, bytes.Length);
    }

    /// <summary>64-bit fingerprint of a serialised outpoint of 36 bytes; never zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong HashOutPoint(ReadOnlySpan<byte> wire)
    {
        // What Hash does with 36 bytes, without its loop.
        var bytes = wire[..OutPointSize];
        var x = Step(Step(Step(a, Word(bytes, 0), Word(bytes, 8)), Word(bytes, 16), Word(bytes, 24)), Word(bytes, OutPointSize - 16), Word(bytes, OutPointSize - 8));
        return Finish(x, OutPointSize);
    }

    // Never beside content: a length that meets the bytes in one word could be undone by them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    ulong Finish(ulong x, int length)
    {
        x = Fold(x ^ BitOperations.RotateLeft(a, 32), b ^ ((ulong)length << 1));
        return x == 0 ? 1 : x;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    static ulong Short(ReadOnlySpan<byte> bytes)
    {
        var word = 0UL;
        foreach (var value in bytes) word = (word << 8) | value;
        return word;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    ulong Step(ulong x, ulong first, ulong second) => Fold(x ^ first, b ^ second);

    // Folded 64x64 multiplication: every input bit reaches every output bit.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Fold(ulong x, ulong y)
    {
        var high = Math.BigMul(x, y, out var low);
        return high ^ low;
    }
}
