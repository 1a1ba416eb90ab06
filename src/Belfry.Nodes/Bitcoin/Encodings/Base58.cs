using System.Buffers;

namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>Base 58 as Bitcoin uses it: big-endian number, one leading '1' for each leading zero byte. Quadratic in length, hence bounded.</summary>
public static class Base58
{
    /// <summary>Longest text that is read.</summary>
    public const int MaxTextLength = 720;

    /// <summary>Longest data that is written, in bytes.</summary>
    public const int MaxDataLength = 512;

    // Five digits at a time: 58^5 is the largest power below 2^32 that keeps limb * power + carry in 64 bits.
    const int Chunk = 5;
    const uint ChunkPower = 58 * 58 * 58 * 58 * 58;
    const byte None = 0xFF;

    static readonly byte[] Values = BuildValues();

    static ReadOnlySpan<byte> Alphabet => "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"u8;

    /// <summary>Index of the first character that is not in the alphabet, or -1.</summary>
    public static int IndexOfForeign(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
            if (ValueOf(text[i]) == None) return i;

        return -1;
    }

    /// <summary>Reads a text.</summary>
    /// <param name="text">Digits; nothing else, no white space.</param>
    /// <param name="destination">Where the bytes go.</param>
    /// <param name="written">How many bytes were written.</param>
    /// <returns>
    /// <see cref="OperationStatus.InvalidData"/> for a foreign character or a text longer than <see cref="MaxTextLength"/>,
    /// <see cref="OperationStatus.DestinationTooSmall"/> when the bytes do not fit.
    /// </returns>
    public static OperationStatus Decode(ReadOnlySpan<char> text, Span<byte> destination, out int written)
    {
        written = 0;
        if (text.Length > MaxTextLength) return OperationStatus.InvalidData;
        var zeros = text.IndexOfAnyExcept('1');
        if (zeros < 0) zeros = text.Length;
        Span<uint> limbs = stackalloc uint[(text.Length * 188 / 1024) + 2]; // log2(58) / 32 < 188 / 1024
        var used = 0;
        for (var i = zeros; i < text.Length; i += Chunk)
        {
            ulong carry = 0;
            ulong power = 1;
            for (var j = i; j < Math.Min(i + Chunk, text.Length); j++)
            {
                var value = ValueOf(text[j]);
                if (value == None) return OperationStatus.InvalidData;
                carry = (carry * 58) + value;
                power *= 58;
            }

            for (var k = 0; k < used; k++)
            {
                carry += limbs[k] * power;
                limbs[k] = (uint)carry;
                carry >>= 32;
            }

            if (carry != 0) limbs[used++] = (uint)carry;
        }

        return WriteBytes(limbs[..used], zeros, destination, out written);
    }

    /// <summary>Writes data as text; allocates the string only.</summary>
    /// <exception cref="ArgumentException">More than <see cref="MaxDataLength"/> bytes.</exception>
    public static string Encode(ReadOnlySpan<byte> data)
    {
        if (data.Length > MaxDataLength) throw new ArgumentException($"Base 58 is bounded to {MaxDataLength} bytes.", nameof(data));
        var zeros = data.IndexOfAnyExcept((byte)0);
        if (zeros < 0) zeros = data.Length;
        var body = data[zeros..];
        Span<uint> limbs = stackalloc uint[(body.Length + 3) / 4]; // most significant first
        limbs.Clear();
        for (var i = 0; i < body.Length; i++) limbs[limbs.Length - 1 - (i / 4)] |= (uint)body[body.Length - 1 - i] << (8 * (i % 4));
        Span<char> text = stackalloc char[zeros + (body.Length * 138 / 100) + Chunk + 1]; // log(256) / log(58) < 1.38
        var start = text.Length;
        for (var first = 0; first < limbs.Length;)
        {
            ulong remainder = 0;
            for (var k = first; k < limbs.Length; k++)
            {
                remainder = (remainder << 32) | limbs[k];
                limbs[k] = (uint)(remainder / ChunkPower);
                remainder %= ChunkPower;
            }

            while (first < limbs.Length && limbs[first] == 0) first++;
            for (var j = 0; j < Chunk && (remainder != 0 || first < limbs.Length); j++)
            {
                text[--start] = (char)Alphabet[(int)(remainder % 58)];
                remainder /= 58;
            }
        }

        text.Slice(start - zeros, zeros).Fill('1');
        return new string(text[(start - zeros)..]);
    }

    static OperationStatus WriteBytes(ReadOnlySpan<uint> limbs, int zeros, Span<byte> destination, out int written)
    {
        written = 0;
        var length = limbs.Length * 4;
        if (limbs.Length > 0) length -= System.Numerics.BitOperations.LeadingZeroCount(limbs[^1]) / 8;
        if (zeros + length > destination.Length) return OperationStatus.DestinationTooSmall;
        destination[..zeros].Clear();
        for (var i = 0; i < length; i++) destination[zeros + length - 1 - i] = (byte)(limbs[i / 4] >> (8 * (i % 4)));
        written = zeros + length;
        return OperationStatus.Done;
    }

    static byte ValueOf(char character) => character < Values.Length ? Values[character] : None;

    static byte[] BuildValues()
    {
        var values = new byte[128];
        values.AsSpan().Fill(None);
        for (var i = 0; i < Alphabet.Length; i++) values[Alphabet[i]] = (byte)i;
        return values;
    }
}
