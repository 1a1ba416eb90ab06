using System.Buffers;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Peer;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;

namespace Belfry.Nodes.Tests.Peer;

public sealed class PeerFramingTests
{
    const uint Magic = 0xf9beb4d9;
    const int MaxPayload = 100_000;

    [Fact]
    public void A_verack_has_the_published_bytes() =>
        // Bitcoin developer reference: an empty payload has the checksum 5df6e0e2.
        Convert.ToHexStringLower(PeerFraming.Write(Magic, "verack", [])).ShouldBe("f9beb4d976657261636b000000000000000000005df6e0e2");

    [Fact]
    public void Frames_come_back_however_the_stream_is_cut() => Prop.ForAll<byte[], byte[], int>((first, second, cut) =>
    {
        byte[] bytes = [.. PeerFraming.Write(Magic, "tx", first), .. PeerFraming.Write(Magic, "sendcmpct123", second)];
        var at = (int)((uint)cut % (uint)(bytes.Length + 1));
        var buffer = Segments(bytes[..at], bytes[at..]);
        var one = PeerFraming.TryRead(ref buffer, Magic, MaxPayload, out var tx);
        var two = PeerFraming.TryRead(ref buffer, Magic, MaxPayload, out var other);
        return one && two && buffer.IsEmpty && tx.Command == "tx" && other.Command == "sendcmpct123"
            && tx.Payload.AsSpan().SequenceEqual(first) && other.Payload.AsSpan().SequenceEqual(second);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_part_of_a_frame_is_never_taken_for_a_whole() => Prop.ForAll<byte[], int>((payload, length) =>
    {
        var bytes = PeerFraming.Write(Magic, "tx", payload);
        var part = new ReadOnlySequence<byte>(bytes, 0, (int)((uint)length % (uint)bytes.Length));
        var before = part.Length;
        return !PeerFraming.TryRead(ref part, Magic, MaxPayload, out _) && part.Length == before;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_flipped_bit_never_changes_a_payload_unseen() => Prop.ForAll<byte[], int>((payload, bit) =>
    {
        var bytes = PeerFraming.Write(Magic, "tx", payload);
        var at = (int)((uint)bit % (uint)(bytes.Length * 8));
        bytes[at / 8] ^= (byte)(1 << at % 8);
        var buffer = new ReadOnlySequence<byte>(bytes);
        try
        {
            return !PeerFraming.TryRead(ref buffer, Magic, MaxPayload, out var frame) || frame.Payload.AsSpan().SequenceEqual(payload);
        }
        catch (MalformedDataException)
        {
            return true;
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Random_payloads_end_in_a_value_or_a_named_fault()
    {
        var readers = new Action<byte[]>[]
        {
            bytes => PeerPayloads.ReadVersion(bytes), bytes => PeerPayloads.ReadInventories("inv", bytes), bytes => PeerPayloads.ReadHeaders(bytes),
            bytes => PeerPayloads.ReadBlock(bytes), bytes => PeerPayloads.ReadReject(bytes), bytes => PeerPayloads.ReadNumber("ping", bytes),
        };
        var payloads = Gen.Choose(0, 400).SelectMany(size => Gen.ArrayOf(Gen.Choose(0, 255), size)).Select(numbers => numbers.Select(number => (byte)number).ToArray());
        // Real payloads with damage reach further than noise.
        byte[][] real =
        [
            PeerPayloads.Version(PeerParameters.Find("ltc", "main")!, "/Belfry:1/", 7, DateTimeOffset.UnixEpoch),
            PeerPayloads.Inventories([new InventoryItem(1, default), new InventoryItem(2, default)]),
            [1, .. new byte[81]],
        ];
        var damaged = from bytes in Gen.Elements(real)
                      from at in Gen.Choose(0, bytes.Length - 1)
                      from value in Gen.Choose(0, 255)
                      from length in Gen.Choose(0, bytes.Length)
                      select Damage(bytes, at, (byte)value, length);
        Prop.ForAll(Gen.OneOf(payloads, damaged).ToArbitrary(), bytes => readers.All(read => Reads(read, bytes))).Check(Config.QuickThrowOnFailure.WithMaxTest(5_000));
    }

    [Fact]
    public void A_number_longer_than_needed_and_a_count_without_its_bytes_are_refused()
    {
        Should.Throw<MalformedDataException>(() => PeerPayloads.ReadInventories("inv", [0xfd, 1, 0, .. new byte[36]])).Message.ShouldContain("shortest");
        Should.Throw<MalformedDataException>(() => PeerPayloads.ReadInventories("inv", [0xfd, 0x50, 0xc3, .. new byte[36]])).Message.ShouldContain("left");
        Should.Throw<MalformedDataException>(() => PeerPayloads.ReadInventories("inv", [0, 0])).Message.ShouldContain("too many");
    }

    [Fact]
    public void Inventories_come_back() => Prop.ForAll<uint[]>(types =>
    {
        var items = types.Select((type, at) => new InventoryItem(type, new Hash256([.. Enumerable.Repeat((byte)at, Hash256.Size)]))).ToArray();
        return PeerPayloads.ReadInventories("inv", PeerPayloads.Inventories(items)).SequenceEqual(items);
    }).QuickCheckThrowOnFailure();

    static bool Reads(Action<byte[]> read, byte[] bytes)
    {
        try
        {
            read(bytes);
        }
        catch (MalformedDataException)
        {
            // The named fault.
        }

        return true;
    }

    static byte[] Damage(byte[] bytes, int at, byte value, int length)
    {
        byte[] copy = [.. bytes];
        copy[at] = value;
        return copy[..length];
    }

    static ReadOnlySequence<byte> Segments(byte[] first, byte[] second)
    {
        var head = new Segment(first, 0);
        var tail = head.Append(second);
        return new ReadOnlySequence<byte>(head, 0, tail, second.Length);
    }

    sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] bytes, long before) => (Memory, RunningIndex) = (bytes, before);

        public Segment Append(byte[] bytes)
        {
            var next = new Segment(bytes, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
