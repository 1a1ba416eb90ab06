using System.Buffers.Text;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Belfry.Core.Journal.Filters;

/// <summary>A number of any size and scale, compared exactly. Numbers of up to 27 digits stay off the heap.</summary>
readonly struct ExactNumber
{
    // Above this nothing on any chain is a number; it bounds the work that hostile text can cause.
    const int MaxDigits = 200;
    const int SmallDigits = 27;

    readonly decimal small;
    readonly BigInteger mantissa;
    readonly int scale;
    readonly bool isBig;

    ExactNumber(decimal small) => this.small = small;

    ExactNumber(BigInteger mantissa, int scale) => (this.mantissa, this.scale, isBig) = (mantissa, scale, true);

    /// <summary>Reads <c>12</c>, <c>-0.5</c>, <c>+7</c> or <c>0x1f</c>; no exponents.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ExactNumber number)
    {
        number = default;
        if (text.Length is 0 or > MaxDigits) return false;
        if (text.Length > 2 && text[0] == '0' && (text[1] | 0x20) == 'x') return TryParseHex(text[2..], out number);
        var start = text[0] is (byte)'-' or (byte)'+' ? 1 : 0;
        var dot = -1;
        for (var i = start; i < text.Length; i++)
        {
            if (text[i] == '.' && dot < 0) dot = i;
            else if (!char.IsAsciiDigit((char)text[i])) return false;
        }

        if (text.Length == start || dot == start || dot == text.Length - 1) return false;
        if (text.Length <= SmallDigits)
        {
            if (!Utf8Parser.TryParse(text, out decimal value, out var used) || used != text.Length) return false;
            number = new ExactNumber(value);
            return true;
        }

        var digits = Encoding.ASCII.GetString(text).Replace(".", "", StringComparison.Ordinal);
        number = new ExactNumber(BigInteger.Parse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture), dot < 0 ? 0 : text.Length - 1 - dot);
        return true;
    }

    /// <summary>-1, 0 or 1.</summary>
    public int OrderTo(ExactNumber other)
    {
        if (!isBig && !other.isBig) return small.CompareTo(other.small);
        var (left, leftScale) = Parts();
        var (right, rightScale) = other.Parts();
        if (leftScale < rightScale) left *= BigInteger.Pow(10, rightScale - leftScale);
        else if (rightScale < leftScale) right *= BigInteger.Pow(10, leftScale - rightScale);
        return left.CompareTo(right);
    }

    (BigInteger Mantissa, int Scale) Parts()
    {
        if (isBig) return (mantissa, scale);
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(small, bits);
        var value = (new BigInteger((uint)bits[2]) << 64) | (new BigInteger((uint)bits[1]) << 32) | (uint)bits[0];
        return (bits[3] < 0 ? -value : value, (bits[3] >> 16) & 0xff);
    }

    static bool TryParseHex(ReadOnlySpan<byte> digits, out ExactNumber number)
    {
        number = default;
        foreach (var digit in digits)
        {
            if (!char.IsAsciiHexDigit((char)digit)) return false;
        }

        number = new ExactNumber(BigInteger.Parse("0" + Encoding.ASCII.GetString(digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), 0);
        return true;
    }
}
