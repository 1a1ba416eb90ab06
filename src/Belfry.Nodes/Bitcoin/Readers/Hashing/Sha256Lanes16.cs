using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Belfry.Nodes.Bitcoin.Readers.Hashing;

/// <summary>Sixteen messages at once with AVX-512.</summary>
readonly unsafe struct Sha256Lanes16 : ISha256Lanes
{
    public static bool IsSupported => Avx512BW.IsSupported;

    public static int Lanes => 16;

    public static void Load(byte* source, int* offsets, uint* words)
    {
        var output = (Vector512<uint>*)words;
        // 4 rows of 16 words become, per 128-bit lane, 4 words of 4 rows; the second step gathers the lanes.
        for (var group = 0; group < 4; group++)
        {
            var r0 = Row(source + offsets[group * 4]);
            var r1 = Row(source + offsets[(group * 4) + 1]);
            var r2 = Row(source + offsets[(group * 4) + 2]);
            var r3 = Row(source + offsets[(group * 4) + 3]);
            var t0 = Avx512F.UnpackLow(r0, r1).AsUInt64();
            var t1 = Avx512F.UnpackHigh(r0, r1).AsUInt64();
            var t2 = Avx512F.UnpackLow(r2, r3).AsUInt64();
            var t3 = Avx512F.UnpackHigh(r2, r3).AsUInt64();
            output[group] = Avx512F.UnpackLow(t0, t2).AsUInt32();
            output[4 + group] = Avx512F.UnpackHigh(t0, t2).AsUInt32();
            output[8 + group] = Avx512F.UnpackLow(t1, t3).AsUInt32();
            output[12 + group] = Avx512F.UnpackHigh(t1, t3).AsUInt32();
        }

        GatherLanes(output);
    }

    public static void Compress(uint* state, uint* words)
    {
        var s = (Vector512<uint>*)state;
        var w = (Vector512<uint>*)words;
        Vector512<uint> a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
        for (var t = 0; t < 64; t += 16)
        {
            if (t > 0) Expand(w);
            for (var i = 0; i < 16; i += 8)
            {
                Round(a, b, c, ref d, e, f, g, ref h, w[i], t + i);
                Round(h, a, b, ref c, d, e, f, ref g, w[i + 1], t + i + 1);
                Round(g, h, a, ref b, c, d, e, ref f, w[i + 2], t + i + 2);
                Round(f, g, h, ref a, b, c, d, ref e, w[i + 3], t + i + 3);
                Round(e, f, g, ref h, a, b, c, ref d, w[i + 4], t + i + 4);
                Round(d, e, f, ref g, h, a, b, ref c, w[i + 5], t + i + 5);
                Round(c, d, e, ref f, g, h, a, ref b, w[i + 6], t + i + 6);
                Round(b, c, d, ref e, f, g, h, ref a, w[i + 7], t + i + 7);
            }
        }

        s[0] = Avx512F.Add(s[0], a);
        s[1] = Avx512F.Add(s[1], b);
        s[2] = Avx512F.Add(s[2], c);
        s[3] = Avx512F.Add(s[3], d);
        s[4] = Avx512F.Add(s[4], e);
        s[5] = Avx512F.Add(s[5], f);
        s[6] = Avx512F.Add(s[6], g);
        s[7] = Avx512F.Add(s[7], h);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Row(byte* block) => Avx512BW.Shuffle(Avx512BW.LoadVector512(block), Vector512.Create(
        Vector256.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12))).AsUInt32();

    static void GatherLanes(Vector512<uint>* output)
    {
        // output[4k + g], 128-bit lane L, holds word 4L + k of rows 4g..4g+3; word 4L + k wants lane L of the four groups, in order.
        var rows = stackalloc Vector512<uint>[16];
        for (var k = 0; k < 4; k++)
        {
            var (a0, a1, a2, a3) = (output[4 * k], output[(4 * k) + 1], output[(4 * k) + 2], output[(4 * k) + 3]);
            var p0 = Avx512F.Shuffle4x128(a0, a1, 0x44);
            var p1 = Avx512F.Shuffle4x128(a0, a1, 0xEE);
            var q0 = Avx512F.Shuffle4x128(a2, a3, 0x44);
            var q1 = Avx512F.Shuffle4x128(a2, a3, 0xEE);
            rows[k] = Avx512F.Shuffle4x128(p0, q0, 0x88);
            rows[4 + k] = Avx512F.Shuffle4x128(p0, q0, 0xDD);
            rows[8 + k] = Avx512F.Shuffle4x128(p1, q1, 0x88);
            rows[12 + k] = Avx512F.Shuffle4x128(p1, q1, 0xDD);
        }

        for (var i = 0; i < 16; i++) output[i] = rows[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Expand(Vector512<uint>* w)
    {
        for (var i = 0; i < 16; i++)
        {
            var w15 = w[(i + 1) & 15];
            var w2 = w[(i + 14) & 15];
            var s0 = Avx512F.TernaryLogic(Avx512F.RotateRight(w15, 7), Avx512F.RotateRight(w15, 18), Avx512F.ShiftRightLogical(w15, 3), 0x96);
            var s1 = Avx512F.TernaryLogic(Avx512F.RotateRight(w2, 17), Avx512F.RotateRight(w2, 19), Avx512F.ShiftRightLogical(w2, 10), 0x96);
            w[i] = Avx512F.Add(Avx512F.Add(w[i], s0), Avx512F.Add(w[(i + 9) & 15], s1));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Round(
        Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, ref Vector512<uint> d,
        Vector512<uint> e, Vector512<uint> f, Vector512<uint> g, ref Vector512<uint> h, Vector512<uint> word, int t)
    {
        // Truth tables of TernaryLogic: 0x96 is exclusive or, 0xCA "e chooses f or g", 0xE8 majority.
        var s1 = Avx512F.TernaryLogic(Avx512F.RotateRight(e, 6), Avx512F.RotateRight(e, 11), Avx512F.RotateRight(e, 25), 0x96);
        var constant = Avx512F.Add(word, Vector512.Create(Sha256Constants.Round[t]));
        var sum = Avx512F.Add(Avx512F.Add(h, constant), Avx512F.Add(s1, Avx512F.TernaryLogic(e, f, g, 0xCA)));
        var s0 = Avx512F.TernaryLogic(Avx512F.RotateRight(a, 2), Avx512F.RotateRight(a, 13), Avx512F.RotateRight(a, 22), 0x96);
        d = Avx512F.Add(d, sum);
        h = Avx512F.Add(sum, Avx512F.Add(s0, Avx512F.TernaryLogic(a, b, c, 0xE8)));
    }
}
