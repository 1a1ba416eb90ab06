namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>Which checksum a Bech32 text carries.</summary>
public enum Bech32Variant
{
    /// <summary>BIP 173: witness version 0.</summary>
    Bech32,

    /// <summary>BIP 350: witness versions 1 to 16.</summary>
    Bech32m,
}

/// <summary>What came of reading a Bech32 text.</summary>
/// <param name="Fault">What was wrong.</param>
/// <param name="Position">Index of the character concerned, or -1 when it concerns the whole.</param>
/// <param name="Separator">Index of the separator: the length of the prefix.</param>
/// <param name="Length">How many values were read, without the checksum.</param>
/// <param name="Variant">Which checksum fits.</param>
public readonly record struct Bech32Reading(Base32Fault Fault, int Position, int Separator, int Length, Bech32Variant Variant);

/// <summary>Bech32 (BIP 173) and Bech32m (BIP 350): prefix, '1', values of five bits, six values of checksum. Allocates nothing but the text it writes.</summary>
public static class Bech32
{
    /// <summary>Longest text.</summary>
    public const int MaxLength = 90;

    /// <summary>How many values the checksum has.</summary>
    public const int ChecksumLength = 6;

    const uint Bech32mConstant = 0x2BC830A3;

    static readonly uint[] Steps = BuildSteps();

    /// <summary>Reads a text and checks it.</summary>
    /// <param name="text">The text, all lower or all upper case.</param>
    /// <param name="values">Room for <see cref="MaxLength"/> values; holds the data and then the checksum.</param>
    public static Bech32Reading Decode(ReadOnlySpan<char> text, Span<byte> values)
    {
        if (text.Length > MaxLength) return Refuse(Base32Fault.TooLong);
        var foreign = text.IndexOfAnyExceptInRange('!', '~');
        if (foreign >= 0) return Refuse(Base32Fault.BadCharacter, foreign);
        var mixed = Base32.IndexOfMixedCase(text);
        if (mixed >= 0) return Refuse(Base32Fault.MixedCase, mixed);
        var separator = text.LastIndexOf('1');
        if (separator < 0) return Refuse(Base32Fault.NoSeparator);
        if (separator == 0) return Refuse(Base32Fault.EmptyPrefix, 0);
        var data = text[(separator + 1)..];
        if (data.Length < ChecksumLength) return Refuse(Base32Fault.TooShort);
        var state = Expand(text[..separator]);
        for (var i = 0; i < data.Length; i++)
        {
            var value = Base32.ValueOf(data[i]);
            if (value < 0) return Refuse(Base32Fault.BadCharacter, separator + 1 + i);
            values[i] = (byte)value;
            state = Step(state, (uint)value);
        }

        return state is 1 or Bech32mConstant
            ? new Bech32Reading(Base32Fault.None, -1, separator, data.Length - ChecksumLength, state == 1 ? Bech32Variant.Bech32 : Bech32Variant.Bech32m)
            : new Bech32Reading(Base32Fault.Checksum, -1, separator, data.Length - ChecksumLength, default);
    }

    /// <summary>Writes values as lower-case text; allocates the string only.</summary>
    /// <exception cref="ArgumentException">The text would be longer than <see cref="MaxLength"/>.</exception>
    public static string Encode(string prefix, ReadOnlySpan<byte> values, Bech32Variant variant)
    {
        var length = prefix.Length + 1 + values.Length + ChecksumLength;
        if (length > MaxLength) throw new ArgumentException($"A Bech32 text has at most {MaxLength} characters, not {length}.", nameof(values));
        Span<char> text = stackalloc char[length];
        prefix.CopyTo(text);
        text[prefix.Length] = '1';
        var state = Expand(prefix);
        var at = prefix.Length + 1;
        foreach (var value in values)
        {
            state = Step(state, value);
            text[at++] = Base32.CharacterOf(value);
        }

        for (var i = 0; i < ChecksumLength; i++) state = Step(state, 0);
        state ^= Constant(variant);
        for (var i = 0; i < ChecksumLength; i++) text[at++] = Base32.CharacterOf((byte)(state >> (5 * (ChecksumLength - 1 - i))));
        return new string(text);
    }

    /// <summary>
    /// Where one wrong character would explain a wrong checksum: the index in <paramref name="text"/>, or -1 when more than one is wrong. A hint for people only:
    /// BIP 173 forbids to correct by it.
    /// </summary>
    /// <param name="text">A text that <see cref="Decode"/> refused with <see cref="Base32Fault.Checksum"/>.</param>
    /// <param name="variant">Which checksum it should carry.</param>
    public static int LocateError(ReadOnlySpan<char> text, Bech32Variant variant)
    {
        var separator = text.LastIndexOf('1');
        var state = Expand(text[..separator]);
        for (var i = separator + 1; i < text.Length; i++) state = Step(state, (uint)Base32.ValueOf(text[i]));

        // The checksum is linear: an error e in the last character leaves e, one before it leaves step(e), and so on.
        var residue = state ^ Constant(variant);
        Span<uint> basis = [1, 2, 4, 8, 16];
        for (var i = text.Length - 1; i > separator; i--)
        {
            for (var error = 1; error < 32; error++)
            {
                var trace = 0u;
                for (var bit = 0; bit < basis.Length; bit++) trace ^= (error >> bit & 1) == 0 ? 0 : basis[bit];
                if (trace == residue) return i;
            }

            for (var bit = 0; bit < basis.Length; bit++) basis[bit] = Step(basis[bit], 0);
        }

        return -1;
    }

    static uint Constant(Bech32Variant variant) => variant == Bech32Variant.Bech32 ? 1 : Bech32mConstant;

    static uint Expand(ReadOnlySpan<char> prefix)
    {
        var state = 1u;
        foreach (var character in prefix) state = Step(state, Lower(character) >> 5);
        state = Step(state, 0);
        foreach (var character in prefix) state = Step(state, Lower(character) & 31);
        return state;
    }

    static uint Lower(char character) => char.IsAsciiLetterUpper(character) ? (uint)(character | 0x20) : character;

    static uint Step(uint state, uint value) => ((state & 0x1FFFFFF) << 5) ^ value ^ Steps[state >> 25];

    static uint[] BuildSteps()
    {
        ReadOnlySpan<uint> generator = [0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3];
        var steps = new uint[32];
        for (var top = 0; top < steps.Length; top++)
            for (var bit = 0; bit < generator.Length; bit++)
                if ((top >> bit & 1) != 0) steps[top] ^= generator[bit];

        return steps;
    }

    static Bech32Reading Refuse(Base32Fault fault, int position = -1) => new(fault, position, -1, 0, default);
}
