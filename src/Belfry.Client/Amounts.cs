using System.Globalization;
using System.Numerics;

namespace Belfry.Client;

/// <summary>Exact conversion between the decimal strings of the interface and base units (satoshi, wei). Never floating point.</summary>
public static class Amounts
{
    /// <summary><c>"0.001"</c> with 8 decimals is 100000.</summary>
    /// <exception cref="FormatException">Not a decimal number, or with more decimals than the currency has.</exception>
    public static BigInteger ToBaseUnits(string amount, int decimals)
    {
        ArgumentNullException.ThrowIfNull(amount);
        ArgumentOutOfRangeException.ThrowIfNegative(decimals);
        var negative = amount.StartsWith('-');
        var digits = negative ? amount.AsSpan(1) : amount;
        var dot = digits.IndexOf('.');
        var whole = dot < 0 ? digits : digits[..dot];
        var fraction = dot < 0 ? default : digits[(dot + 1)..];
        var wrong = whole.IsEmpty || (dot >= 0 && fraction.IsEmpty) || fraction.Length > decimals
            || whole.ContainsAnyExceptInRange('0', '9') || fraction.ContainsAnyExceptInRange('0', '9');
        if (wrong) throw new FormatException($"'{amount}' is not an amount with at most {decimals} decimals.");
        var units = BigInteger.Parse(string.Concat(whole, fraction, new string('0', decimals - fraction.Length)), NumberStyles.None, CultureInfo.InvariantCulture);
        return negative ? -units : units;
    }

    /// <summary>100000 with 8 decimals is <c>"0.001"</c>.</summary>
    public static string FromBaseUnits(BigInteger units, int decimals)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(decimals);
        var digits = BigInteger.Abs(units).ToString(CultureInfo.InvariantCulture).PadLeft(decimals + 1, '0');
        var fraction = digits[^decimals..].TrimEnd('0');
        return (units.Sign < 0 ? "-" : "") + digits[..^decimals] + (fraction.Length == 0 ? "" : "." + fraction);
    }
}
