using System.Buffers;
using System.Buffers.Binary;
using System.Text.Unicode;
using Belfry.Core.Delivery;

namespace Belfry.Server.Sockets;

enum SocketMessageKind
{
    Text,
    Ping,
    Pong,
    Close,

    /// <summary>The peer broke a rule; the connection must be closed with the code.</summary>
    Fault,

    /// <summary>The stream has ended.</summary>
    End,
}

/// <summary>What a client sent. The payload is valid until the next read.</summary>
readonly record struct SocketMessage(SocketMessageKind Kind, ReadOnlyMemory<byte> Payload, int Code = 0, string Reason = "");

/// <summary>Reads a client's WebSocket frames (RFC 6455). An idle connection holds no buffer: it waits with a read of zero bytes.</summary>
sealed class FrameReader(Stream stream, int maxMessage, TimeProvider time) : IDisposable
{
    const int SmallBuffer = 4 << 10;
    const int LargestHeader = 14;

    // Control frames and empty fragments cost the server work and the client nothing.
    const int EmptyFramesPerSecond = 100;
    byte[]? buffer;
    int start;
    int end;
    ArrayBufferWriter<byte>? fragments;
    bool delivered;
    long windowStart;
    int emptyFrames;
    long begunAt;

    /// <summary>When the first byte of a message that is not whole yet was seen; null between messages. May be read by others.</summary>
    public long? BegunAt => Volatile.Read(ref begunAt) is var at and not 0 ? at : null;

    public async ValueTask<SocketMessage> ReadAsync(CancellationToken cancellationToken)
    {
        if (delivered) (fragments, delivered) = (null, false);
        while (true)
        {
            if (TryParse(out var message))
            {
                if (fragments is null || delivered) Volatile.Write(ref begunAt, 0);
                return message;
            }

            NoteBeginning();
            if (start == end)
            {
                Release();
#pragma warning disable CA2022, MA0060 // nothing is read here: the call returns when there is something to read
                await stream.ReadAsync(Memory<byte>.Empty, cancellationToken);
#pragma warning restore CA2022, MA0060
            }

            MakeRoom();
            var count = await stream.ReadAsync(buffer.AsMemory(end), cancellationToken);
            if (count == 0) return new SocketMessage(SocketMessageKind.End, default);
            end += count;
        }
    }

    /// <summary>Reads and forgets until the peer ends.</summary>
    public async ValueTask DiscardAsync(CancellationToken cancellationToken)
    {
        var waste = buffer ??= ArrayPool<byte>.Shared.Rent(SmallBuffer);
        while (await stream.ReadAsync(waste, cancellationToken) > 0)
        {
        }
    }

    public void Dispose() => Release();

    bool TryParse(out SocketMessage message)
    {
        message = default;
        while (end - start >= 2)
        {
            var span = buffer.AsSpan(start, end - start);
            var (first, second) = (span[0], span[1]);
            if ((first & 0x70) != 0) return Fault(CloseCodes.ProtocolError, "reserved bits are set", out message);
            if ((second & 0x80) == 0) return Fault(CloseCodes.ProtocolError, "a client's frame must be masked", out message);
            var lengthBytes = (second & 0x7f) switch { 126 => 2, 127 => 8, _ => 0 };
            var header = 2 + lengthBytes + 4;
            if (span.Length < header) return false;
            var length = lengthBytes switch
            {
                2 => BinaryPrimitives.ReadUInt16BigEndian(span[2..]),
                8 => BinaryPrimitives.ReadUInt64BigEndian(span[2..]),
                _ => (ulong)(second & 0x7f),
            };
            if (CheckHeader(first, length) is { } fault) return Fault(fault.Code, fault.Reason, out message);
            if ((ulong)span.Length < (ulong)header + length) return false;
            // Only now: a frame that arrives in many pieces is one frame.
            if (CheckFlood(first, length) is { } flood) return Fault(CloseCodes.PolicyViolation, flood, out message);
            var payload = buffer.AsMemory(start + header, (int)length);
            Unmask(payload.Span, span.Slice(header - 4, 4));
            start += header + (int)length;
            if (Accept(first, payload, out message)) return true;
        }

        return false;
    }

    (int Code, string Reason)? CheckHeader(byte first, ulong length)
    {
        var (opcode, final) = (first & 0x0f, (first & 0x80) != 0);
        if (opcode >= 8)
        {
            if (opcode > 10) return (CloseCodes.ProtocolError, "unknown opcode");
            if (!final || length > 125) return (CloseCodes.ProtocolError, "a control frame must be whole and at most 125 bytes");
            return null;
        }

        if (opcode == 2) return (CloseCodes.Unsupported, "binary messages are not spoken here: send JSON text");
        if (opcode > 2) return (CloseCodes.ProtocolError, "unknown opcode");
        if (opcode == 0 && fragments is null) return (CloseCodes.ProtocolError, "a continuation continues nothing");
        if (opcode == 1 && fragments is not null) return (CloseCodes.ProtocolError, "a message began inside another one");
        return length + (ulong)(fragments?.WrittenCount ?? 0) > (ulong)maxMessage ? (CloseCodes.TooBig, $"a message may have {maxMessage} bytes") : null;
    }

