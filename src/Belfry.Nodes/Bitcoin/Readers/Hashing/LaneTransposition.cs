using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Belfry.Nodes.Bitcoin.Readers.Hashing;

/// <summary>Sixteen messages side by side become vectors of sixteen equal-numbered words, and back. The vectors stand two apart.</summary>
static unsafe class LaneTransposition
{
    /// <summary>Reads 64 bytes per lane as big-endian words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Load(byte* source, int* offsets, Vector512<uint>* words)
    {
        var order = ByteOrder();
        var a0 = Row(source + offsets[0], order);
        var a1 = Row(source + offsets[1], order);
        var a2 = Row(source + offsets[2], order);
        var a3 = Row(source + offsets[3], order);
        Interleave(ref a0, ref a1, ref a2, ref a3);
        var b0 = Row(source + offsets[4], order);
        var b1 = Row(source + offsets[5], order);
        var b2 = Row(source + offsets[6], order);
        var b3 = Row(source + offsets[7], order);
        Interleave(ref b0, ref b1, ref b2, ref b3);
        var c0 = Row(source + offsets[8], order);
        var c1 = Row(source + offsets[9], order);
        var c2 = Row(source + offsets[10], order);
        var c3 = Row(source + offsets[11], order);
        Interleave(ref c0, ref c1, ref c2, ref c3);
        var d0 = Row(source + offsets[12], order);
        var d1 = Row(source + offsets[13], order);
        var d2 = Row(source + offsets[14], order);
        var d3 = Row(source + offsets[15], order);
        Interleave(ref d0, ref d1, ref d2, ref d3);
        Gather(a0, b0, c0, d0, words);
        Gather(a1, b1, c1, d1, words + 2);
        Gather(a2, b2, c2, d2, words + 4);
        Gather(a3, b3, c3, d3, words + 6);
    }

    /// <summary>Writes eight words per lane, big-endian.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Store(Vector512<uint>* words, byte* target, int* offsets)
    {
        var order = ByteOrder();
        for (var half = 0; half < 2; half++, words += 8, target += 16)
        {
            var v0 = Swap(words[0], order);
            var v1 = Swap(words[2], order);
            var v2 = Swap(words[4], order);
            var v3 = Swap(words[6], order);
            // Part L of the k-th vector: the four words of lane 4L + k.
            Interleave(ref v0, ref v1, ref v2, ref v3);
            Scatter(v0, target, offsets);
            Scatter(v1, target, offsets + 1);
            Scatter(v2, target, offsets + 2);
            Scatter(v3, target, offsets + 3);
        }
    }

    static Vector512<byte> ByteOrder() => Vector512.Create(0x00010203, 0x04050607, 0x08090a0b, 0x0c0d0e0f, 0x00010203, 0x04050607, 0x08090a0b, 0x0c0d0e0f, 0x00010203, 0x04050607, 0x08090a0b, 0x0c0d0e0f, 0x00010203, 0x04050607, 0x08090a0b, 0x0c0d0e0f).AsByte();

    // A 4x4 transposition of words within each 128-bit part: part L of the k-th result is word 4L + k of the four rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Interleave(ref Vector512<uint> r0, ref Vector512<uint> r1, ref Vector512<uint> r2, ref Vector512<uint> r3)
    {
        var t0 = Avx512F.UnpackLow(r0, r1).AsUInt64();
        var t1 = Avx512F.UnpackHigh(r0, r1).AsUInt64();
        var t2 = Avx512F.UnpackLow(r2, r3).AsUInt64();
        var t3 = Avx512F.UnpackHigh(r2, r3).AsUInt64();
        r0 = Avx512F.UnpackLow(t0, t2).AsUInt32();
        r1 = Avx512F.UnpackHigh(t0, t2).AsUInt32();
        r2 = Avx512F.UnpackLow(t1, t3).AsUInt32();
        r3 = Avx512F.UnpackHigh(t1, t3).AsUInt32();
    }

    // Part L of the four, in order, is word 4L + k of the sixteen rows: a 4x4 transposition of 128-bit parts.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Gather(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d, Vector512<uint>* words)
    {
        var p0 = Avx512F.Shuffle4x128(a, b, 0x44);
        var p1 = Avx512F.Shuffle4x128(a, b, 0xEE);
        var q0 = Avx512F.Shuffle4x128(c, d, 0x44);
        var q1 = Avx512F.Shuffle4x128(c, d, 0xEE);
        words[0] = Avx512F.Shuffle4x128(p0, q0, 0x88);
        words[8] = Avx512F.Shuffle4x128(p0, q0, 0xDD);
        words[16] = Avx512F.Shuffle4x128(p1, q1, 0x88);
        words[24] = Avx512F.Shuffle4x128(p1, q1, 0xDD);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Scatter(Vector512<uint> vector, byte* target, int* offsets)
    {
        Avx512F.ExtractVector128(vector, 0).Store((uint*)(target + offsets[0]));
        Avx512F.ExtractVector128(vector, 1).Store((uint*)(target + offsets[4]));
        Avx512F.ExtractVector128(vector, 2).Store((uint*)(target + offsets[8]));
        Avx512F.ExtractVector128(vector, 3).Store((uint*)(target + offsets[12]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Row(byte* block, Vector512<byte> order) => Avx512BW.Shuffle(Avx512F.LoadVector512(block), order).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Swap(Vector512<uint> vector, Vector512<byte> order) => Avx512BW.Shuffle(vector.AsByte(), order).AsUInt32();
}
