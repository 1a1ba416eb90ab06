using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Belfry.Core.Runtime;

namespace Belfry.Nodes.Bitcoin.Peer;

/// <summary>One message as it came: its name and its payload.</summary>
/// <param name="Command">1 to 12 printable ASCII characters.</param>
/// <param name="Payload">A copy of its own.</param>
public readonly record struct PeerFrame(string Command, byte[] Payload);

/// <summary>
/// The envelope of the peer protocol: magic, command (12 bytes, zero-padded), payload length (uint32 LE), first four bytes of the payload's double SHA-256, payload.
/// </summary>
public static class PeerFraming
{
    /// <summary>Length of what precedes the payload.</summary>
    public const int HeaderSize = 24;

    const int CommandOffset = 4, CommandSize = 12, LengthOffset = 16, ChecksumOffset = 20, ChecksumSize = 4;

    /// <summary>Wraps a payload.</summary>
    /// <exception cref="ArgumentException">The command is not 1 to 12 printable ASCII characters.</exception>
    public static byte[] Write(uint magic, string command, ReadOnlySpan<byte> payload)
    {
        if (command.Length is 0 or > CommandSize || command.AsSpan().ContainsAnyExceptInRange('!', '~'))
            throw new ArgumentException($"'{command}' is no command: expected 1 to {CommandSize} printable ASCII characters.", nameof(command));
        var frame = new byte[HeaderSize + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, magic);
        Encoding.ASCII.GetBytes(command, frame.AsSpan(CommandOffset, CommandSize));
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(LengthOffset), payload.Length);
        Checksum(payload, frame.AsSpan(ChecksumOffset, ChecksumSize));
        payload.CopyTo(frame.AsSpan(HeaderSize));
        return frame;
    }

    /// <summary>
    /// Takes one whole message from the front of <paramref name="buffer"/>; false when more bytes are needed. The header is judged as soon as it is there, so that
    /// nothing is waited for, and no memory taken, on the word of a header that cannot be right.
    /// </summary>
    /// <exception cref="MalformedDataException">Wrong magic, no command, too long, or wrong checksum.</exception>
    public static bool TryRead(ref ReadOnlySequence<byte> buffer, uint magic, int maxPayload, out PeerFrame frame)
    {
        frame = default;
        if (buffer.Length < HeaderSize) return false;
        Span<byte> header = stackalloc byte[HeaderSize];
        buffer.Slice(0, HeaderSize).CopyTo(header);
        var found = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (found != magic) throw new MalformedDataException("peer message", $"magic {found:x8}, expected {magic:x8}: another network", 0);
        var command = ReadCommand(header.Slice(CommandOffset, CommandSize));
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header[LengthOffset..]);
        if (length > (uint)maxPayload) throw new MalformedDataException($"peer message '{command}'", $"{length} bytes, at most {maxPayload} allowed", LengthOffset);
        if (buffer.Length < HeaderSize + length) return false;
        var payload = buffer.Slice(HeaderSize, length).ToArray();
        Span<byte> checksum = stackalloc byte[ChecksumSize];
        Checksum(payload, checksum);
        if (!checksum.SequenceEqual(header[ChecksumOffset..])) throw new MalformedDataException($"peer message '{command}'", "wrong checksum", ChecksumOffset);
        buffer = buffer.Slice(HeaderSize + length);
        frame = new PeerFrame(command, payload);
        return true;
    }

    /// <summary>SHA-256 of SHA-256, in wire order: the id of a block from its 80-byte header, the wtxid of a transaction from all its bytes.</summary>
    public static void DoubleHash(ReadOnlySpan<byte> bytes, Span<byte> destination)
    {
        Span<byte> once = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, once);
        SHA256.HashData(once, destination);
    }

    static void Checksum(ReadOnlySpan<byte> payload, Span<byte> destination)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        DoubleHash(payload, hash);
        hash[..ChecksumSize].CopyTo(destination);
    }

    static string ReadCommand(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        var name = end < 0 ? field : field[..end];
        if (name.IsEmpty || name.ContainsAnyExceptInRange((byte)'!', (byte)'~') || (end >= 0 && field[end..].ContainsAnyExcept((byte)0)))
            throw new MalformedDataException("peer message", "the command is not printable ASCII padded with zeros", CommandOffset);
        return Encoding.ASCII.GetString(name);
    }
}
