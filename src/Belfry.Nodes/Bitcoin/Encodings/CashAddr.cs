namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>What came of reading a CashAddr text.</summary>
/// <param name="Fault">What was wrong.</param>
/// <param name="Position">Index of the character concerned, or -1 when it concerns the whole.</param>
/// <param name="Length">How many values were read, without the checksum.</param>
public readonly record struct CashAddrReading(Base32Fault Fault, int Position, int Length);

/// <summary>
/// The address format of Bitcoin Cash: prefix, ':', values of five bits, eight values of checksum; the prefix may be left out, the checksum covers it all the same.
/// The values hold a version byte (type in bits 3 to 6, size of the hash in bits 0 to 2) and the hash.
/// </summary>
public static class CashAddr
{
    /// <summary>Longest text with its prefix: 251 bytes of data, as the specification allows, and a prefix of 30.</summary>
    public const int MaxLength = 442;

    /// <summary>How many values the checksum has.</summary>
    public const int ChecksumLength = 8;

    static readonly ulong[] Steps = BuildSteps();

    // By the size bits of the version byte.
    static ReadOnlySpan<byte> HashSizes => [20, 24, 28, 32, 40, 48, 56, 64];

    /// <summary>Length of the hash in bytes that a version byte promises.</summary>
    public static int HashSize(byte version) => HashSizes[version & 7];

    /// <summary>Reads the part after the colon and checks it.</summary>
    /// <param name="data">Data and checksum, all lower or all upper case.</param>
    /// <param name="prefix">The prefix it belongs to, of either case, without the colon.</param>
    /// <param name="values">Room for as many values as <paramref name="data"/> has characters.</param>
    public static CashAddrReading Decode(ReadOnlySpan<char> data, ReadOnlySpan<char> prefix, Span<byte> values)
    {
        if (data.Length + prefix.Length + 1 > MaxLength) return new CashAddrReading(Base32Fault.TooLong, -1, 0);
        if (data.Length < ChecksumLength) return new CashAddrReading(Base32Fault.TooShort, -1, 0);
        var state = Expand(prefix);
        for (var i = 0; i < data.Length; i++)
        {
            var value = Base32.ValueOf(data[i]);
            if (value < 0) return new CashAddrReading(Base32Fault.BadCharacter, i, 0);
            values[i] = (byte)value;
            state = Step(state, (uint)value);
        }

        var mixed = Base32.IndexOfMixedCase(data);
        if (mixed >= 0) return new CashAddrReading(Base32Fault.MixedCase, mixed, 0);
        return state == 1
            ? new CashAddrReading(Base32Fault.None, -1, data.Length - ChecksumLength)
            : new CashAddrReading(Base32Fault.Checksum, -1, data.Length - ChecksumLength);
    }

    /// <summary>Writes a version byte and a hash as lower-case text with its prefix; allocates the string only.</summary>
    /// <exception cref="ArgumentException">The text would be longer than <see cref="MaxLength"/>.</exception>
    public static string Encode(string prefix, byte version, ReadOnlySpan<byte> hash)
    {
        var count = (((hash.Length + 1) * 8) + 4) / 5;
        var length = prefix.Length + 1 + count + ChecksumLength;
        if (length > MaxLength) throw new ArgumentException($"A CashAddr text has at most {MaxLength} characters, not {length}.", nameof(hash));
        Span<byte> bytes = stackalloc byte[hash.Length + 1];
        bytes[0] = version;
        hash.CopyTo(bytes[1..]);
        Span<byte> values = stackalloc byte[count];
        Base32.ToValues(bytes, values);
        Span<char> text = stackalloc char[length];
        prefix.CopyTo(text);
        text[prefix.Length] = ':';
        var at = prefix.Length + 1;
        var state = Expand(prefix);
        foreach (var value in values)
        {
            state = Step(state, value);
            text[at++] = Base32.CharacterOf(value);
        }

        for (var i = 0; i < ChecksumLength; i++) state = Step(state, 0);
        state ^= 1;
        for (var i = 0; i < ChecksumLength; i++) text[at++] = Base32.CharacterOf((byte)(state >> (5 * (ChecksumLength - 1 - i))));
        return new string(text);
    }

    /// <summary>
    /// Where one wrong character would explain a wrong checksum: the index in <paramref name="data"/>, or -1 when more than one is wrong. A hint for people only:
    /// the specification warns against correcting by it.
    /// </summary>
    /// <param name="data">A text that <see cref="Decode"/> refused with <see cref="Base32Fault.Checksum"/>.</param>
    /// <param name="prefix">The prefix it belongs to.</param>
    public static int LocateError(ReadOnlySpan<char> data, ReadOnlySpan<char> prefix)
    {
        var state = Expand(prefix);
        foreach (var character in data) state = Step(state, (uint)Base32.ValueOf(character));

        // The checksum is linear: an error e in the last character leaves e, one before it leaves step(e), and so on.
        var residue = state ^ 1;
        Span<ulong> basis = [1, 2, 4, 8, 16];
        for (var i = data.Length - 1; i >= 0; i--)
        {
            for (var error = 1; error < 32; error++)
            {
                var trace = 0ul;
                for (var bit = 0; bit < basis.Length; bit++) trace ^= (error >> bit & 1) == 0 ? 0 : basis[bit];
                if (trace == residue) return i;
            }

            for (var bit = 0; bit < basis.Length; bit++) basis[bit] = Step(basis[bit], 0);
        }

        return -1;
    }

    // The lower five bits of a letter are the same in both cases.
    static ulong Expand(ReadOnlySpan<char> prefix)
    {
        var state = 1ul;
        foreach (var character in prefix) state = Step(state, (uint)character & 31);
        return Step(state, 0);
    }

    static ulong Step(ulong state, uint value) => ((state & 0x07FFFFFFFF) << 5) ^ value ^ Steps[state >> 35];

    static ulong[] BuildSteps()
    {
        ReadOnlySpan<ulong> generator = [0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470];
        var steps = new ulong[32];
        for (var top = 0; top < steps.Length; top++)
            for (var bit = 0; bit < generator.Length; bit++)
                if ((top >> bit & 1) != 0) steps[top] ^= generator[bit];

        return steps;
    }
}
