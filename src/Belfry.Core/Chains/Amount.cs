using System.Globalization;
using System.Numerics;

namespace Belfry.Core.Chains;

/// <summary>
/// A sum of money in base units (satoshi, wei, sun): an exact integer of any size, possibly negative as a change. Never floating point;
/// outside it is a decimal string in the currency's unit.
/// </summary>
public readonly record struct Amount(BigInteger Units) : IComparable<Amount>
{
    /// <summary>Nothing.</summary>
    public static Amount Zero => default;

    /// <summary>Whether the amount is zero.</summary>
    public bool IsZero => Units.IsZero;

    /// <summary>-1, 0 or 1.</summary>
    public int Sign => Units.Sign;

    /// <summary>The amount without its sign.</summary>
    public Amount Abs => new(BigInteger.Abs(Units));

    /// <summary>Reads a decimal string in the currency's unit, for instance <c>0.001</c> with 8 decimals as 100000 base units.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, int decimals, out Amount amount)
    {
        amount = default;
        var negative = text.StartsWith("-");
        var digits = negative ? text[1..] : text;
        var dot = digits.IndexOf('.');
        var whole = dot < 0 ? digits : digits[..dot];
        var fraction = dot < 0 ? default : digits[(dot + 1)..];
        if (whole.IsEmpty || (dot >= 0 && fraction.IsEmpty) || fraction.Length > decimals || digits.Length > 100
            || whole.IndexOfAnyExceptInRange('0', '9') >= 0 || fraction.IndexOfAnyExceptInRange('0', '9') >= 0) return false;
        var units = BigInteger.Parse(string.Concat(whole, fraction, new string('0', decimals - fraction.Length)), NumberStyles.None, CultureInfo.InvariantCulture);
        amount = new Amount(negative ? -units : units);
        return true;
    }

    /// <summary>The shortest decimal string in the currency's unit: 100000 base units with 8 decimals are <c>0.001</c>.</summary>
    public string ToDecimal(int decimals)
    {
        var full = ToFullDecimal(decimals);
        return full.Contains('.') ? full.TrimEnd('0').TrimEnd('.') : full;
    }

    /// <summary>The decimal string with every decimal of the currency: 210 base units with 8 decimals are <c>0.00000210</c>.</summary>
    public string ToFullDecimal(int decimals)
    {
        var digits = BigInteger.Abs(Units).ToString(CultureInfo.InvariantCulture).PadLeft(decimals + 1, '0');
        var sign = Units.Sign < 0 ? "-" : "";
        return decimals == 0 ? sign + digits : $"{sign}{digits.AsSpan(0, digits.Length - decimals)}.{digits.AsSpan(digits.Length - decimals)}";
    }

    /// <inheritdoc/>
    public int CompareTo(Amount other) => Units.CompareTo(other.Units);

    /// <summary>Base units as a decimal integer.</summary>
    public override string ToString() => Units.ToString(CultureInfo.InvariantCulture);

    public static implicit operator Amount(long units) => new(units);
    public static Amount operator +(Amount left, Amount right) => new(left.Units + right.Units);
    public static Amount operator -(Amount left, Amount right) => new(left.Units - right.Units);
    public static Amount operator -(Amount value) => new(-value.Units);
    public static bool operator <(Amount left, Amount right) => left.Units < right.Units;
    public static bool operator >(Amount left, Amount right) => left.Units > right.Units;
    public static bool operator <=(Amount left, Amount right) => left.Units <= right.Units;
    public static bool operator >=(Amount left, Amount right) => left.Units >= right.Units;
}
