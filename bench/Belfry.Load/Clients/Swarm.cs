using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Belfry.Load.Clients;

/// <summary>
/// Many WebSocket clients on one thread. They read as fast as they can, look for the transaction id at the front of each frame and count; nothing else.
/// </summary>
sealed class Swarm : IDisposable
{
    const int FrontBytes = 320;
    static readonly byte[] Field = "\"tx_hash\":\""u8.ToArray();
    readonly Flights flights;
    readonly List<Socket> sockets = [];
    readonly List<int> handles = [];
    readonly List<Tail> tails = [];
    readonly byte[] buffer = new byte[(512 << 10) + 1024];
    readonly int epoll = Epoll.Create();
    readonly Dictionary<string, string> samples = [];
    Thread? thread;
    volatile bool stopping;
    int gone;

    public Swarm(Flights flights) => this.flights = flights;

    /// <summary>Clients whose connection ended although nobody asked for it.</summary>
    public int Gone => gone;

    public int Count => sockets.Count;

    /// <summary>Whole text messages by kind of event, as they came first; taken while <see cref="Sampling"/>.</summary>
    public IReadOnlyDictionary<string, string> Samples
    {
        get { lock (samples) return samples.ToDictionary(); }
    }

    public bool Sampling { get; set; }

    /// <summary>Connects clients one after the other.</summary>
    public void Connect(int count, IPEndPoint server, IDialect dialect)
    {
        for (var i = 0; i < count; i++)
        {
            var socket = ClientSocket.Open(server, dialect, receiveBuffer: null);
            socket.Blocking = false;
            sockets.Add(socket);
            handles.Add((int)socket.Handle);
            tails.Add(new Tail());
            Epoll.Watch(epoll, (int)socket.Handle, sockets.Count - 1);
        }
    }

    public void Start()
    {
        thread = new Thread(Run) { IsBackground = true, Name = "swarm" };
        thread.Start();
    }

    /// <summary>Waits until the clients have received <paramref name="deliveries"/> in this phase, or nothing has come for a while.</summary>
    public bool WaitFor(long deliveries, TimeSpan patience)
    {
        var (before, since) = (flights.Deliveries, Stopwatch.GetTimestamp());
        while (flights.Deliveries < deliveries)
        {
            Thread.Sleep(5);
            if (flights.Deliveries is var now && now != before) (before, since) = (now, Stopwatch.GetTimestamp());
            if (Stopwatch.GetElapsedTime(since) > patience) return false;
        }

        return true;
    }

    public void Dispose()
    {
        stopping = true;
        thread?.Join();
        foreach (var socket in sockets) socket.Dispose();
        Epoll.Close(epoll);
    }

    void Run()
    {
        var events = new Epoll.Event[256];
        while (!stopping)
        {
            var ready = Epoll.Wait(epoll, events, 50);
            for (var i = 0; i < ready; i++) Read((int)events[i].Tag);
        }
    }

    void Read(int index)
    {
        var tail = tails[index];
        tail.Kept.AsSpan(0, tail.Length).CopyTo(buffer);
        var received = Epoll.Receive(handles[index], buffer.AsSpan(tail.Length, buffer.Length - 1024));
        if (received <= 0)
        {
            if (received == 0) End(index);
            return;
        }

        var bytes = buffer.AsSpan(0, tail.Length + received);
        tail.Length = 0;
        Parse(index, bytes, tail, Stopwatch.GetTimestamp());
    }

    void Parse(int index, Span<byte> bytes, Tail tail, long now)
    {
        while (!bytes.IsEmpty)
        {
            if (tail.Skip > 0)
            {
                var skipped = (int)Math.Min(tail.Skip, bytes.Length);
                tail.Skip -= skipped;
                bytes = bytes[skipped..];
                continue;
            }

            if (!Frame.TryRead(bytes, out var header, out var length) || bytes.Length < header + Math.Min(length, FrontBytes))
            {
                bytes.CopyTo(tail.Kept);
                tail.Length = bytes.Length;
                return;
            }

            var payload = bytes.Slice(header, (int)Math.Min(length, bytes.Length - header));
            if ((bytes[0] & 0xf) == 9) Frame.SendPong(sockets[index], payload);
            else Take(payload);
            tail.Skip = header + length;

            void Take(ReadOnlySpan<byte> text)
            {
                var front = text[..Math.Min(text.Length, FrontBytes)];
                var at = front.IndexOf(Field);
                if (at < 0 || at + Field.Length + 8 > front.Length) return;
                flights.Arrive(front[(at + Field.Length)..], now);
                if (Sampling && text.Length == length) Sample(text);
            }
        }
    }

    void Sample(ReadOnlySpan<byte> text)
    {
        var message = Encoding.UTF8.GetString(text);
        var kind = message.Split("\"event\":\"")[1].Split('"')[0];
        lock (samples) samples.TryAdd(kind, message);
    }

    void End(int index)
    {
        gone++;
        sockets[index].Dispose();
    }

    // What a read left over: less than the front of one frame.
    sealed class Tail
    {
        public readonly byte[] Kept = new byte[FrontBytes + 16];
        public int Length;
        public long Skip;
    }
}
