using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Belfry.Server.Tests.Fixtures;

/// <summary>A WebSocket client that can break every rule.</summary>
static class RawSocket
{
    public static async Task<TcpClient> OpenAsync(Uri server, string path = "/ws/events")
    {
#pragma warning disable RS0030 // the test is the peer
        var client = new TcpClient { ReceiveBufferSize = 8192 };
#pragma warning restore RS0030
        await client.ConnectAsync(server.Host, server.Port);
        var request = $"GET {path} HTTP/1.1\r\nHost: {server.Authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await client.GetStream().ReadExactlyAsync(one).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
            head.Append((char)one[0]);
        }

        return head.ToString().Contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", StringComparison.Ordinal) ? client : throw new InvalidOperationException(head.ToString());
    }

    /// <summary>A masked frame.</summary>
    public static byte[] Frame(byte first, byte[] payload, bool masked = true)
    {
        var frame = new List<byte> { first };
        var flag = masked ? 0x80 : 0;
        if (payload.Length < 126)
        {
            frame.Add((byte)(flag | payload.Length));
        }
        else
        {
            frame.Add((byte)(flag | 127));
            var length = new byte[8];
            BinaryPrimitives.WriteInt64BigEndian(length, payload.Length);
            frame.AddRange(length);
        }

        byte[] mask = [0x12, 0x34, 0x56, 0x78];
        if (masked) frame.AddRange(mask);
        frame.AddRange(payload.Select((value, at) => masked ? (byte)(value ^ mask[at % 4]) : value));
        return [.. frame];
    }

    public static async Task<(byte First, byte[] Payload)> ReadFrameAsync(Stream stream)
    {
        var head = new byte[2];
        await stream.ReadExactlyAsync(head).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        var length = (int)head[1];
        if (length == 126)
        {
            var wide = new byte[2];
            await stream.ReadExactlyAsync(wide);
            length = BinaryPrimitives.ReadUInt16BigEndian(wide);
        }
        else if (length == 127)
        {
            var wide = new byte[8];
            await stream.ReadExactlyAsync(wide);
            length = checked((int)BinaryPrimitives.ReadInt64BigEndian(wide));
        }

        var payload = new byte[length];
        await stream.ReadExactlyAsync(payload).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        return (head[0], payload);
    }
}
