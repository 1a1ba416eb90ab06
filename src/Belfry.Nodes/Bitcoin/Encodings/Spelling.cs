namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>Why a text was refused, in one word.</summary>
public enum AddressFault
{
    /// <summary>It was not refused.</summary>
    None,

    /// <summary>There is no text.</summary>
    Empty,

    /// <summary>More characters, or more data, than any address has; or fewer.</summary>
    Length,

    /// <summary>A character that such an address does not have.</summary>
    Character,

    /// <summary>Lower and upper case in one Bech32 or CashAddr text.</summary>
    MixedCase,

    /// <summary>The checksum does not match.</summary>
    Checksum,

    /// <summary>Bech32 where Bech32m is due, or the reverse.</summary>
    ChecksumVariant,

    /// <summary>A good address of another chain or network.</summary>
    WrongNetwork,

    /// <summary>A prefix, version byte, type or witness version that nobody uses here.</summary>
    Unknown,

    /// <summary>Not an address at all: a private key, an extended key, a payment link.</summary>
    NotAnAddress,

    /// <summary>A real address whose payments do not show on the chain (MWEB).</summary>
    Unobservable,
}

/// <summary>What came of reading one spelling: the length of the script that was written, or a refusal.</summary>
/// <param name="Length">Length of the script.</param>
/// <param name="IsCanonical">Whether the text is the canonical spelling itself.</param>
/// <param name="Fault">Why it was refused.</param>
/// <param name="Error">The refusal for people; never holds unbounded or unprintable input, and never a key.</param>
readonly record struct Spelling(int Length, bool IsCanonical, AddressFault Fault, string? Error)
{
    const int QuoteLimit = 24;

    public static Spelling Of(int length, bool isCanonical) => new(length, isCanonical, AddressFault.None, null);

    public static Spelling Refuse(AddressFault fault, string error) => new(0, false, fault, error);

    /// <summary>Input inside quotes for a message: at most 24 characters, printable ASCII only.</summary>
    public static string Quote(ReadOnlySpan<char> text)
    {
        Span<char> shown = stackalloc char[QuoteLimit];
        var length = Math.Min(text.Length, QuoteLimit);
        for (var i = 0; i < length; i++) shown[i] = text[i] is >= ' ' and <= '~' and not '\'' ? text[i] : '?';
        return $"'{shown[..length]}{(text.Length > QuoteLimit ? "…" : "")}'";
    }

    /// <summary>A single character for a message: itself when printable, its code otherwise.</summary>
    public static string Quote(char character) => character is > ' ' and <= '~' ? $"'{character}'" : $"U+{(int)character:X4}";
}
