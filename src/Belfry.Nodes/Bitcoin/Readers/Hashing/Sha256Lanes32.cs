using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Belfry.Nodes.Bitcoin.Readers.Hashing;

/// <summary>
/// Thirty-two messages at once with AVX-512: two vectors of sixteen, round by round in turns. The rounds of one message wait for each other; those of a
/// second vector fill the time.
/// </summary>
readonly unsafe struct Sha256Lanes32 : ISha256Lanes
{
    public static bool IsSupported => Avx512BW.IsSupported;

    public static int Lanes => 32;

    public static void Reset(uint* state, uint* mask)
    {
        var s = (Vector512<uint>*)state;
        var (mask1, mask2) = (((Vector512<uint>*)mask)[0], ((Vector512<uint>*)mask)[1]);
        for (var word = 0; word < 8; word++)
        {
            var initial = Vector512.Create(Sha256Constants.Initial[word]);
            s[2 * word] = Vector512.ConditionalSelect(mask1, initial, s[2 * word]);
            s[(2 * word) + 1] = Vector512.ConditionalSelect(mask2, initial, s[(2 * word) + 1]);
        }
    }

    public static void Load(byte* source, int* offsets, uint* words)
    {
        LaneTransposition.Load(source, offsets, (Vector512<uint>*)words);
        LaneTransposition.Load(source, offsets + 16, (Vector512<uint>*)words + 1);
    }

    public static void Store(uint* state, byte* hashes, int* offsets)
    {
        LaneTransposition.Store((Vector512<uint>*)state, hashes, offsets);
        LaneTransposition.Store((Vector512<uint>*)state + 1, hashes, offsets + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compress(uint* state, uint* words)
    {
        var s = (Vector512<uint>*)state;
        Vector512<uint> a1 = s[0], b1 = s[2], c1 = s[4], d1 = s[6], e1 = s[8], f1 = s[10], g1 = s[12], h1 = s[14];
        Vector512<uint> a2 = s[1], b2 = s[3], c2 = s[5], d2 = s[7], e2 = s[9], f2 = s[11], g2 = s[13], h2 = s[15];
        fixed (uint* constants = Sha256Constants.Round)
        {
            for (var t = 0; t < 64; t += 8)
            {
                var k = constants + t;
                var w = (Vector512<uint>*)words + (2 * (t & 8));
                Round(a1, b1, c1, ref d1, e1, f1, g1, ref h1, Avx512F.Add(w[0], Vector512.Create(k[0])));
                Round(a2, b2, c2, ref d2, e2, f2, g2, ref h2, Avx512F.Add(w[1], Vector512.Create(k[0])));
                Round(h1, a1, b1, ref c1, d1, e1, f1, ref g1, Avx512F.Add(w[2], Vector512.Create(k[1])));
                Round(h2, a2, b2, ref c2, d2, e2, f2, ref g2, Avx512F.Add(w[3], Vector512.Create(k[1])));
                Round(g1, h1, a1, ref b1, c1, d1, e1, ref f1, Avx512F.Add(w[4], Vector512.Create(k[2])));
                Round(g2, h2, a2, ref b2, c2, d2, e2, ref f2, Avx512F.Add(w[5], Vector512.Create(k[2])));
                Round(f1, g1, h1, ref a1, b1, c1, d1, ref e1, Avx512F.Add(w[6], Vector512.Create(k[3])));
                Round(f2, g2, h2, ref a2, b2, c2, d2, ref e2, Avx512F.Add(w[7], Vector512.Create(k[3])));
                Round(e1, f1, g1, ref h1, a1, b1, c1, ref d1, Avx512F.Add(w[8], Vector512.Create(k[4])));
                Round(e2, f2, g2, ref h2, a2, b2, c2, ref d2, Avx512F.Add(w[9], Vector512.Create(k[4])));
                Round(d1, e1, f1, ref g1, h1, a1, b1, ref c1, Avx512F.Add(w[10], Vector512.Create(k[5])));
                Round(d2, e2, f2, ref g2, h2, a2, b2, ref c2, Avx512F.Add(w[11], Vector512.Create(k[5])));
                Round(c1, d1, e1, ref f1, g1, h1, a1, ref b1, Avx512F.Add(w[12], Vector512.Create(k[6])));
                Round(c2, d2, e2, ref f2, g2, h2, a2, ref b2, Avx512F.Add(w[13], Vector512.Create(k[6])));
                Round(b1, c1, d1, ref e1, f1, g1, h1, ref a1, Avx512F.Add(w[14], Vector512.Create(k[7])));
                Round(b2, c2, d2, ref e2, f2, g2, h2, ref a2, Avx512F.Add(w[15], Vector512.Create(k[7])));
                if (t < 48) Expand(w, (Vector512<uint>*)words + (2 * (8 - (t & 8))));
            }
        }

        AddTo(s, a1, b1, c1, d1, e1, f1, g1, h1);
        AddTo(s + 1, a2, b2, c2, d2, e2, f2, g2, h2);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CompressKnown(uint* state, uint* schedule)
    {
        var s = (Vector512<uint>*)state;
        Vector512<uint> a1 = s[0], b1 = s[2], c1 = s[4], d1 = s[6], e1 = s[8], f1 = s[10], g1 = s[12], h1 = s[14];
        Vector512<uint> a2 = s[1], b2 = s[3], c2 = s[5], d2 = s[7], e2 = s[9], f2 = s[11], g2 = s[13], h2 = s[15];
        for (var k = schedule; k < schedule + 64; k += 8)
        {
            Round(a1, b1, c1, ref d1, e1, f1, g1, ref h1, Vector512.Create(k[0]));
            Round(a2, b2, c2, ref d2, e2, f2, g2, ref h2, Vector512.Create(k[0]));
            Round(h1, a1, b1, ref c1, d1, e1, f1, ref g1, Vector512.Create(k[1]));
            Round(h2, a2, b2, ref c2, d2, e2, f2, ref g2, Vector512.Create(k[1]));
            Round(g1, h1, a1, ref b1, c1, d1, e1, ref f1, Vector512.Create(k[2]));
            Round(g2, h2, a2, ref b2, c2, d2, e2, ref f2, Vector512.Create(k[2]));
            Round(f1, g1, h1, ref a1, b1, c1, d1, ref e1, Vector512.Create(k[3]));
            Round(f2, g2, h2, ref a2, b2, c2, d2, ref e2, Vector512.Create(k[3]));
            Round(e1, f1, g1, ref h1, a1, b1, c1, ref d1, Vector512.Create(k[4]));
            Round(e2, f2, g2, ref h2, a2, b2, c2, ref d2, Vector512.Create(k[4]));
            Round(d1, e1, f1, ref g1, h1, a1, b1, ref c1, Vector512.Create(k[5]));
            Round(d2, e2, f2, ref g2, h2, a2, b2, ref c2, Vector512.Create(k[5]));
            Round(c1, d1, e1, ref f1, g1, h1, a1, ref b1, Vector512.Create(k[6]));
            Round(c2, d2, e2, ref f2, g2, h2, a2, ref b2, Vector512.Create(k[6]));
            Round(b1, c1, d1, ref e1, f1, g1, h1, ref a1, Vector512.Create(k[7]));
            Round(b2, c2, d2, ref e2, f2, g2, h2, ref a2, Vector512.Create(k[7]));
        }

        AddTo(s, a1, b1, c1, d1, e1, f1, g1, h1);
        AddTo(s + 1, a2, b2, c2, d2, e2, f2, g2, h2);
    }

    // Replaces the eight words at w by those sixteen rounds later; "others" are the eight words between.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Expand(Vector512<uint>* w, Vector512<uint>* others)
    {
        for (var i = 0; i < 2; i++, w++, others++)
        {
            w[0] = Next(w[0], w[2], others[2], others[12]);
            w[2] = Next(w[2], w[4], others[4], others[14]);
            w[4] = Next(w[4], w[6], others[6], w[0]);
            w[6] = Next(w[6], w[8], others[8], w[2]);
            w[8] = Next(w[8], w[10], others[10], w[4]);
            w[10] = Next(w[10], w[12], others[12], w[6]);
            w[12] = Next(w[12], w[14], others[14], w[8]);
            w[14] = Next(w[14], others[0], w[0], w[10]);
        }
    }

    // The word sixteen, fifteen, seven and two rounds before.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Next(Vector512<uint> w16, Vector512<uint> w15, Vector512<uint> w7, Vector512<uint> w2)
    {
        var s0 = Avx512F.TernaryLogic(Avx512F.RotateRight(w15, 7), Avx512F.RotateRight(w15, 18), Avx512F.ShiftRightLogical(w15, 3), 0x96);
        var s1 = Avx512F.TernaryLogic(Avx512F.RotateRight(w2, 17), Avx512F.RotateRight(w2, 19), Avx512F.ShiftRightLogical(w2, 10), 0x96);
        return Avx512F.Add(Avx512F.Add(w16, w7), Avx512F.Add(s0, s1));
    }

    // The new e and a wait for the old e: what depends on it is added last.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Round(
        Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, ref Vector512<uint> d,
        Vector512<uint> e, Vector512<uint> f, Vector512<uint> g, ref Vector512<uint> h, Vector512<uint> word)
    {
        // Truth tables of TernaryLogic: 0x96 is exclusive or, 0xCA "e chooses f or g", 0xE8 majority.
        var s1 = Avx512F.TernaryLogic(Avx512F.RotateRight(e, 6), Avx512F.RotateRight(e, 11), Avx512F.RotateRight(e, 25), 0x96);
        var sum = Avx512F.Add(Avx512F.Add(Avx512F.Add(h, word), Avx512F.TernaryLogic(e, f, g, 0xCA)), s1);
        var s0 = Avx512F.TernaryLogic(Avx512F.RotateRight(a, 2), Avx512F.RotateRight(a, 13), Avx512F.RotateRight(a, 22), 0x96);
        d = Avx512F.Add(d, sum);
        h = Avx512F.Add(sum, Avx512F.Add(s0, Avx512F.TernaryLogic(a, b, c, 0xE8)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddTo(
        Vector512<uint>* s, Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d,
        Vector512<uint> e, Vector512<uint> f, Vector512<uint> g, Vector512<uint> h)
    {
        s[0] = Avx512F.Add(s[0], a);
        s[2] = Avx512F.Add(s[2], b);
        s[4] = Avx512F.Add(s[4], c);
        s[6] = Avx512F.Add(s[6], d);
        s[8] = Avx512F.Add(s[8], e);
        s[10] = Avx512F.Add(s[10], f);
        s[12] = Avx512F.Add(s[12], g);
        s[14] = Avx512F.Add(s[14], h);
    }
}
