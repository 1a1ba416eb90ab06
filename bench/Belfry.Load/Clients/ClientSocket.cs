using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Belfry.Load.Clients;

/// <summary>What a client says before it listens.</summary>
interface IDialect
{
    string Path { get; }

    /// <summary>Called with the open connection; returns when the subscription holds.</summary>
    void Begin(Socket socket);
}

/// <summary>Subscribes to Belfry.</summary>
sealed class BelfryDialect(IReadOnlyList<string> events, IReadOnlyList<string>? addresses = null) : IDialect
{
    public string Path => "/ws/events";

    public void Begin(Socket socket)
    {
        var list = string.Join(',', events.Select(static name => $"\"{name}\""));
        var more = addresses is null ? "" : $",\"addresses\":[{string.Join(',', addresses.Select(static address => $"\"{address}\""))}]";
        Frame.Send(socket, $$"""{"type":"subscribe","events":[{{list}}]{{more}}}""");
        var answer = Frame.Receive(socket);
        if (!answer.Contains("subscription_confirmed", StringComparison.Ordinal)) throw new InvalidOperationException($"Belfry answered {answer}");
    }
}

/// <summary>Says nothing: the rival sends everything to everybody.</summary>
sealed class PlainDialect : IDialect
{
    public string Path => "/";

    public void Begin(Socket socket)
    {
    }
}

/// <summary>socket.io over its WebSocket transport: the server's open packet, our connect packet, the server's answer.</summary>
sealed class SocketIoDialect : IDialect
{
    public string Path => "/socket.io/?EIO=4&transport=websocket";

    public void Begin(Socket socket)
    {
        Expect('0');
        Frame.Send(socket, "40");
        Expect('4');

        void Expect(char first)
        {
            var answer = Frame.Receive(socket);
            if (answer.Length == 0 || answer[0] != first) throw new InvalidOperationException($"socket.io answered {answer}");
        }
    }
}

static class ClientSocket
{
    /// <summary>Connects, shakes hands and begins.</summary>
    public static Socket Open(IPEndPoint server, IDialect dialect, int? receiveBuffer)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 20_000 };
        if (receiveBuffer is { } size) socket.ReceiveBufferSize = size;
        socket.Connect(server);
        socket.Send(Encoding.ASCII.GetBytes(
            $"GET {dialect.Path} HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        var head = ReadHead(socket);
        if (!head.StartsWith("HTTP/1.1 101", StringComparison.Ordinal)) throw new InvalidOperationException($"{server} answered {head.Split('\r')[0]}");
        dialect.Begin(socket);
        return socket;
    }

    // Byte by byte: what follows the head is already WebSocket.
    static string ReadHead(Socket socket)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!EndsHead(head))
        {
            if (socket.Receive(one) == 0) throw new InvalidOperationException($"the server closed during the handshake after '{head}'");
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    static bool EndsHead(StringBuilder head) => head.Length >= 4 && head[^1] == '\n' && head[^2] == '\r' && head[^3] == '\n' && head[^4] == '\r';
}

/// <summary>WebSocket frames as a client needs them.</summary>
static class Frame
{
    /// <summary>Reads a server's frame header; false when more bytes are needed.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out int header, out long length)
    {
        (header, length) = (2, 0);
        if (bytes.Length < 2) return false;
        length = bytes[1] & 0x7f;
        header = length switch { 126 => 4, 127 => 10, _ => 2 };
        if (bytes.Length < header) return false;
        if (header == 4) length = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        else if (header == 10) length = BinaryPrimitives.ReadInt64BigEndian(bytes[2..]);
        return true;
    }

    /// <summary>Sends one text frame, masked with zeros.</summary>
    public static void Send(Socket socket, string text)
    {
        var payload = Encoding.UTF8.GetBytes(text);
        var header = new byte[payload.Length < 126 ? 6 : payload.Length <= ushort.MaxValue ? 8 : 14];
        header[0] = 0x81;
        header[1] = (byte)(0x80 | (header.Length switch { 6 => payload.Length, 8 => 126, _ => 127 }));
        if (header.Length == 8) BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)payload.Length);
        else if (header.Length == 14) BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(2), (ulong)payload.Length);
        byte[] frame = [.. header, .. payload];
        for (var at = 0; at < frame.Length;) at += socket.Send(frame.AsSpan(at));
    }

    /// <summary>Answers a ping.</summary>
    public static void SendPong(Socket socket, ReadOnlySpan<byte> payload) => socket.Send([0x8a, (byte)(0x80 | payload.Length), 0, 0, 0, 0, .. payload]);

    /// <summary>The next text message of a blocking socket.</summary>
    public static string Receive(Socket socket)
    {
        while (true)
        {
            var header = new byte[10];
            Fill(socket, header.AsSpan(0, 2));
            var size = (header[1] & 0x7f) switch { 126 => 4, 127 => 10, _ => 2 };
            Fill(socket, header.AsSpan(2, size - 2));
            TryRead(header, out _, out var length);
            var payload = new byte[length];
            Fill(socket, payload);
            if ((header[0] & 0xf) is 1 or 0) return Encoding.UTF8.GetString(payload);
            if ((header[0] & 0xf) == 8) throw new InvalidOperationException($"closed: {Encoding.UTF8.GetString(payload.AsSpan(Math.Min(2, payload.Length)))}");
        }
    }

    static void Fill(Socket socket, Span<byte> room)
    {
        while (!room.IsEmpty)
        {
            var read = socket.Receive(room);
            if (read == 0) throw new InvalidOperationException("the server closed the connection");
            room = room[read..];
        }
    }
}
