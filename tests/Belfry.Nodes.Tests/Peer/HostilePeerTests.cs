using System.Buffers.Binary;
using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Peer;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Nodes.Tests.Peer;

/// <summary>Whatever a peer does costs one connection, bounded time and bounded memory, and the reason is told.</summary>
public sealed class HostilePeerTests
{
    static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(600);

    [Theory]
    [InlineData("garbage", PeerEnd.Malformed)]
    [InlineData("other network", PeerEnd.Malformed)]
    [InlineData("hangs up", PeerEnd.HandshakeFailed)]
    [InlineData("says nothing", PeerEnd.HandshakeFailed)]
    [InlineData("only chats", PeerEnd.HandshakeFailed)]
    [InlineData("short version", PeerEnd.Malformed)]
    public async Task Before_the_handshake(string what, string reason)
    {
        await using var peer = new ScriptedPeer(async line =>
        {
            switch (what)
            {
                case "garbage":
                    await line.RawAsync(new byte[4096]);
                    break;
                case "other network":
                    await line.RawAsync(PeerFraming.Write(0xf9beb4d9, "version", PeerPayloads.Version(ScriptedPeer.Parameters, "/x/", 1, DateTimeOffset.UnixEpoch)));
                    break;
                case "hangs up":
                    await line.HearAsync("version");
                    return;
                case "only chats":
                    for (var i = 0; i < 40; i++) await line.SayAsync("addr", 0);
                    break;
                case "short version":
                    await line.SayAsync("version", 1, 2, 3);
                    break;
            }

            await line.WaitAsync();
        });
        await using var feed = Listen(peer);
        (await feed.GetAsync<PeerFeedEvent.Disconnected>()).Reason.ShouldBe(reason);
        feed.Heard.ShouldNotContain(item => item is PeerFeedEvent.Connected);
    }

    [Theory]
    [InlineData("bad checksum", PeerEnd.Malformed)]
    [InlineData("too long", PeerEnd.Malformed)]
    [InlineData("too many items", PeerEnd.Malformed)]
    [InlineData("headers cut short", PeerEnd.Malformed)]
    [InlineData("block without header", PeerEnd.Malformed)]
    [InlineData("endless message", PeerEnd.Slow)]
    [InlineData("silence", PeerEnd.Silence)]
    [InlineData("takes nothing", PeerEnd.Slow)]
    public async Task After_the_handshake(string what, string reason)
    {
        await using var peer = new ScriptedPeer(async line =>
        {
            await line.GreetAsync();
            await MisbehaveAsync(line, what);
            await line.WaitAsync();
        });
        await using var feed = Listen(peer);
        (await feed.GetAsync<PeerFeedEvent.Disconnected>()).Reason.ShouldBe(reason);
        // Control characters of a user agent do not reach logs.
        (await feed.GetAsync<PeerFeedEvent.Connected>()).Peer.UserAgent.ShouldBe("/scripted:?/");
        await Eventually.HoldsAsync(() => peer.Connections > 1);
    }

    [Fact]
    public async Task More_announcements_than_there_is_room_for_are_told_as_lost()
    {
        await using var peer = new ScriptedPeer(async line =>
        {
            await line.GreetAsync();
            await line.SayAsync("inv", PeerPayloads.Inventories(Items(0, 1_000)));
            await line.AnswerPingsAsync();
        });
        await using var feed = Listen(peer, options => options with { MaxInFlight = 100, MaxPending = 300, RequestTimeout = TimeSpan.FromMinutes(5) });
        var lost = await feed.GetAsync<PeerFeedEvent.AnnouncementsLost>();
        (lost.Count, lost.Reason).ShouldBe((700, "overflow"));
    }

    [Fact]
    public async Task Unanswered_requests_are_given_up_and_told_and_others_take_their_place()
    {
        var asked = new List<int>();
        await using var peer = new ScriptedPeer(async line =>
        {
            await line.GreetAsync();
            await line.SayAsync("inv", PeerPayloads.Inventories(Items(0, 25)));
            while (true)
            {
                var frame = await line.HearAsync();
                if (frame.Command == "ping") await line.SayAsync("pong", frame.Payload);
                if (frame.Command == "getdata") lock (asked) asked.Add(PeerPayloads.ReadInventories("getdata", frame.Payload).Count);
            }
        });
        await using var feed = Listen(peer, options => options with { MaxInFlight = 10, RequestTimeout = TimeSpan.FromMilliseconds(100) });
        await Eventually.HoldsAsync(() => feed.Heard.OfType<PeerFeedEvent.AnnouncementsLost>().Sum(lost => lost.Count) == 25);
        lock (asked) asked.ShouldBe([10, 10, 5]);
    }

