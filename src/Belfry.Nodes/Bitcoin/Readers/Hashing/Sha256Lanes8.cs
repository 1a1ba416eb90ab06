using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Belfry.Nodes.Bitcoin.Readers.Hashing;

/// <summary>Eight messages at once with AVX2.</summary>
readonly unsafe struct Sha256Lanes8 : ISha256Lanes
{
    public static bool IsSupported => Avx2.IsSupported;

    public static int Lanes => 8;

    public static void Reset(uint* state, uint* mask)
    {
        var s = (Vector256<uint>*)state;
        var which = *(Vector256<uint>*)mask;
        for (var word = 0; word < 8; word++) s[word] = Vector256.ConditionalSelect(which, Vector256.Create(Sha256Constants.Initial[word]), s[word]);
    }

    public static void Load(byte* source, int* offsets, uint* words)
    {
        var output = (Vector256<uint>*)words;
        for (var half = 0; half < 2; half++) Transpose(source + (32 * half), offsets, output + (8 * half));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compress(uint* state, uint* words)
    {
        var s = (Vector256<uint>*)state;
        var w = (Vector256<uint>*)words;
        Vector256<uint> a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
        for (var t = 0; t < 64; t += 16)
        {
            if (t > 0) Expand(w);
            for (var i = 0; i < 16; i += 8)
            {
                Round(a, b, c, ref d, e, f, g, ref h, w[i] + Vector256.Create(Sha256Constants.Round[t + i]));
                Round(h, a, b, ref c, d, e, f, ref g, w[i + 1] + Vector256.Create(Sha256Constants.Round[t + i + 1]));
                Round(g, h, a, ref b, c, d, e, ref f, w[i + 2] + Vector256.Create(Sha256Constants.Round[t + i + 2]));
                Round(f, g, h, ref a, b, c, d, ref e, w[i + 3] + Vector256.Create(Sha256Constants.Round[t + i + 3]));
                Round(e, f, g, ref h, a, b, c, ref d, w[i + 4] + Vector256.Create(Sha256Constants.Round[t + i + 4]));
                Round(d, e, f, ref g, h, a, b, ref c, w[i + 5] + Vector256.Create(Sha256Constants.Round[t + i + 5]));
                Round(c, d, e, ref f, g, h, a, ref b, w[i + 6] + Vector256.Create(Sha256Constants.Round[t + i + 6]));
                Round(b, c, d, ref e, f, g, h, ref a, w[i + 7] + Vector256.Create(Sha256Constants.Round[t + i + 7]));
            }
        }

        AddTo(s, a, b, c, d, e, f, g, h);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CompressKnown(uint* state, uint* schedule)
    {
        var s = (Vector256<uint>*)state;
        Vector256<uint> a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
        for (var k = schedule; k < schedule + 64; k += 8)
        {
            Round(a, b, c, ref d, e, f, g, ref h, Vector256.Create(k[0]));
            Round(h, a, b, ref c, d, e, f, ref g, Vector256.Create(k[1]));
            Round(g, h, a, ref b, c, d, e, ref f, Vector256.Create(k[2]));
            Round(f, g, h, ref a, b, c, d, ref e, Vector256.Create(k[3]));
            Round(e, f, g, ref h, a, b, c, ref d, Vector256.Create(k[4]));
            Round(d, e, f, ref g, h, a, b, ref c, Vector256.Create(k[5]));
            Round(c, d, e, ref f, g, h, a, ref b, Vector256.Create(k[6]));
            Round(b, c, d, ref e, f, g, h, ref a, Vector256.Create(k[7]));
        }

        AddTo(s, a, b, c, d, e, f, g, h);
    }

    public static void Store(uint* state, byte* hashes, int* offsets)
    {
        for (var lane = 0; lane < 8; lane++)
        {
            var hash = (uint*)(hashes + offsets[lane]);
            for (var word = 0; word < 8; word++) hash[word] = BinaryPrimitives.ReverseEndianness(state[(word * 8) + lane]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddTo(
        Vector256<uint>* s, Vector256<uint> a, Vector256<uint> b, Vector256<uint> c, Vector256<uint> d,
        Vector256<uint> e, Vector256<uint> f, Vector256<uint> g, Vector256<uint> h)
    {
        s[0] += a;
        s[1] += b;
        s[2] += c;
        s[3] += d;
        s[4] += e;
        s[5] += f;
        s[6] += g;
        s[7] += h;
    }

    // 8 rows of 8 words: 4 rows give, per 128-bit lane, 4 words of 4 rows; two such halves are joined lane by lane.
    static void Transpose(byte* source, int* offsets, Vector256<uint>* output)
    {
        var half = stackalloc Vector256<uint>[8];
        for (var group = 0; group < 2; group++)
        {
            var r0 = Row(source + offsets[group * 4]);
            var r1 = Row(source + offsets[(group * 4) + 1]);
            var r2 = Row(source + offsets[(group * 4) + 2]);
            var r3 = Row(source + offsets[(group * 4) + 3]);
            var t0 = Avx2.UnpackLow(r0, r1).AsUInt64();
            var t1 = Avx2.UnpackHigh(r0, r1).AsUInt64();
            var t2 = Avx2.UnpackLow(r2, r3).AsUInt64();
            var t3 = Avx2.UnpackHigh(r2, r3).AsUInt64();
            half[group * 4] = Avx2.UnpackLow(t0, t2).AsUInt32();
            half[(group * 4) + 1] = Avx2.UnpackHigh(t0, t2).AsUInt32();
            half[(group * 4) + 2] = Avx2.UnpackLow(t1, t3).AsUInt32();
            half[(group * 4) + 3] = Avx2.UnpackHigh(t1, t3).AsUInt32();
        }

        for (var k = 0; k < 4; k++)
        {
            output[k] = Avx2.Permute2x128(half[k], half[4 + k], 0x20);
            output[4 + k] = Avx2.Permute2x128(half[k], half[4 + k], 0x31);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<uint> Row(byte* block) => Avx2.Shuffle(Vector256.Load(block), Vector256.Create(
        (byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12)).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<uint> Rotate(Vector256<uint> value, int bits) => (value >>> bits) | (value << (32 - bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Expand(Vector256<uint>* w)
    {
        for (var i = 0; i < 16; i++)
        {
            var w15 = w[(i + 1) & 15];
            var w2 = w[(i + 14) & 15];
            var s0 = Rotate(w15, 7) ^ Rotate(w15, 18) ^ (w15 >>> 3);
            var s1 = Rotate(w2, 17) ^ Rotate(w2, 19) ^ (w2 >>> 10);
            w[i] += s0 + w[(i + 9) & 15] + s1;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Round(
        Vector256<uint> a, Vector256<uint> b, Vector256<uint> c, ref Vector256<uint> d,
        Vector256<uint> e, Vector256<uint> f, Vector256<uint> g, ref Vector256<uint> h, Vector256<uint> word)
    {
        var s1 = Rotate(e, 6) ^ Rotate(e, 11) ^ Rotate(e, 25);
        var choice = g ^ (e & (f ^ g));
        var sum = h + word + s1 + choice;
        var s0 = Rotate(a, 2) ^ Rotate(a, 13) ^ Rotate(a, 22);
        d += sum;
        h = sum + s0 + ((a & b) | (c & (a | b)));
    }
}
