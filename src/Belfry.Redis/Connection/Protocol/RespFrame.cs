using System.Buffers.Text;
using Belfry.Core.Runtime;

namespace Belfry.Redis.Connection.Protocol;

/// <summary>The line that begins each value of RESP: a type byte, mostly a number, CR LF.</summary>
static class RespFrame
{
    public const string What = "Redis reply";

    /// <summary>The longest line of a number; a simple string or an error may be as long as <see cref="LongestText"/>.</summary>
    public const int LongestNumber = 400;

    /// <summary>The longest simple string or error. Redis cuts its own far below; scripts may return longer ones.</summary>
    public const int LongestText = 64 << 10;

    /// <summary>Whether a type byte has its whole value on its line.</summary>
    public static bool IsLine(byte type) => type is (byte)'+' or (byte)'-' or (byte)':' or (byte)'_' or (byte)',' or (byte)'#' or (byte)'(';

    /// <summary>Whether a type byte announces bytes.</summary>
    public static bool IsBlob(byte type) => type is (byte)'$' or (byte)'=' or (byte)'!';

    /// <summary>Whether a type byte announces values, and how many of them make one item.</summary>
    public static bool IsAggregate(byte type, out int valuesPerItem)
    {
        valuesPerItem = type is (byte)'%' or (byte)'|' ? 2 : 1;
        return type is (byte)'*' or (byte)'~' or (byte)'>' or (byte)'%' or (byte)'|';
    }

    /// <summary>The kind of a known type byte; a null in RESP2's spelling is told by its length.</summary>
    public static RespKind Kind(byte type, int offset) => type switch
    {
        (byte)'+' => RespKind.Simple,
        (byte)'-' or (byte)'!' => RespKind.Error,
        (byte)':' => RespKind.Integer,
        (byte)'$' or (byte)'=' => RespKind.Bulk,
        (byte)'*' or (byte)'~' => RespKind.Array,
        (byte)'_' => RespKind.Null,
        (byte)',' => RespKind.Double,
        (byte)'#' => RespKind.Boolean,
        (byte)'(' => RespKind.BigNumber,
        (byte)'%' => RespKind.Map,
        (byte)'>' => RespKind.Push,
        _ => throw Unknown(type, offset),
    };

    /// <summary>A length or count: digits, or -1 for nothing. Redis sends no other form; <c>?</c> (a stream of unknown length) is in the specification but not in Redis.</summary>
    public static int ReadLength(ReadOnlySpan<byte> digits, int longest, string limit, int offset)
    {
        if (digits.SequenceEqual("-1"u8)) return -1;
        if (digits.SequenceEqual("?"u8)) throw new MalformedDataException(What, "a value of unknown length, which Redis does not send", offset);
        if (digits.IsEmpty || !char.IsAsciiDigit((char)digits[0]) || !Utf8Parser.TryParse(digits, out long length, out var read) || read != digits.Length)
            throw new MalformedDataException(What, "a length that is no number", offset);
        if (length > longest) throw new MalformedDataException(What, $"announces {length}, more than the {longest} that {limit} allows", offset);
        return (int)length;
    }

    /// <summary>A signed integer of 64 bits.</summary>
    public static long ReadInteger(ReadOnlySpan<byte> digits, int offset) =>
        !digits.IsEmpty && Utf8Parser.TryParse(digits, out long value, out var read) && read == digits.Length
            ? value
            : throw new MalformedDataException(What, "an integer that is no number of 64 bits", offset);

    public static MalformedDataException Unknown(byte type, int offset) => new(What, $"unknown type byte 0x{type:x2}", offset);
}
