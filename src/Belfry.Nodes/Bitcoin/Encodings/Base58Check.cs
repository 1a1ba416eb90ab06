using System.Buffers;

namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>What was wrong with a Base58Check text.</summary>
public enum Base58Fault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A character outside the alphabet.</summary>
    BadCharacter,

    /// <summary>More data than the caller has room for, or a text longer than is read at all.</summary>
    TooLong,

    /// <summary>Not even a checksum's worth of data.</summary>
    TooShort,

    /// <summary>The last four bytes are not those of the double SHA-256.</summary>
    Checksum,
}

/// <summary>Base 58 with the first four bytes of the double SHA-256 as checksum.</summary>
public static class Base58Check
{
    const int ChecksumSize = 4;

    /// <summary>Reads a text and checks it.</summary>
    /// <param name="text">The text.</param>
    /// <param name="buffer">Room for the data and its four bytes of checksum.</param>
    /// <param name="length">Length of the data in <paramref name="buffer"/>, without the checksum.</param>
    public static Base58Fault Decode(ReadOnlySpan<char> text, Span<byte> buffer, out int length)
    {
        length = 0;
        if (text.Length > Base58.MaxTextLength) return Base58Fault.TooLong;
        switch (Base58.Decode(text, buffer, out var written))
        {
            case OperationStatus.InvalidData: return Base58Fault.BadCharacter;
            case OperationStatus.DestinationTooSmall: return Base58Fault.TooLong;
        }

        if (written < ChecksumSize + 1) return Base58Fault.TooShort;
        Span<byte> hash = stackalloc byte[32];
        Hash160.ComputeDoubleSha256(buffer[..(written - ChecksumSize)], hash);
        if (!hash[..ChecksumSize].SequenceEqual(buffer.Slice(written - ChecksumSize, ChecksumSize))) return Base58Fault.Checksum;
        length = written - ChecksumSize;
        return Base58Fault.None;
    }

    /// <summary>Writes a version byte and a payload; allocates the string only.</summary>
    /// <exception cref="ArgumentException">More than <see cref="Base58.MaxDataLength"/> bytes with version and checksum.</exception>
    public static string Encode(byte version, ReadOnlySpan<byte> payload)
    {
        if (payload.Length + ChecksumSize + 1 > Base58.MaxDataLength) throw new ArgumentException("The payload is too long.", nameof(payload));
        Span<byte> data = stackalloc byte[payload.Length + ChecksumSize + 1];
        Span<byte> hash = stackalloc byte[32];
        data[0] = version;
        payload.CopyTo(data[1..]);
        Hash160.ComputeDoubleSha256(data[..^ChecksumSize], hash);
        hash[..ChecksumSize].CopyTo(data[^ChecksumSize..]);
        return Base58.Encode(data);
    }
}
