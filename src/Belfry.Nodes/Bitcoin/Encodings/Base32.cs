using System.Runtime.CompilerServices;

namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>What was wrong with a Bech32 or CashAddr text.</summary>
public enum Base32Fault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Longer than the format allows.</summary>
    TooLong,

    /// <summary>Too short to hold its checksum.</summary>
    TooShort,

    /// <summary>A character that the format does not have.</summary>
    BadCharacter,

    /// <summary>Lower and upper case in one text.</summary>
    MixedCase,

    /// <summary>No separator between prefix and data.</summary>
    NoSeparator,

    /// <summary>Nothing before the separator.</summary>
    EmptyPrefix,

    /// <summary>The checksum does not match.</summary>
    Checksum,
}

/// <summary>The alphabet and the 5-to-8-bit regrouping that Bech32 and CashAddr share. Values are 0 to 31, one a byte.</summary>
public static class Base32
{
    const byte None = 0xFF;

    static readonly byte[] Values = BuildValues();

    static ReadOnlySpan<byte> Alphabet => "qpzry9x8gf2tvdw0s3jn54khce6mua7l"u8;

    /// <summary>Value of a character of either case, or -1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ValueOf(char character) => character < Values.Length && Values[character] is not None and var value ? value : -1;

    /// <summary>Lower-case character of a value.</summary>
    public static char CharacterOf(byte value) => (char)Alphabet[value & 31];

    /// <summary>Whether every character, of either case, is in the alphabet.</summary>
    public static bool IsAlphabetic(ReadOnlySpan<char> text)
    {
        foreach (var character in text)
            if (ValueOf(character) < 0) return false;

        return true;
    }

    /// <summary>Index of the first letter whose case differs from an earlier one, or -1.</summary>
    public static int IndexOfMixedCase(ReadOnlySpan<char> text)
    {
        bool lower = false, upper = false;
        for (var i = 0; i < text.Length; i++)
        {
            lower |= char.IsAsciiLetterLower(text[i]);
            upper |= char.IsAsciiLetterUpper(text[i]);
            if (lower && upper) return i;
        }

        return -1;
    }

    /// <summary>Regroups values into bytes.</summary>
    /// <param name="values">Groups of five bits.</param>
    /// <param name="bytes">At least 5/8 as many bytes.</param>
    /// <param name="written">How many bytes were written.</param>
    /// <returns>False when the bits left over are five or more, or not all zero.</returns>
    public static bool TryToBytes(ReadOnlySpan<byte> values, Span<byte> bytes, out int written)
    {
        uint accumulator = 0;
        var bits = 0;
        written = 0;
        foreach (var value in values)
        {
            accumulator = (accumulator << 5) | value;
            bits += 5;
            if (bits < 8) continue;
            bits -= 8;
            bytes[written++] = (byte)(accumulator >> bits);
            accumulator &= (1u << bits) - 1;
        }

        return bits < 5 && accumulator == 0;
    }

    /// <summary>Regroups bytes into values, padding the last with zero bits.</summary>
    /// <returns>How many values were written: 8/5 as many, rounded up.</returns>
    public static int ToValues(ReadOnlySpan<byte> bytes, Span<byte> values)
    {
        uint accumulator = 0;
        var bits = 0;
        var written = 0;
        foreach (var value in bytes)
        {
            accumulator = (accumulator << 8) | value;
            bits += 8;
            while (bits >= 5)
            {
                bits -= 5;
                values[written++] = (byte)((accumulator >> bits) & 31);
            }

            accumulator &= (1u << bits) - 1;
        }

        if (bits > 0) values[written++] = (byte)((accumulator << (5 - bits)) & 31);
        return written;
    }

    static byte[] BuildValues()
    {
        var values = new byte[128];
        values.AsSpan().Fill(None);
        for (var i = 0; i < Alphabet.Length; i++)
        {
            values[Alphabet[i]] = (byte)i;
            values[char.ToUpperInvariant((char)Alphabet[i])] = (byte)i;
        }

        return values;
    }
}
