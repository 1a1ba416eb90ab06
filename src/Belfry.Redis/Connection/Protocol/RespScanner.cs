using Belfry.Core.Runtime;

namespace Belfry.Redis.Connection.Protocol;

/// <summary>
/// Finds where a reply ends, in bytes that arrive in pieces. Each byte is looked at once however small the pieces are, and nothing is allocated for what is only
/// announced: an array of a million items costs its line until its items have come.
/// </summary>
struct RespScanner(RespLimits limits)
{
    readonly long[] open = new long[limits.Depth];
    int depth, values;
    int position;
    int lineStart;
    long blobEnd;

    /// <summary>Goes on where the last call stopped; the bytes start with the first byte of the reply, and what was seen before must be the same.</summary>
    /// <param name="bytes">All bytes of the reply that there are, and maybe of the next ones.</param>
    /// <param name="length">Of the reply, when it is whole.</param>
    /// <exception cref="MalformedDataException">No reply, or one beyond the limits.</exception>
    public bool TryFindEnd(ReadOnlySpan<byte> bytes, out int length)
    {
        while (true)
        {
            if (blobEnd > 0)
            {
                if (blobEnd > bytes.Length) break;
                if (bytes[(int)blobEnd - 2] != '\r' || bytes[(int)blobEnd - 1] != '\n') throw new MalformedDataException(RespFrame.What, "bytes that do not end where announced", (int)blobEnd - 2);
                position = lineStart = (int)blobEnd;
                blobEnd = 0;
                if (EndsReply()) return Done(out length);
                continue;
            }

            var end = bytes[position..].IndexOf((byte)'\n');
            if (end < 0)
            {
                position = bytes.Length;
                CheckLine(bytes, position - lineStart);
                break;
            }

            position += end + 1;
            CheckLine(bytes, position - lineStart);
            var ends = TakeLine(bytes[lineStart..position], lineStart);
            lineStart = position;
            if (ends) return Done(out length);
        }

        if (Math.Max(bytes.Length, blobEnd) > limits.Bytes) throw TooLong(Math.Max(bytes.Length, blobEnd));
        length = 0;
        return false;
    }

    // True when the reply is whole.
    bool TakeLine(ReadOnlySpan<byte> line, int offset)
    {
        if (line.Length < 3 || line[^2] != '\r') throw new MalformedDataException(RespFrame.What, "a line that does not end in CR LF", offset);
        if (++values > limits.Values) throw new MalformedDataException(RespFrame.What, $"more than {limits.Values} values in one reply", offset);
        var type = line[0];
        if (RespFrame.IsLine(type)) return EndsReply();
        var text = line[1..^2];
        if (RespFrame.IsBlob(type))
        {
            var announced = RespFrame.ReadLength(text, limits.Bytes, "MaxReplyBytes", offset);
            if (announced < 0) return EndsReply();
            blobEnd = (long)offset + line.Length + announced + 2;
            return blobEnd > limits.Bytes ? throw TooLong(blobEnd) : false;
        }

        if (!RespFrame.IsAggregate(type, out var each)) throw RespFrame.Unknown(type, offset);
        var count = (long)RespFrame.ReadLength(text, limits.Values, "the limit of values", offset) * each;
        // An attribute is followed by the value that it belongs to.
        if (type == '|') count = Math.Max(count, 0) + 1;
        if (count <= 0) return EndsReply();
        if (depth == open.Length) throw new MalformedDataException(RespFrame.What, $"nested more than {limits.Depth} deep", offset);
        open[depth++] = count;
        return false;
    }

    // One value is complete; so may be those around it.
    bool EndsReply()
    {
        while (depth > 0 && --open[depth - 1] == 0) depth--;
        return depth == 0;
    }

    bool Done(out int length)
    {
        length = position;
        (depth, values, position, lineStart, blobEnd) = (0, 0, 0, 0, 0);
        return length > limits.Bytes ? throw TooLong(length) : true;
    }

    static void CheckLine(ReadOnlySpan<byte> bytes, int length)
    {
        if (length > RespFrame.LongestText) throw new MalformedDataException(RespFrame.What, $"a line of more than {RespFrame.LongestText} bytes", bytes.Length - length);
    }

    readonly MalformedDataException TooLong(long length) => new(RespFrame.What, $"{length} bytes, more than the {limits.Bytes} that MaxReplyBytes allows");
}
