using System.Buffers.Binary;

namespace Belfry.TestKit.Hostile;

/// <summary>
/// Changes valid bytes into almost valid ones: flipped bits, boundary numbers, cut, repeated, moved and foreign pieces, words of a dictionary. Seeded: the same seed
/// makes the same bytes in the same order.
/// </summary>
public sealed class Mutator(ulong seed, IReadOnlyList<byte[]>? dictionary = null)
{
    static readonly long[] Boundaries =
    [
        0, 1, -1, 2, 16, 32, 64, 100, 127, 128, 129, 252, 253, 254, 255, 256, 512, 1000, 1024, 4096, 32767, 32768, 65535, 65536, 0x02000000, 0x02000001, int.MaxValue, int.MinValue,
        uint.MaxValue, 1L << 53, (1L << 53) + 1, long.MaxValue, long.MinValue,
    ];

    readonly IReadOnlyList<byte[]> words = dictionary ?? [];
    ulong state = seed;

    /// <summary>A number from 0 up to below <paramref name="limit"/>.</summary>
    public int Below(int limit) => limit <= 1 ? 0 : (int)((uint)(Next() >> 32) % (uint)limit);

    /// <summary>True once in <paramref name="times"/>.</summary>
    public bool Once(int times) => Below(times) == 0;

    /// <summary>One of several.</summary>
    public T Pick<T>(IReadOnlyList<T> choices) => choices[Below(choices.Count)];

    /// <summary>Random bytes.</summary>
    public byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        for (var i = 0; i < length; i++) bytes[i] = (byte)(Next() >> 56);
        return bytes;
    }

    /// <summary>A changed copy of <paramref name="input"/>, at most <paramref name="longest"/> bytes.</summary>
    /// <param name="input">Something valid, or mutated before.</param>
    /// <param name="longest">The result is cut here.</param>
    /// <param name="other">Another input whose pieces may be taken over.</param>
    public byte[] Mutate(ReadOnlySpan<byte> input, int longest, ReadOnlySpan<byte> other = default)
    {
        var data = new List<byte>(input.Length + 64);
        data.AddRange(input);
        if (other.Length > 0 && Once(4)) Splice(data, other);
        for (var steps = 1 << Below(5); steps > 0; steps--) Step(data, other);
        if (data.Count > longest) data.RemoveRange(longest, data.Count - longest);
        return [.. data];
    }

    /// <summary>The next 64 bits (SplitMix64).</summary>
    public ulong Next()
    {
        var z = state += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    void Step(List<byte> data, ReadOnlySpan<byte> other)
    {
        if (data.Count == 0)
        {
            data.AddRange(Bytes(1 + Below(8)));
            return;
        }

        switch (Below(words.Count > 0 ? 16 : 13))
        {
            case 0 or 1: data[Below(data.Count)] ^= (byte)(1 << Below(8)); break;
            case 2: data[Below(data.Count)] = (byte)(Next() >> 56); break;
            case 3: data[Below(data.Count)] += (byte)(1 + Below(35)); break;
            case 4: data[Below(data.Count)] -= (byte)(1 + Below(35)); break;
            case 5 or 6: WriteNumber(data); break;
            case 7: Remove(data); break;
            case 8: data.InsertRange(Below(data.Count + 1), Bytes(1 + Below(16))); break;
            case 9: Repeat(data); break;
            case 10: Move(data); break;
            case 11: Truncate(data); break;
            case 12 when other.Length > 0: Take(data, other); break;
            case 12: data[Below(data.Count)] = 0; break;
            default: Word(data); break;
        }
    }

    void Splice(List<byte> data, ReadOnlySpan<byte> other)
    {
        var at = Below(data.Count + 1);
        data.RemoveRange(at, data.Count - at);
        data.AddRange(other[Below(other.Length)..]);
    }

    void Take(List<byte> data, ReadOnlySpan<byte> other)
    {
        var start = Below(other.Length);
        var piece = other.Slice(start, 1 + Below(Math.Min(other.Length - start, 64))).ToArray();
        var at = Below(data.Count + 1);
        if (Once(2)) data.RemoveRange(at, Math.Min(piece.Length, data.Count - at));
        data.InsertRange(at, piece);
    }

    void Truncate(List<byte> data)
    {
        if (!Once(4)) return;
        var at = Below(data.Count);
        data.RemoveRange(at, data.Count - at);
    }

    void Remove(List<byte> data)
    {
        var at = Below(data.Count);
        data.RemoveRange(at, Math.Min(1 + Below(Once(4) ? 256 : 16), data.Count - at));
    }

    void Repeat(List<byte> data)
    {
        var at = Below(data.Count);
        var piece = data.GetRange(at, Math.Min(1 + Below(32), data.Count - at));
        for (var times = 1 + Below(Once(8) ? 64 : 3); times > 0; times--) data.InsertRange(at, piece);
    }

    void Move(List<byte> data)
    {
        var at = Below(data.Count);
        var piece = data.GetRange(at, Math.Min(1 + Below(32), data.Count - at));
        data.RemoveRange(at, piece.Count);
        data.InsertRange(Below(data.Count + 1), piece);
    }

    void Word(List<byte> data)
    {
        var word = Pick(words);
        var at = Below(data.Count + 1);
        if (Once(2)) data.RemoveRange(at, Math.Min(word.Length, data.Count - at));
        data.InsertRange(at, word);
    }

    void WriteNumber(List<byte> data)
    {
        Span<byte> bytes = stackalloc byte[8];
        var value = Pick(Boundaries) + (Once(4) ? Below(5) - 2 : 0);
        if (Once(2)) BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        else BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        var size = 1 << Below(4);
        var piece = bytes[0] == 0 && bytes[7] != 0 ? bytes[^size..] : bytes[..size];
        var at = Below(data.Count);
        for (var i = 0; i < piece.Length && at + i < data.Count; i++) data[at + i] = piece[i];
    }
}
