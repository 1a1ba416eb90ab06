using System.Buffers;
using System.Buffers.Binary;
using Belfry.Core.Journal;

namespace Belfry.Core.Delivery;

/// <summary>
/// An entry with its envelope, encoded once for everybody. Server-to-client WebSocket frames are not masked, so even the frame header is the same for all and stands
/// in front of the envelope.
/// </summary>
public sealed class EventFrame
{
    readonly byte[] bytes;
    readonly int header;

    /// <summary>Encodes <paramref name="entry"/>.</summary>
    public EventFrame(JournalEntry entry)
    {
        Entry = entry;
        var envelope = new ArrayBufferWriter<byte>(entry.Event.Data.Length + 160);
        EventEnvelope.Write(entry, envelope);
        bytes = TextFrame(envelope.WrittenSpan);
        header = bytes.Length - envelope.WrittenCount;
    }

    /// <summary>The entry.</summary>
    public JournalEntry Entry { get; }

    /// <summary>Its place in the journal.</summary>
    public long Sequence => Entry.Sequence;

    /// <summary>A whole WebSocket text frame.</summary>
    public ReadOnlyMemory<byte> WebSocketBytes => bytes;

    /// <summary>The envelope alone, UTF-8 JSON.</summary>
    public ReadOnlyMemory<byte> Envelope => bytes.AsMemory(header);

    /// <summary>A single unmasked WebSocket text frame around <paramref name="payload"/> (RFC 6455 section 5.2).</summary>
    public static byte[] TextFrame(ReadOnlySpan<byte> payload) => Frame(0x81, payload);

    /// <summary>A single unmasked WebSocket frame whose first byte is <paramref name="first"/> (FIN and opcode).</summary>
    public static byte[] Frame(byte first, ReadOnlySpan<byte> payload)
    {
        var size = payload.Length < 126 ? 2 : payload.Length <= ushort.MaxValue ? 4 : 10;
        var frame = new byte[size + payload.Length];
        frame[0] = first;
        frame[1] = size switch { 2 => (byte)payload.Length, 4 => 126, _ => 127 };
        if (size == 4) BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)payload.Length);
        else if (size == 10) BinaryPrimitives.WriteUInt64BigEndian(frame.AsSpan(2), (ulong)payload.Length);
        payload.CopyTo(frame.AsSpan(size));
        return frame;
    }
}
