using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Belfry.Core.Runtime;

namespace Belfry.Nodes.Bitcoin.Zmq;

/// <summary>
/// The frames of one ZMTP 3.0 / 3.1 connection as a SUB socket with the NULL mechanism. One reader at a time; writers may be several.
/// </summary>
sealed class ZmtpConnection : IAsyncDisposable
{
    const string Frame = "ZMTP frame";
    const int GreetingLength = 64;
    const int SignatureLength = 10;
    const byte MoreFlag = 1, LongFlag = 2, CommandFlag = 4;

    // Bodies above this are read piece by piece: a length field alone must not make us allocate.
    const int TrustedLength = 1 << 20;

    // SOL_SOCKET and SO_RCVLOWAT of Linux.
    const int SocketLevel = 1, ReceiveLowWater = 18;

    // Well below the smallest receive buffer: a sender is never held up for it.
    const int WorthWaking = 32 * 1024;

    readonly Stream stream;
    readonly ZmtpLimits limits;
    readonly SemaphoreSlim writing = new(1, 1);
    readonly byte[] buffer = new byte[64 * 1024];
    int start, end;

    ZmtpConnection(Stream stream, ZmtpLimits limits)
    {
        this.stream = stream;
        this.limits = limits;
    }

    /// <summary>Minor version of the peer: from 1 on it knows SUBSCRIBE and PING as commands.</summary>
    public int PeerMinor { get; private set; }

    /// <summary>Whether something of the next frame has arrived already.</summary>
    public bool HasMore => end > start;

