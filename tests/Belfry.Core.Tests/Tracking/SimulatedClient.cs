using System.Buffers.Binary;
using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Core.Delivery;
using Belfry.Core.Journal;
using Belfry.Core.Listeners;
using Belfry.Core.Runtime;
using Belfry.Nodes.Simnet;
using Belfry.TestKit.Simulation;
using Shouldly;

namespace Belfry.Core.Tests.Tracking;

/// <summary>
/// A client of the real delivery hub behind a simulated network: reads at once, slowly or not at all, is cut in the middle of what was sent, and resumes from the
/// last event that it has.
/// </summary>
sealed class SimulatedClient(SimulatedTime time, SeededEntropy random, ChainId chain, IReadOnlyList<Script>? scripts)
{
    readonly SimulatedTime time = time;
    readonly SeededEntropy random = random;
    readonly List<(long Sequence, string Id)> received = [];
    Connection? connection;

    /// <summary>How often it is slow: a chance for each send.</summary>
    public double Slowness { get; set; }

    /// <summary>How long it takes at most when it is slow.</summary>
    public TimeSpan LongestStall { get; set; } = TimeSpan.FromSeconds(2);

    public bool IsConnected => connection is not null;

    /// <summary>What it has been told so far.</summary>
    public int Received => received.Count;

    long Cursor => received.Count == 0 ? 0 : received[^1].Sequence;

    /// <summary>Subscribes from where it stands.</summary>
    public void Connect(DeliveryHub hub)
    {
        if (connection is not null) return;
        NamedScripts? named = null;
        if (scripts is not null)
        {
            named = new NamedScripts();
            foreach (var script in scripts) named.Add(chain, script);
        }

        // Whoever has an event that the journal does not have was told something that was not durable.
        Cursor.ShouldBeLessThanOrEqualTo(hub.Head, "a client knows an event that the journal has lost");
        connection = new Connection(this);
        connection.Reader = hub.Open(connection);
        connection.Reader.Subscribe(new Selection(), named, Cursor, static _ => EventFrame.TextFrame("{}"u8));
    }

    /// <summary>The network breaks: of what is on its way some whole frames arrive.</summary>
    public void Cut()
    {
        if (connection is not { } broken) return;
        connection = null;
        broken.Break(random.NextDouble());
    }

    /// <summary>What it was told against the journal: everything that it asked for, once, in order.</summary>
    public void Compare(IReadOnlyList<JournalEntry> journal)
    {
        var wanted = journal.Where(entry => scripts is null || entry.Event.Script is null || scripts.Contains(entry.Event.Script))
            .Select(static entry => (entry.Sequence, entry.Event.Id)).ToArray();
        received.ToArray().ShouldBe(wanted, "what a client was told over all its connections is what the journal has for it");
    }

    void Read(ReadOnlySpan<byte> frame)
    {
        var payload = frame[1] switch
        {
            126 => frame.Slice(4, BinaryPrimitives.ReadUInt16BigEndian(frame[2..])),
            127 => frame.Slice(10, (int)BinaryPrimitives.ReadUInt64BigEndian(frame[2..])),
            var length => frame.Slice(2, length),
        };
        using var message = JsonDocument.Parse(payload.ToArray());
        if (!message.RootElement.TryGetProperty("type", out var type) || type.GetString() != "event") return;
        received.Add((message.RootElement.GetProperty("seq").GetInt64(), message.RootElement.GetProperty("id").GetString()!));
    }

    /// <summary>One connection's end in the network.</summary>
    sealed class Connection(SimulatedClient client) : IFrameSink
    {
        ReadOnlyMemory<byte> waiting;
        bool isDead;

        public DeliveryReader Reader { get; set; } = null!;

        public long? StalledSince { get; private set; }

        public bool Send(ReadOnlyMemory<byte> frames)
        {
            if (isDead) return true;
            if (!client.random.Chance(client.Slowness))
            {
                Deliver(frames, 1);
                return true;
            }

            waiting = frames;
            StalledSince = client.time.GetTimestamp();
            _ = Background.Start(() => DeliverLaterAsync(client.LongestStall * client.random.NextDouble()));
            return false;
        }

        public void Close(int code, string reason) => Abort();

        public void Abort()
        {
            if (isDead) return;
            Break(1);
            client.connection = null;
        }

        public void Break(double share)
        {
            isDead = true;
            Deliver(waiting, share);
            waiting = default;
            Reader.Dispose();
        }

        async Task DeliverLaterAsync(TimeSpan delay)
        {
            await Task.Delay(delay, client.time, CancellationToken.None);
            if (isDead) return;
            Deliver(waiting, 1);
            (waiting, StalledSince) = (default, null);
            Reader.SinkReady();
        }

        void Deliver(ReadOnlyMemory<byte> frames, double share)
        {
            var all = frames.Span;
            while (!all.IsEmpty && (share == 1 || client.random.NextDouble() < share))
            {
                var length = all[1] switch
                {
                    126 => 4 + BinaryPrimitives.ReadUInt16BigEndian(all[2..]),
                    127 => 10 + (int)BinaryPrimitives.ReadUInt64BigEndian(all[2..]),
                    var small => 2 + small,
                };
                client.Read(all[..length]);
                all = all[length..];
            }
        }
    }
}
