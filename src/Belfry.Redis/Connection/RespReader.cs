using System.Buffers.Text;
using System.Text;
using Belfry.Core.Runtime;
using Belfry.Redis.Connection.Protocol;

namespace Belfry.Redis.Connection;

/// <summary>Reads one whole reply, value by value, from the receive buffer, without a tree between. What it returns as a span lives only as long as the call.</summary>
/// <param name="reply">The bytes of one reply.</param>
/// <returns>Whatever the caller wants to keep.</returns>
public delegate T RedisReading<out T>(ref RespReader reply);

/// <summary>
/// A cursor over one reply. Each <c>Read…</c> takes one value and moves on. A value of another kind throws <see cref="RedisReplyException"/>, bytes that are no RESP
/// throw <see cref="MalformedDataException"/>; whatever the bytes are, nothing else is thrown.
/// </summary>
public ref struct RespReader
{
    // Callers may skip what nests deeper than the scanner allows only by handing over bytes of their own.
    const int Deepest = 64;

    readonly ReadOnlySpan<byte> bytes;
    int position;

    /// <summary>Starts at the first value of <paramref name="reply"/>.</summary>
    public RespReader(ReadOnlySpan<byte> reply) => bytes = reply;

    /// <summary>Whether every byte was read.</summary>
    public readonly bool AtEnd => position >= bytes.Length;

    /// <summary>What the next value is.</summary>
    public RespKind Peek()
    {
        SkipAttributes();
        var type = Type();
        if (type is (byte)'$' or (byte)'*' && bytes[position..].StartsWith(type == '$' ? "$-1\r\n"u8 : "*-1\r\n"u8)) return RespKind.Null;
        return RespFrame.Kind(type, position);
    }

    /// <summary>Takes the next value when it is nothing.</summary>
    public bool TryReadNull()
    {
        if (Peek() != RespKind.Null) return false;
        Line();
        return true;
    }

    /// <summary>An integer; also one that is spelt as bytes or a simple string, as some commands and scripts answer.</summary>
    public long ReadInteger()
    {
        var kind = Peek();
        var offset = position;
        return kind switch
        {
            RespKind.Integer => RespFrame.ReadInteger(Line(), offset),
            RespKind.Bulk or RespKind.Simple => RespFrame.ReadInteger(ReadBytes(), offset),
            _ => throw Unexpected(kind, "an integer"),
        };
    }

    /// <summary>A floating-point number; RESP2 spells it as bytes.</summary>
    public double ReadDouble()
    {
        var kind = Peek();
        var offset = position;
        if (kind is not (RespKind.Double or RespKind.Integer or RespKind.Bulk or RespKind.Simple)) throw Unexpected(kind, "a number");
        var text = kind is RespKind.Double or RespKind.Integer ? Line() : ReadBytes();
        if (text.SequenceEqual("inf"u8) || text.SequenceEqual("+inf"u8)) return double.PositiveInfinity;
        if (text.SequenceEqual("-inf"u8)) return double.NegativeInfinity;
        if (text.SequenceEqual("nan"u8) || text.SequenceEqual("-nan"u8)) return double.NaN;
        return Utf8Parser.TryParse(text, out double value, out var read) && read == text.Length ? value : throw new MalformedDataException(RespFrame.What, "a floating-point number that is none", offset);
    }

    /// <summary>True or false; RESP2 spells it as 1 or 0.</summary>
    public bool ReadBoolean()
    {
        var kind = Peek();
        if (kind == RespKind.Integer) return ReadInteger() != 0;
        if (kind != RespKind.Boolean) throw Unexpected(kind, "true or false");
        var offset = position;
        var text = Line();
        return text.SequenceEqual("t"u8) || (text.SequenceEqual("f"u8) ? false : throw new MalformedDataException(RespFrame.What, "a boolean that is neither t nor f", offset));
    }

    /// <summary>Bytes, a simple string, or the spelling of a number. Nothing reads as no bytes: ask <see cref="TryReadNull"/> first where that differs.</summary>
    public ReadOnlySpan<byte> ReadBytes()
    {
        var kind = Peek();
        if (kind is RespKind.Array or RespKind.Map or RespKind.Push) throw Unexpected(kind, "bytes");
        if (kind == RespKind.Error) throw new RedisReplyException($"an error inside a reply: {ForeignText.Clean(Encoding.UTF8.GetString(ReadText()), ForeignText.Sentence)}");
        if (kind != RespKind.Null) return ReadText();
        Line();
        return [];
    }

    /// <summary>UTF-8 text, or null for nothing.</summary>
    public string? ReadString() => TryReadNull() ? null : Encoding.UTF8.GetString(ReadBytes());

    /// <summary>How many values follow: items of an array, set or push. Nothing counts as none.</summary>
    public int ReadArrayHeader() => ReadHeader(1);

    /// <summary>How many pairs follow; RESP2 spells a map as an array of twice as many values.</summary>
    public int ReadMapHeader()
    {
        if (Peek() == RespKind.Map) return ReadHeader(2);
        var offset = position;
        var values = ReadHeader(1);
        return values % 2 == 0 ? values / 2 : throw new MalformedDataException(RespFrame.What, "a map with an odd number of values", offset);
    }

    /// <summary>Takes the next value, whatever it is, without looking at it.</summary>
    public void Skip() => Skip(0);

    /// <summary>The text of an error: its code, a space, a sentence.</summary>
    internal ReadOnlySpan<byte> ReadError() => Peek() == RespKind.Error ? ReadText() : throw Unexpected(Peek(), "an error");

    void Skip(int depth)
    {
        if (depth > Deepest) throw new MalformedDataException(RespFrame.What, $"nested more than {Deepest} deep", position);
        switch (Peek())
        {
            case RespKind.Array or RespKind.Push:
                for (var left = ReadHeader(1); left > 0; left--) Skip(depth + 1);
                break;
            case RespKind.Map:
                for (var left = ReadHeader(2) * 2L; left > 0; left--) Skip(depth + 1);
                break;
            case RespKind.Bulk or RespKind.Error:
                ReadText();
                break;
            default:
                Line();
                break;
        }
    }

    int ReadHeader(int valuesPerItem)
    {
        var kind = Peek();
        var offset = position;
        if (TryReadNull()) return 0;
        if (valuesPerItem == 2 ? kind != RespKind.Map : kind is not (RespKind.Array or RespKind.Push)) throw Unexpected(kind, valuesPerItem == 2 ? "a map" : "an array");
        var count = RespFrame.ReadLength(Line(), int.MaxValue, "RESP", offset);
        // Each value takes three bytes at least, so that nobody reserves memory for what cannot be there.
        if (count < 0 || (long)count * valuesPerItem > (bytes.Length - position) / 3) throw new MalformedDataException(RespFrame.What, $"announces {count} values and ends", offset);
        return count;
    }

    // The bytes of a value that is a line or a blob.
    ReadOnlySpan<byte> ReadText()
    {
        var (type, offset) = (Type(), position);
        var line = Line();
        if (!RespFrame.IsBlob(type)) return line;
        var length = RespFrame.ReadLength(line, int.MaxValue, "RESP", offset);
        if (length < 0) return [];
        if (length > bytes.Length - position - 2) throw new MalformedDataException(RespFrame.What, "bytes that end before their announced end", offset);
        var blob = bytes.Slice(position, length);
        position += length + 2;
        // Verbatim text begins with three letters that say how to show it, and a colon.
        return type == '=' && blob.Length >= 4 && blob[3] == ':' ? blob[4..] : blob;
    }

    void SkipAttributes()
    {
        for (var many = 0; position < bytes.Length && bytes[position] == '|'; many++)
        {
            if (many > Deepest) throw new MalformedDataException(RespFrame.What, "attributes without end", position);
            var offset = position;
            var pairs = RespFrame.ReadLength(Line(), int.MaxValue, "RESP", offset);
            for (var left = pairs * 2L; left > 0; left--) Skip(Deepest / 2);
        }
    }

    readonly byte Type() => position < bytes.Length ? bytes[position] : throw new MalformedDataException(RespFrame.What, "ends where a value was expected", position);

    // The rest of the line after its type byte.
    ReadOnlySpan<byte> Line()
    {
        var end = bytes[position..].IndexOf((byte)'\n');
        if (end < 2 || bytes[position + end - 1] != '\r') throw new MalformedDataException(RespFrame.What, "a line that does not end in CR LF", position);
        var line = bytes.Slice(position + 1, end - 2);
        position += end + 1;
        return line;
    }

    readonly RedisReplyException Unexpected(RespKind kind, string expected) => new($"{kind} at byte {position}, where {expected} was expected");
}
