using System.Globalization;
using System.Numerics;

namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>Serialised secp256k1 public keys: 33 bytes with 02 or 03 in front, or 65 with 04 (06 and 07 are the hybrid form that consensus still admits).</summary>
public static class PublicKey
{
    static readonly BigInteger Field = BigInteger.Parse("0FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F", NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <summary>Whether length and first byte are those of a public key; what consensus looks at before it uses one.</summary>
    public static bool HasValidForm(ReadOnlySpan<byte> key) => key switch
    {
        { Length: 33 } => key[0] is 2 or 3,
        { Length: 65 } => key[0] is 4 or 6 or 7,
        _ => false,
    };

    /// <summary>
    /// Whether the key is a point of the curve, y² = x³ + 7. A key as text has no checksum; this finds every slip in the long form and half of those in the short one.
    /// Takes some 50 µs: not for hot paths.
    /// </summary>
    public static bool IsOnCurve(ReadOnlySpan<byte> key)
    {
        if (!HasValidForm(key)) return false;
        var x = new BigInteger(key.Slice(1, 32), isUnsigned: true, isBigEndian: true);
        if (x >= Field) return false;
        var square = ((x * x * x) + 7) % Field;
        if (key.Length == 33) return BigInteger.ModPow(square, (Field - 1) / 2, Field).IsOne;
        var y = new BigInteger(key[33..], isUnsigned: true, isBigEndian: true);
        return y < Field && y * y % Field == square && (key[0] == 4 || (key[0] == 7) != y.IsEven);
    }
}
