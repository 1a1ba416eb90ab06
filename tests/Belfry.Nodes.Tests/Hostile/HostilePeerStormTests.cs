using System.Text;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Peer;
using Belfry.Nodes.Tests.Peer;
using Belfry.TestKit;
using Belfry.TestKit.Hostile;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;

namespace Belfry.Nodes.Tests.Hostile;

/// <summary>Peers that say nearly the right thing, one after the other.</summary>
public sealed class HostilePeerStormTests(ITestOutputHelper output)
{
    static readonly uint Magic = ScriptedPeer.Parameters.Magic;

    static readonly byte[] Hello =
        [.. PeerFraming.Write(Magic, "version", PeerPayloads.Version(ScriptedPeer.Parameters, "/storm:\u0001/", 1, DateTimeOffset.UnixEpoch)), .. PeerFraming.Write(Magic, "verack", [])];

    static readonly (string Command, byte[] Payload)[] Messages =
    [
        ("inv", PeerPayloads.Inventories([new InventoryItem(Inventory.Transaction, default), new InventoryItem(Inventory.Block, default)])), ("tx", new byte[60]), ("block", new byte[200]), ("headers", [1, .. new byte[81]]),
        ("ping", new byte[8]), ("pong", new byte[8]), ("notfound", PeerPayloads.Inventories([new InventoryItem(1, default)])), ("reject", [2, .. "tx"u8, 16, 3, .. "bad"u8]), ("feefilter", new byte[8]), ("sendcmpct", new byte[9]), ("addr", new byte[31]),
    ];

    static readonly byte[][] Words = [.. new[] { "version\0", "verack\0", "inv\0", "tx\0", "block\0", "headers\0" }.Select(Encoding.ASCII.GetBytes), [0xfd, 0x50, 0xc3], [0xfe, 0, 0, 1, 0], [0xff, 0xff, 0xff, 0xff]];

    [Fact]
    public async Task Each_is_heard_or_left_with_a_reason_and_every_connection_ends()
    {
        output.WriteLine($"seed {Storm.Seed}");
        using var faults = new UnobservedFaults();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var count = Storm.Count(10_000);
        var dialled = 0;
        var network = new ReplayNetwork(() => Say(new Mutator(Storm.Seed + (ulong)Interlocked.Increment(ref dialled), Words)));
        var reasons = new Dictionary<string, int>();
        var client = new PeerFeedClient(network, ScriptedPeer.Parameters, new PeerFeedOptions
        {
            Connection = new PeerOptions { Host = "127.0.0.1", Port = 1 },
            MinBackoff = TimeSpan.FromTicks(1),
            MaxBackoff = TimeSpan.FromTicks(1),
        }, TimeProvider.System, SystemEntropy.Instance, NullLogger<PeerFeedClient>.Instance);
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await foreach (var told in client.ListenAsync(stop.Token))
        {
            if (told is PeerFeedEvent.Disconnected gone)
            {
                reasons[gone.Reason] = reasons.GetValueOrDefault(gone.Reason) + 1;
                gone.Detail.Length.ShouldBeInRange(10, 500, gone.Detail);
                gone.Detail.Any(char.IsControl).ShouldBeFalse(gone.Detail);
            }

            if (Volatile.Read(ref dialled) >= count) break;
        }

        output.WriteLine($"{dialled} connections: {string.Join(", ", reasons.Select(reason => $"{reason.Key} {reason.Value}"))}");
        dialled.ShouldBeGreaterThanOrEqualTo(count);
        reasons.ShouldContainKey(PeerEnd.Malformed);
        reasons.ShouldContainKey(PeerEnd.Closed);
        network.Open.ShouldBe(0, "every connection is closed");
        faults.Find().ShouldBeEmpty();
        // Ten thousand connections that kept their buffers would be ten times this; others run beside.
        await Eventually.HoldsAsync(() => GC.GetTotalMemory(forceFullCollection: true) - before < 128 << 20);
    }

    // Mostly a good handshake, then messages with mutated payloads under good checksums; sometimes the bytes themselves are mutated.
    static byte[] Say(Mutator mutator)
    {
        var bytes = new List<byte>(Hello);
        for (var messages = 1 + mutator.Below(4); messages > 0; messages--)
        {
            var (command, payload) = mutator.Pick(Messages);
            bytes.AddRange(PeerFraming.Write(Magic, command, mutator.Mutate(payload, 5000)));
        }

        return mutator.Once(3) ? mutator.Mutate([.. bytes], 20_000) : [.. bytes];
    }
}