    [Fact]
    public async Task What_nobody_asked_for_and_empty_transactions_are_skipped()
    {
        byte[] empty = [2, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        byte[] real = [2, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9];
        await using var peer = new ScriptedPeer(async line =>
        {
            await line.GreetAsync();
            await line.SayAsync("tx", [.. real, 1]);
            await line.SayAsync("block", new byte[200]);
            await line.SayAsync("inv", PeerPayloads.Inventories(Items(0, 2)));
            await line.HearAsync("getdata");
            await line.SayAsync("tx", empty);
            await line.SayAsync("tx", real);
            await line.AnswerPingsAsync();
        });
        await using var feed = Listen(peer);
        (await feed.GetAsync<PeerFeedEvent.TransactionReceived>()).Raw.ToArray().ShouldBe(real);
        feed.Heard.ShouldAllBe(item => item is PeerFeedEvent.Connected || item is PeerFeedEvent.TransactionReceived);
    }

    [Fact]
    public async Task A_reader_that_stops_stops_the_peer_and_misses_nothing()
    {
        const int Count = 400;
        await using var peer = new ScriptedPeer(async line =>
        {
            await line.GreetAsync();
            await line.SayAsync("inv", PeerPayloads.Inventories(Items(0, Count)));
            await line.HearAsync("getdata");
            for (var i = 0; i < Count; i++) await line.SayAsync("tx", [(byte)i, (byte)(i >> 8), 0, 0, 1, .. new byte[2000]]);
            await line.AnswerPingsAsync();
        });
        var clock = new ManualClock();
        var client = new PeerFeedClient(Core.Runtime.TcpNetwork.Instance, ScriptedPeer.Parameters, Options(peer) with { MaxQueuedBytes = 10_000, MaxQueuedEvents = 16 },
            clock, Core.Runtime.SystemEntropy.Instance, Microsoft.Extensions.Logging.Abstractions.NullLogger<PeerFeedClient>.Instance);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var next = 0;
        await foreach (var item in client.ListenAsync(patience.Token))
        {
            if (item is not PeerFeedEvent.TransactionReceived transaction) continue;
            BinaryPrimitives.ReadInt16LittleEndian(transaction.Raw.Span).ShouldBe((short)next);
            // Longer than the peer's patience with us would be, were our own pause counted as its silence.
            if (next == 5) clock.Advance(Soon * 1.5);
            if (++next == Count) break;
        }

        next.ShouldBe(Count);
        peer.Connections.ShouldBe(1);
    }

    [Fact]
    public async Task A_node_that_is_not_there_is_told_once_and_found_later()
    {
        using var port = TestKit.Nodes.FreePort.Lease();
        await using var feed = ListeningFeed.Start(port.EndPoint, "btc", options => options with { MinBackoff = TimeSpan.FromMilliseconds(20), MaxBackoff = TimeSpan.FromMilliseconds(40) });
        (await feed.GetAsync<PeerFeedEvent.Disconnected>()).Reason.ShouldBe(PeerEnd.ConnectFailed);
        using var found = new System.Net.Sockets.TcpListener(port.EndPoint);
        found.Start();
        using var later = await found.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        feed.Heard.Count.ShouldBe(1);
    }

    static async Task MisbehaveAsync(ScriptedPeer.Line line, string what)
    {
        switch (what)
        {
            case "bad checksum":
                var frame = PeerFraming.Write(ScriptedPeer.Parameters.Magic, "inv", PeerPayloads.Inventories(Items(0, 1)));
                frame[^1] ^= 1;
                await line.RawAsync(frame);
                break;
            case "too long":
                await line.RawAsync(Header("tx", ScriptedPeer.Parameters.MaxMessageBytes + 1));
                break;
            case "too many items":
                await line.SayAsync("inv", [0xfd, 0x51, 0xc3, .. new byte[50_001 * 36]]);
                break;
            case "headers cut short":
                await line.SayAsync("headers", [2, .. new byte[81]]);
                break;
            case "block without header":
                await line.SayAsync("block", new byte[79]);
                break;
            case "endless message":
                await line.RawAsync(Header("tx", 3_000_000));
                while (true)
                {
                    await line.RawAsync(new byte[1]);
                    await Task.Delay(20);
                }

            case "takes nothing":
                // Every ping wants an answer, and nobody reads the answers.
                while (true) await line.SayAsync("ping", new byte[8]);
        }
    }

    static byte[] Header(string command, int length)
    {
        var header = PeerFraming.Write(ScriptedPeer.Parameters.Magic, command, []);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(16), length);
        return header;
    }

    static InventoryItem[] Items(int from, int count)
    {
        var hash = new byte[Hash256.Size];
        return [.. Enumerable.Range(from, count).Select(number =>
        {
            BinaryPrimitives.WriteInt32LittleEndian(hash, number + 1);
            return new InventoryItem(Inventory.Transaction, new Hash256(hash));
        })];
    }

    static PeerFeedOptions Options(ScriptedPeer peer) => new()
    {
        Connection = new PeerOptions
        {
            Host = "127.0.0.1",
            Port = peer.EndPoint.Port,
            HandshakeTimeout = Soon,
            SilenceTimeout = Soon,
            MessageTimeout = Soon,
        },
    };

    static ListeningFeed Listen(ScriptedPeer peer, Func<PeerFeedOptions, PeerFeedOptions>? change = null) =>
        ListeningFeed.Start(peer.EndPoint, "btc", _ => change?.Invoke(Options(peer)) ?? Options(peer));
}
