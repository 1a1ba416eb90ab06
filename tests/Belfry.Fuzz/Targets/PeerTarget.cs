using System.Buffers;
using Belfry.Nodes.Bitcoin.Peer;

namespace Belfry.Fuzz.Targets;

/// <summary>Messages of the peer protocol: the envelope in pieces, and each payload by its name.</summary>
sealed class PeerTarget : FuzzTarget
{
    const int Longest = 1 << 20;
    static readonly PeerParameters Parameters = PeerParameters.Find("btc", "regtest")!;
    static readonly string[] Commands = ["version", "inv", "notfound", "headers", "block", "reject", "pong", "frame"];

    public override IReadOnlyList<byte[]> Seeds =>
    [
        [0, .. PeerPayloads.Version(Parameters, "/seed:1/", 5, DateTimeOffset.UnixEpoch)], [1, .. Inventory(3)], [2, .. Inventory(1)], [1, .. Inventory(260)], [3, 1, .. new byte[81]], [4, .. new byte[80]],
        [5, 2, .. "tx"u8, 0x10, 3, .. "bad"u8, .. new byte[32]], [6, 1, 2, 3, 4, 5, 6, 7, 8], [7, .. Frame("ping", 8), .. Frame("verack", 0)], [7, .. Frame("inv", 37)],
    ];

    public override IReadOnlyList<byte[]> Dictionary { get; } =
        [.. Words("version\0\0\0\0\0", "verack\0\0\0\0\0\0", "inv\0\0\0\0\0\0\0\0\0", "tx\0\0\0\0\0\0\0\0\0\0", "headers\0\0\0\0\0"), [0xfa, 0xbf, 0xb5, 0xda], [0xfd, 0x50, 0xc3], [0xfe, 0, 0, 1, 0]];

    public override IReadOnlyList<string> Scope => ["Belfry.Nodes.Bitcoin.Peer.PayloadReader", "Belfry.Nodes.Bitcoin.Peer.PeerPayloads", "Belfry.Nodes.Bitcoin.Peer.PeerFraming"];

    public override bool Run(byte[] input)
    {
        if (input.Length == 0) return false;
        var command = Commands[input[0] % Commands.Length];
        var payload = input[1..];
        return Decodes(() =>
        {
            var allocation = Allocation.Start();
            Read(command, payload);
            allocation.Check(payload.Length);
        });
    }

    static void Read(string command, byte[] payload)
    {
        switch (command)
        {
            case "version":
                var identity = PeerPayloads.ReadVersion(payload);
                Expect(identity.UserAgent.All(letter => letter is >= ' ' and <= '~'), "a user agent is printable");
                break;
            case "inv" or "notfound":
                var items = PeerPayloads.ReadInventories(command, payload);
                Expect(PeerPayloads.Inventories([.. items]).AsSpan().SequenceEqual(payload), "an inventory is written as it was read");
                break;
            case "headers":
                Expect(PeerPayloads.ReadHeaders(payload).Count <= 2000, "at most 2000 headers");
                break;
            case "block":
                Expect(PeerPayloads.ReadBlock(payload).Raw.Length == payload.Length, "a block keeps its bytes");
                break;
            case "reject":
                var rejected = PeerPayloads.ReadReject(payload);
                Expect((rejected.Command + rejected.Reason).All(letter => letter is >= ' ' and <= '~'), "a reason is printable");
                break;
            case "pong":
                PeerPayloads.ReadNumber(command, payload);
                break;
            default:
                ReadFrames(payload);
                break;
        }
    }

    // A few good checksums are put in: else no mutated frame would ever be whole.
    static void ReadFrames(byte[] bytes)
    {
        Mend(bytes);
        var whole = new ReadOnlySequence<byte>(bytes);
        while (PeerFraming.TryRead(ref whole, Parameters.Magic, Longest, out var frame))
        {
            var written = PeerFraming.Write(Parameters.Magic, frame.Command, frame.Payload);
            var before = new ReadOnlySequence<byte>(written);
            Expect(PeerFraming.TryRead(ref before, Parameters.Magic, Longest, out var again) && again.Command == frame.Command && again.Payload.AsSpan().SequenceEqual(frame.Payload),
                "a frame is written as it was read");
        }
    }

    static void Mend(byte[] bytes)
    {
        var at = 0;
        Span<byte> hash = stackalloc byte[32];
        while (at + PeerFraming.HeaderSize <= bytes.Length)
        {
            var length = BitConverter.ToUInt32(bytes, at + 16);
            if (length > bytes.Length - at - PeerFraming.HeaderSize) return;
            PeerFraming.DoubleHash(bytes.AsSpan(at + PeerFraming.HeaderSize, (int)length), hash);
            if (bytes[at + 20] != 0xee) hash[..4].CopyTo(bytes.AsSpan(at + 20));
            at += PeerFraming.HeaderSize + (int)length;
        }
    }

    static byte[] Inventory(int count) => PeerPayloads.Inventories([.. Enumerable.Range(0, count).Select(_ => new InventoryItem(1, default))]);

    static byte[] Frame(string command, int length) => PeerFraming.Write(Parameters.Magic, command, new byte[length]);
}
