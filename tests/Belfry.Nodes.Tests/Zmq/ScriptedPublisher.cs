using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Belfry.Nodes.Bitcoin.Zmq;

namespace Belfry.Nodes.Tests.Zmq;

/// <summary>A publisher that speaks ZMTP by hand on loopback, as well or as badly as a test wants.</summary>
sealed class ScriptedPublisher : IAsyncDisposable
{
    readonly TcpListener listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource stop = new();
    readonly Task accepting;

    public ScriptedPublisher(Func<Peer, Task> serve)
    {
        listener.Start();
        accepting = AcceptAsync(serve);
    }

    public ZmqEndpoint EndPoint => new("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        stop.Dispose();
    }

    public static byte[] Greeting(byte major = 3, byte minor = 1, string mechanism = "NULL")
    {
        var greeting = new byte[64];
        greeting[0] = 0xff;
        greeting[9] = 0x7f;
        greeting[10] = major;
        greeting[11] = minor;
        Encoding.ASCII.GetBytes(mechanism, greeting.AsSpan(12));
        return greeting;
    }

    public static byte[] Command(string name, params byte[] data) => Frame(4, [(byte)name.Length, .. Encoding.ASCII.GetBytes(name), .. data]);

    public static byte[] Ready(string type = "PUB") => Command("READY", [11, .. "Socket-Type"u8, 0, 0, 0, (byte)type.Length, .. Encoding.ASCII.GetBytes(type)]);

    public static byte[] Frame(byte flags, byte[] body, bool forceLong = false)
    {
        if (body.Length < 256 && !forceLong) return [flags, (byte)body.Length, .. body];
        var length = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(length, body.Length);
        return [(byte)(flags | 2), .. length, .. body];
    }

    public static byte[] Message(string topic, byte[] body, uint counter)
    {
        var number = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(number, counter);
        return [.. Frame(1, Encoding.ASCII.GetBytes(topic)), .. Frame(1, body), .. Frame(0, number)];
    }

    async Task AcceptAsync(Func<Peer, Task> serve)
    {
        var serving = new List<Task>();
        try
        {
            while (true) serving.Add(ServeAsync(await listener.AcceptTcpClientAsync(stop.Token), serve));
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
        }

        await Task.WhenAll(serving);
    }

    async Task ServeAsync(TcpClient client, Func<Peer, Task> serve)
    {
        using var own = client;
        try
        {
            await serve(new Peer(client.GetStream(), stop.Token));
        }
        catch (Exception problem) when (problem is IOException or OperationCanceledException)
        {
        }
    }

    /// <summary>One subscriber, seen from the publisher.</summary>
    public sealed class Peer(NetworkStream stream, CancellationToken stopped)
    {
        /// <summary>Every frame received after the greeting: its flags and body.</summary>
        public ConcurrentQueue<(byte Flags, byte[] Body)> Received { get; } = new();

        public CancellationToken Stopped => stopped;

        public Task SendAsync(byte[] bytes) => stream.WriteAsync(bytes, stopped).AsTask();

        /// <summary>A clean handshake up to the subscription, as libzmq does it.</summary>
        public async Task<string> ShakeHandsAsync(byte minor = 1)
        {
            await SendAsync(Greeting(minor: minor));
            await stream.ReadExactlyAsync(new byte[64], stopped);
            await SendAsync(Ready());
            (await ReadAsync()).Flags.ToString();
            var (flags, body) = await ReadAsync();
            return flags == 4 ? Encoding.ASCII.GetString(body, 10, body.Length - 10) : Encoding.ASCII.GetString(body, 1, body.Length - 1);
        }

        /// <summary>Answers the PING that follows a subscription.</summary>
        public async Task PongAsync()
        {
            var (_, ping) = await ReadAsync();
            await SendAsync(Command("PONG", ping[7..]));
        }

        public async Task<(byte Flags, byte[] Body)> ReadAsync()
        {
            var head = new byte[2];
            await stream.ReadExactlyAsync(head, stopped);
            var body = new byte[head[1]];
            await stream.ReadExactlyAsync(body, stopped);
            Received.Enqueue((head[0], body));
            return (head[0], body);
        }

        /// <summary>Reads and forgets until the other side closes.</summary>
        public async Task DrainAsync()
        {
            var sink = new byte[4096];
            while (await stream.ReadAsync(sink, stopped) > 0)
            {
            }
        }
    }
}