    string? CheckFlood(byte first, ulong length)
    {
        var isControl = (first & 0x0f) >= 8;
        if (!isControl && (length > 0 || (first & 0x80) != 0)) return null;
        return !IsFlood() ? null : isControl ? "too many control frames" : "too many empty fragments";
    }

    bool Accept(byte first, ReadOnlyMemory<byte> payload, out SocketMessage message)
    {
        var (opcode, final) = (first & 0x0f, (first & 0x80) != 0);
        message = opcode switch
        {
            8 => ReadClose(payload),
            9 => new SocketMessage(SocketMessageKind.Ping, payload),
            10 => new SocketMessage(SocketMessageKind.Pong, payload),
            _ => default,
        };
        if (opcode >= 8) return true;
        if (final && fragments is null) return Deliver(payload, out message);
        (fragments ??= new ArrayBufferWriter<byte>(SmallBuffer)).Write(payload.Span);
        if (!final) return false;
        delivered = true;
        return Deliver(fragments.WrittenMemory, out message);
    }

    static bool Deliver(ReadOnlyMemory<byte> text, out SocketMessage message)
    {
        message = Utf8.IsValid(text.Span)
            ? new SocketMessage(SocketMessageKind.Text, text)
            : new SocketMessage(SocketMessageKind.Fault, default, CloseCodes.InvalidText, "the text is not UTF-8");
        return true;
    }

    static SocketMessage ReadClose(ReadOnlyMemory<byte> payload)
    {
        if (payload.IsEmpty) return new SocketMessage(SocketMessageKind.Close, payload, 1000);
        if (payload.Length == 1) return new SocketMessage(SocketMessageKind.Fault, default, CloseCodes.ProtocolError, "a close code has two bytes");
        var code = BinaryPrimitives.ReadUInt16BigEndian(payload.Span);
        if (code is < 1000 or 1004 or 1005 or 1006 or (> 1014 and < 3000) or > 4999)
            return new SocketMessage(SocketMessageKind.Fault, default, CloseCodes.ProtocolError, "no such close code");
        return Utf8.IsValid(payload.Span[2..])
            ? new SocketMessage(SocketMessageKind.Close, payload, code)
            : new SocketMessage(SocketMessageKind.Fault, default, CloseCodes.InvalidText, "the reason is not UTF-8");
    }

    void NoteBeginning()
    {
        if (start == end && fragments is null) Volatile.Write(ref begunAt, 0);
        else if (begunAt == 0) Volatile.Write(ref begunAt, Math.Max(1, time.GetTimestamp()));
    }

    bool IsFlood()
    {
        var now = time.GetTimestamp();
        if (time.GetElapsedTime(windowStart, now) >= TimeSpan.FromSeconds(1)) (windowStart, emptyFrames) = (now, 0);
        return ++emptyFrames > EmptyFramesPerSecond;
    }

    static bool Fault(int code, string reason, out SocketMessage message)
    {
        message = new SocketMessage(SocketMessageKind.Fault, default, code, reason);
        return true;
    }

    static void Unmask(Span<byte> payload, ReadOnlySpan<byte> mask)
    {
        var key = BinaryPrimitives.ReadUInt32LittleEndian(mask);
        var wide = key | ((ulong)key << 32);
        var at = 0;
        for (; at + 8 <= payload.Length; at += 8)
            BinaryPrimitives.WriteUInt64LittleEndian(payload[at..], BinaryPrimitives.ReadUInt64LittleEndian(payload[at..]) ^ wide);
        for (; at < payload.Length; at++) payload[at] ^= (byte)(key >> (8 * (at & 3)));
    }

    void MakeRoom()
    {
        buffer ??= ArrayPool<byte>.Shared.Rent(SmallBuffer);
        if (end < buffer.Length && start == 0) return;
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
            if (end < buffer.Length) return;
        }

        var bigger = ArrayPool<byte>.Shared.Rent(Math.Min(buffer.Length * 4, maxMessage + LargestHeader));
        buffer.AsSpan(0, end).CopyTo(bigger);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = bigger;
    }

    void Release()
    {
        if (buffer is null) return;
        ArrayPool<byte>.Shared.Return(buffer);
        (buffer, start, end) = (null, 0, 0);
    }
}