    /// <summary>Shakes hands over a fresh connection; the stream belongs to the result, or is closed when the handshake fails.</summary>
    /// <exception cref="MalformedDataException">The other side is no ZMTP 3 publisher without authentication.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public static async Task<ZmtpConnection> OpenAsync(Stream stream, ZmtpLimits limits, CancellationToken cancellationToken)
    {
        var connection = new ZmtpConnection(stream, limits);
        try
        {
            await connection.GreetAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Lets messages gather for a while. The system does not wake anybody for them meanwhile, as far as it can be told so.</summary>
    public async ValueTask GatherAsync(TimeSpan time, TimeProvider clock, CancellationToken cancellationToken)
    {
        WakeAt(WorthWaking);
        try
        {
            await Task.Delay(time, clock, cancellationToken);
        }
        finally
        {
            WakeAt(1);
        }
    }

    /// <summary>Subscribes to every message that starts with <paramref name="topic"/>.</summary>
    public ValueTask SubscribeAsync(string topic, CancellationToken cancellationToken)
    {
        var name = Encoding.ASCII.GetBytes(topic);
        // 3.0 knows subscriptions as messages only; 3.1 made them commands and libzmq still takes both.
        return PeerMinor >= 1 ? SendCommandAsync("SUBSCRIBE"u8, name, cancellationToken) : SendAsync(0, [1, .. name], cancellationToken);
    }

    /// <summary>Asks for a sign of life, which arrives as a PONG command with <paramref name="context"/> (at most 16 bytes).</summary>
    public ValueTask PingAsync(byte[] context, CancellationToken cancellationToken) =>
        // Two bytes of time to live in tenths of a second, 0: the publisher need not watch us.
        SendCommandAsync("PING"u8, [0, 0, .. context], cancellationToken);

    /// <summary>Answers a PING.</summary>
    public ValueTask PongAsync(ReadOnlyMemory<byte> context, CancellationToken cancellationToken) =>
        SendCommandAsync("PONG"u8, context.ToArray(), cancellationToken);

    /// <summary>Reads the next frame.</summary>
    /// <exception cref="MalformedDataException">Reserved flags, or longer than allowed.</exception>
    /// <exception cref="IOException">The connection ended.</exception>
    public async ValueTask<ZmtpFrame> ReadFrameAsync(CancellationToken cancellationToken)
    {
        await FillAsync(2, cancellationToken);
        var flags = buffer[start];
        if ((flags & ~(MoreFlag | LongFlag | CommandFlag)) != 0) throw new MalformedDataException(Frame, $"reserved flags set (0x{flags:x2})", 0);
        var isCommand = (flags & CommandFlag) != 0;
        if (isCommand && (flags & MoreFlag) != 0) throw new MalformedDataException(Frame, "a command in several frames", 0);
        ulong length;
        if ((flags & LongFlag) != 0)
        {
            await FillAsync(9, cancellationToken);
            length = BinaryPrimitives.ReadUInt64BigEndian(buffer.AsSpan(start + 1));
            start += 9;
        }
        else
        {
            length = buffer[start + 1];
            start += 2;
        }

        var limit = isCommand ? limits.MaxCommandBytes : limits.MaxFrameBytes;
        if (length > (ulong)limit) throw new MalformedDataException(Frame, $"{length} bytes long where at most {limit} are accepted", 1);
        return new ZmtpFrame((flags & MoreFlag) != 0, isCommand, await ReadBodyAsync((int)length, cancellationToken));
    }

    /// <summary>Splits a command into its name and data.</summary>
    public static (string Name, ReadOnlyMemory<byte> Data) ReadCommand(byte[] body)
    {
        if (body.Length == 0 || body[0] == 0 || body[0] > body.Length - 1) throw new MalformedDataException("ZMTP command", "no name", 0);
        return (Printable(body.AsSpan(1, body[0])), body.AsMemory(1 + body[0]));
    }

    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync();
        writing.Dispose();
    }

    async Task GreetAsync(CancellationToken cancellationToken)
    {
        var greeting = new byte[GreetingLength];
        greeting[0] = 0xff;
        greeting[9] = 0x7f;
        greeting[10] = 3;
        greeting[11] = 1;
        "NULL"u8.CopyTo(greeting.AsSpan(12));
        await stream.WriteAsync(greeting, cancellationToken);
        await stream.FlushAsync(cancellationToken);
        await FillAsync(SignatureLength, cancellationToken);
        if (buffer[start] != 0xff || buffer[start + 9] != 0x7f) throw new MalformedDataException("ZMTP greeting", "no ZeroMQ signature: something else listens there", 0);
        await FillAsync(SignatureLength + 1, cancellationToken);
        if (buffer[start + 10] < 3) throw new MalformedDataException("ZMTP greeting", $"version {buffer[start + 10]} where 3 is needed (libzmq 4 or newer)", 10);
        await FillAsync(GreetingLength, cancellationToken);
        PeerMinor = buffer[start + 10] > 3 ? 1 : buffer[start + 11];
        var mechanism = Printable(buffer.AsSpan(start + 12, 20).TrimEnd((byte)0));
        if (mechanism != "NULL") throw new MalformedDataException("ZMTP greeting", $"mechanism '{mechanism}' where NULL is needed", 12);
        start += GreetingLength;
        await SendCommandAsync("READY"u8, [.. "\x0bSocket-Type"u8, 0, 0, 0, 3, .. "SUB"u8], cancellationToken);
        await ReadReadyAsync(cancellationToken);
    }

    async Task ReadReadyAsync(CancellationToken cancellationToken)
    {
        var frame = await ReadFrameAsync(cancellationToken);
        if (!frame.IsCommand) throw new MalformedDataException("ZMTP handshake", "a message before READY");
        var (name, data) = ReadCommand(frame.Body);
        if (name == "ERROR") throw new MalformedDataException("ZMTP handshake", $"the publisher refused: {Printable(data.Span.Length > 1 ? data.Span[1..] : default)}");
        if (name != "READY") throw new MalformedDataException("ZMTP handshake", $"command '{name}' where READY is due");
        var type = ReadSocketType(data.Span);
        if (type is not ("PUB" or "XPUB")) throw new MalformedDataException("ZMTP handshake", $"the other side is a '{type}' socket where PUB is needed");
    }

    static string ReadSocketType(ReadOnlySpan<byte> metadata)
    {
        var type = "";
        while (!metadata.IsEmpty)
        {
            var nameLength = metadata[0];
            if (metadata.Length < 1 + nameLength + 4) throw new MalformedDataException("ZMTP metadata", "cut short");
            var name = Printable(metadata.Slice(1, nameLength));
            var valueLength = BinaryPrimitives.ReadUInt32BigEndian(metadata[(1 + nameLength)..]);
            metadata = metadata[(1 + nameLength + 4)..];
            if (valueLength > metadata.Length) throw new MalformedDataException("ZMTP metadata", "cut short");
            if (name.Equals("Socket-Type", StringComparison.OrdinalIgnoreCase)) type = Printable(metadata[..(int)valueLength]);
            metadata = metadata[(int)valueLength..];
        }

        return type;
    }

    ValueTask SendCommandAsync(ReadOnlySpan<byte> name, byte[] data, CancellationToken cancellationToken) =>
        SendAsync(CommandFlag, [(byte)name.Length, .. name, .. data], cancellationToken);

    async ValueTask SendAsync(byte flags, byte[] body, CancellationToken cancellationToken)
    {
        // Nothing that a subscriber sends is longer than a short frame.
        byte[] frame = [flags, (byte)body.Length, .. body];
        await writing.WaitAsync(cancellationToken);
        try
        {
            await stream.WriteAsync(frame, cancellationToken);
            await stream.FlushAsync(cancellationToken);
        }
        finally
        {
            writing.Release();
        }
    }

    async ValueTask<byte[]> ReadBodyAsync(int length, CancellationToken cancellationToken)
    {
        var body = GC.AllocateUninitializedArray<byte>(Math.Min(length, TrustedLength));
        var filled = Math.Min(length, end - start);
        buffer.AsSpan(start, Math.Min(filled, body.Length)).CopyTo(body);
        start += filled;
        while (filled < length)
        {
            if (filled == body.Length) Array.Resize(ref body, (int)Math.Min(length, body.Length * 2L));
            var read = await stream.ReadAsync(body.AsMemory(filled), cancellationToken);
            if (read == 0) throw new EndOfStreamException("the publisher closed the connection");
            filled += read;
        }

        return body;
    }

    /// <summary>Makes sure that <paramref name="count"/> bytes stand in the buffer.</summary>
    async ValueTask FillAsync(int count, CancellationToken cancellationToken)
    {
        if (end - start >= count) return;
        buffer.AsSpan(start, end - start).CopyTo(buffer);
        (start, end) = (0, end - start);
        while (end < count)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(end), cancellationToken);
            if (read == 0) throw new EndOfStreamException("the publisher closed the connection");
            end += read;
        }
    }

    // SO_RCVLOWAT: without it each arrival costs two wake-ups, of the thread that watches all sockets and of one that finds nothing to do.
    void WakeAt(int bytes)
    {
        if (!OperatingSystem.IsLinux() || stream is not NetworkStream { Socket: var socket }) return;
        try
        {
            socket.SetRawSocketOption(SocketLevel, ReceiveLowWater, BitConverter.GetBytes(bytes));
        }
        catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
        {
            // The next read says what is wrong with the connection.
        }
    }

    static string Printable(ReadOnlySpan<byte> bytes) =>
        string.Create(Math.Min(bytes.Length, 200), bytes, static (text, source) =>
        {
            for (var i = 0; i < text.Length; i++) text[i] = source[i] is >= 0x20 and < 0x7f ? (char)source[i] : '?';
        });
}
