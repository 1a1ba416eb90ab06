using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Belfry.Core.Chains;

namespace Belfry.Nodes.Bitcoin.Rpc;

/// <summary>Reads values of answers. Everything unexpected is a <see cref="JsonException"/> that says what was expected; money never passes through floating point.</summary>
static class RpcReading
{
    // No chain's supply has 20 digits of base units; an exponent beyond this only serves to make us allocate.
    const int MaxExponent = 30;

    // Digits are worked off one by one, which costs the square of their number.
    const int MaxAmountLength = 100;

    /// <summary>Moves to the next token of the expected kind.</summary>
    public static void Expect(ref Utf8JsonReader reader, JsonTokenType type, string what)
    {
        if (!reader.Read() || reader.TokenType != type) throw new JsonException($"expected {what}, found {reader.TokenType}");
    }

    /// <summary>Reads a hash in display order.</summary>
    public static Hash256 ReadHash(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.String, "a hash");
        return CurrentHash(ref reader);
    }

    /// <summary>The hash in the string that the reader stands on.</summary>
    public static Hash256 CurrentHash(ref Utf8JsonReader reader)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        if (reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped || reader.ValueSpan.Length != Hash256.Size * 2
            || Convert.FromHexString(reader.ValueSpan, bytes, out _, out var written) != OperationStatus.Done || written != Hash256.Size)
            throw new JsonException("expected a hash of 64 hexadecimal digits");
        return new Hash256(bytes);
    }

    /// <summary>Reads bytes written as hex, straight from the answer.</summary>
    public static byte[] ReadHex(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.String, "bytes as hexadecimal digits");
        return CurrentHex(ref reader);
    }

    /// <summary>The bytes in the string that the reader stands on.</summary>
    public static byte[] CurrentHex(ref Utf8JsonReader reader)
    {
        var text = reader.ValueSpan;
        if (reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped || text.Length % 2 != 0) throw new JsonException("expected an even number of hexadecimal digits");
        var bytes = GC.AllocateUninitializedArray<byte>(text.Length / 2);
        return Convert.FromHexString(text, bytes, out _, out var written) == OperationStatus.Done && written == bytes.Length
            ? bytes
            : throw new JsonException("expected hexadecimal digits");
    }

    /// <summary>Reads a whole number from 0.</summary>
    public static long ReadCount(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.Number, "a whole number");
        return reader.TryGetInt64(out var number) && number >= 0 ? number : throw new JsonException("expected a whole number from 0");
    }

    /// <summary>Reads an array of hashes.</summary>
    public static List<Hash256> ReadHashes(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartArray, "a list of hashes");
        return CurrentHashes(ref reader);
    }

    /// <summary>The hashes of the array that the reader stands on.</summary>
    public static List<Hash256> CurrentHashes(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException("expected a list of hashes");
        var list = new List<Hash256>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) list.Add(CurrentHash(ref reader));
        return list;
    }

    /// <summary>
    /// The amount in the number (or string) that the reader stands on, exactly: <c>0.1</c>, <c>50.00000000</c> and JavaScript's <c>1e-8</c> alike.
    /// </summary>
    public static Amount CurrentAmount(ref Utf8JsonReader reader, int decimals)
    {
        if (reader.TokenType is not (JsonTokenType.Number or JsonTokenType.String) || reader.ValueIsEscaped)
            throw new JsonException("expected an amount");
        return ParseAmount(reader.ValueSpan, decimals);
    }

    /// <summary>Reads a decimal number, with or without exponent, into base units.</summary>
    /// <exception cref="JsonException">Not a number, or finer than one base unit.</exception>
    public static Amount ParseAmount(ReadOnlySpan<byte> text, int decimals)
    {
        if (text.Length > MaxAmountLength) throw new JsonException("expected an amount");
        var negative = text.Length > 0 && text[0] == (byte)'-';
        if (negative) text = text[1..];
        var exponent = decimals;
        var mark = text.IndexOfAny((byte)'e', (byte)'E');
        if (mark >= 0)
        {
            if (!int.TryParse(text[(mark + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var written) || Math.Abs((long)written) > MaxExponent)
                throw new JsonException("expected an amount");
            exponent += written;
            text = text[..mark];
        }

        var digits = BigInteger.Zero;
        var point = false;
        var count = 0;
        foreach (var letter in text)
        {
            if (letter == (byte)'.' && !point && count > 0)
            {
                point = true;
                continue;
            }

            if (letter is < (byte)'0' or > (byte)'9') throw new JsonException("expected an amount");
            digits = (digits * 10) + (letter - '0');
            count++;
            if (point) exponent--;
        }

        if (count == 0 || text[^1] == (byte)'.') throw new JsonException("expected an amount");
        return new Amount(Scale(negative ? -digits : digits, exponent));
    }

    /// <summary>Work as 64 hexadecimal digits.</summary>
    public static BigInteger ParseWork(string hex) =>
        hex.Length is > 0 and <= 64 && BigInteger.TryParse("0" + hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var work)
            ? work
            : throw new JsonException("expected chainwork as hexadecimal digits");

    static BigInteger Scale(BigInteger digits, int exponent)
    {
        if (exponent >= 0) return digits * BigInteger.Pow(10, exponent);
        var units = BigInteger.DivRem(digits, BigInteger.Pow(10, -exponent), out var rest);
        return rest.IsZero ? units : throw new JsonException("expected an amount no finer than one base unit");
    }
}
