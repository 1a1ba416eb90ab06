using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Belfry.Load.Node;

/// <summary>
/// The publishing end of ZMTP 3.0 as a node's: topic, body, counter. Who subscribed to a topic gets each message with one send. Speaks to Belfry's client and to libzmq.
/// </summary>
sealed class ZmqPublisher : IDisposable
{
    readonly Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    readonly Lock gate = new();
    readonly Dictionary<string, List<Socket>> subscribers = [];
    readonly Dictionary<string, uint> counters = [];
    readonly List<Socket> open = [];
    byte[] scratch = new byte[64 << 10];

    public ZmqPublisher()
    {
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(64);
        new Thread(AcceptAll) { IsBackground = true, Name = "zmq accept" }.Start();
    }

    public int Port => ((IPEndPoint)listener.LocalEndPoint!).Port;

    public int Subscribers(string topic)
    {
        lock (gate) return subscribers.GetValueOrDefault(topic)?.Count ?? 0;
    }

    public void Publish(string topic, ReadOnlySpan<byte> body)
    {
        lock (gate)
        {
            var message = Encode(topic, body);
            foreach (var socket in subscribers.GetValueOrDefault(topic) ?? []) SendAll(socket, message);
        }
    }

    public void Dispose()
    {
        listener.Dispose();
        lock (gate)
        {
            foreach (var socket in open) socket.Dispose();
        }
    }

    ReadOnlySpan<byte> Encode(string topic, ReadOnlySpan<byte> body)
    {
        var name = Encoding.ASCII.GetBytes(topic);
        if (scratch.Length < body.Length + 128) scratch = new byte[body.Length * 2 + 128];
        var at = 0;
        Put(1, name, ref at);
        Put(1, body, ref at);
        var counter = counters.GetValueOrDefault(topic);
        counters[topic] = counter + 1;
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(number, counter);
        Put(0, number, ref at);
        return scratch.AsSpan(0, at);

        void Put(byte flags, ReadOnlySpan<byte> part, ref int place)
        {
            if (part.Length < 256)
            {
                scratch[place++] = flags;
                scratch[place++] = (byte)part.Length;
            }
            else
            {
                scratch[place++] = (byte)(flags | 2);
                BinaryPrimitives.WriteUInt64BigEndian(scratch.AsSpan(place), (ulong)part.Length);
                place += 8;
            }

            part.CopyTo(scratch.AsSpan(place));
            place += part.Length;
        }
    }

    static void SendAll(Socket socket, ReadOnlySpan<byte> message)
    {
        try
        {
            while (!message.IsEmpty) message = message[socket.Send(message)..];
        }
        catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
        {
            // The subscriber has gone; its reader notices.
        }
    }

    void AcceptAll()
    {
        try
        {
            while (true)
            {
                var socket = listener.Accept();
                socket.NoDelay = true;
                lock (gate) open.Add(socket);
                new Thread(() => Serve(socket)) { IsBackground = true, Name = "zmq subscriber" }.Start();
            }
        }
        catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    void Serve(Socket socket)
    {
        try
        {
            var greeting = new byte[64];
            (greeting[0], greeting[9], greeting[10]) = (0xff, 0x7f, 3);
            "NULL"u8.CopyTo(greeting.AsSpan(12));
            socket.Send(greeting);
            Fill(socket, greeting);
            byte[] ready = [.. "\u0005READY"u8, .. "\u000bSocket-Type"u8, 0, 0, 0, 3, .. "PUB"u8];
            socket.Send([4, (byte)ready.Length, .. ready]);
            var header = new byte[2];
            while (true)
            {
                Fill(socket, header);
                var body = new byte[header[1]];
                Fill(socket, body);
                if ((header[0] & 4) == 0 && body.Length > 1 && body[0] == 1) Subscribe(Encoding.ASCII.GetString(body.AsSpan(1)), socket);
            }
        }
        catch (Exception problem) when (problem is SocketException or ObjectDisposedException or EndOfStreamException)
        {
            lock (gate)
            {
                foreach (var list in subscribers.Values) list.Remove(socket);
            }
        }
    }

    void Subscribe(string topic, Socket socket)
    {
        lock (gate)
        {
            if (!subscribers.TryGetValue(topic, out var list)) subscribers[topic] = list = [];
            list.Add(socket);
        }
    }

    static void Fill(Socket socket, Span<byte> room)
    {
        while (!room.IsEmpty)
        {
            var read = socket.Receive(room);
            if (read == 0) throw new EndOfStreamException();
            room = room[read..];
        }
    }
}
