using System.Buffers;

namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>What has no address: <c>script:&lt;hex&gt;</c>, and a public key in hexadecimal digits for p2pk.</summary>
static class RawSpelling
{
    static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    /// <summary>What a script spelled out starts with.</summary>
    public const string ScriptPrefix = "script:";

    /// <summary>Longest script, in bytes: consensus refuses to run a longer one.</summary>
    public const int MaxScript = 10_000;

    /// <summary>Whether a text has the length and digits of a public key.</summary>
    public static bool LooksLikeKey(ReadOnlySpan<char> text) =>
        text.Length is 66 or 130 && text[0] == '0' && text[1] is '2' or '3' or '4' && IsHex(text);

    /// <summary>Reads a public key as p2pk.</summary>
    public static Spelling ReadKey(ReadOnlySpan<char> text, Span<byte> script)
    {
        Span<byte> key = stackalloc byte[65];
        Convert.FromHexString(text, key, out _, out var length);
        key = key[..length];
        if (!PublicKey.HasValidForm(key)) return Spelling.Refuse(AddressFault.Length, "a public key has 33 bytes and starts with 02 or 03, or has 65 and starts with 04");
        return PublicKey.IsOnCurve(key)
            ? Spelling.Of(ScriptTemplate.WriteP2pk(key, script), isCanonical: false)
            : Spelling.Refuse(AddressFault.Checksum, "this is not a public key: no such point is on the curve, a digit is wrong");
    }

    /// <summary>Reads the digits after <see cref="ScriptPrefix"/>.</summary>
    /// <param name="text">The whole text, with the prefix.</param>
    /// <param name="script">Room for half as many bytes as there are digits.</param>
    public static Spelling ReadScript(ReadOnlySpan<char> text, Span<byte> script)
    {
        var digits = text[ScriptPrefix.Length..];
        if (digits.IsEmpty) return Spelling.Refuse(AddressFault.Empty, "the script is empty");
        if (digits.Length > MaxScript * 2) return Spelling.Refuse(AddressFault.Length, $"a script has at most {MaxScript} bytes");
        if (digits.Length % 2 != 0) return Spelling.Refuse(AddressFault.Length, "an odd number of hexadecimal digits is not a script");
        if (Convert.FromHexString(digits, script, out _, out var length) == OperationStatus.Done) return Spelling.Of(length, isCanonical: false);
        var place = 0;
        while (char.IsAsciiHexDigit(digits[place])) place++;
        return Spelling.Refuse(AddressFault.Character, $"character {ScriptPrefix.Length + place + 1} ({Spelling.Quote(digits[place])}) is not a hexadecimal digit");
    }

    /// <summary>Whether every character is a hexadecimal digit.</summary>
    public static bool IsHex(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(HexDigits);
}
