using System.Buffers.Binary;
using System.Text;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;

namespace Belfry.Nodes.Bitcoin.Peer;

/// <summary>Reads a payload from front to back; every fault names the message and the byte.</summary>
ref struct PayloadReader(string command, ReadOnlySpan<byte> payload)
{
    readonly ReadOnlySpan<byte> payload = payload;
    int at;

    public ReadOnlySpan<byte> Bytes(int length)
    {
        if (payload.Length - at < length) throw Fault($"{length} bytes expected, {payload.Length - at} left");
        at += length;
        return payload.Slice(at - length, length);
    }

    public void Skip(int length) => Bytes(length);

    public byte Byte() => Bytes(1)[0];

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8));

    public Hash256 Hash() => Hash256.FromWire(Bytes(Hash256.Size));

    /// <summary>A number in its shortest form; a longer one is refused, as by the nodes.</summary>
    public ulong CompactSize()
    {
        var first = Byte();
        if (first < 0xfd) return first;
        var (value, least) = first switch
        {
            0xfd => (BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2)), 0xfdul),
            0xfe => (UInt32(), 0x1_0000ul),
            _ => (UInt64(), 0x1_0000_0000ul),
        };
        return value >= least ? value : throw Fault("a number is not in its shortest form");
    }

    /// <summary>A count of things that each have at least so many bytes.</summary>
    public int Count(int most, int bytesEach)
    {
        var count = CompactSize();
        if (count > (ulong)most) throw Fault($"{count} items, at most {most} allowed");
        if ((long)count * bytesEach > payload.Length - at) throw Fault($"{count} items of {bytesEach} bytes expected, {payload.Length - at} bytes left");
        return (int)count;
    }

    /// <summary>Text with its length; what is not printable ASCII becomes <c>?</c>, because it goes to logs.</summary>
    public string Text(int most)
    {
        var bytes = Bytes(Count(most, bytesEach: 1));
        return string.Create(bytes.Length, Encoding.Latin1.GetString(bytes), static (text, source) =>
        {
            for (var i = 0; i < text.Length; i++) text[i] = source[i] is >= ' ' and <= '~' ? source[i] : '?';
        });
    }

    public readonly void End()
    {
        if (at != payload.Length) throw Fault($"{payload.Length - at} bytes too many");
    }

    readonly MalformedDataException Fault(string problem) => new($"peer message '{command}'", problem, at);
}
