using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Belfry.Core.Runtime;

namespace Belfry.Nodes.Bitcoin.Readers;

/// <summary>A position in bytes from outside. Every step is checked against what is really there; nothing is reserved by a claimed count.</summary>
ref struct WireReader
{
    /// <summary>The largest count or length that the network's own programs accept (32 MiB).</summary>
    const ulong LargestCount = 0x02000000;

    readonly ReadOnlySpan<byte> data;
    readonly string what;

    public WireReader(ReadOnlySpan<byte> data, int position, string what)
    {
        this.data = data;
        this.what = what;
        Position = position;
    }

    public int Position { get; private set; }

    public readonly int Remaining => data.Length - Position;

    public readonly ReadOnlySpan<byte> Data => data;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Take(int length, string field)
    {
        if ((uint)length > (uint)Remaining) ThrowTruncated(length, field);
        var taken = data.Slice(Position, length);
        Position += length;
        return taken;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Skip(int length, string field)
    {
        if ((uint)length > (uint)Remaining) ThrowTruncated(length, field);
        Position += length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte ReadByte(string field)
    {
        if (Position >= data.Length) ThrowTruncated(1, field);
        return data[Position++];
    }

    public readonly byte Peek(int ahead) => Position + ahead < data.Length ? data[Position + ahead] : (byte)0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint ReadUInt32(string field) => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint), field));

    /// <summary>A count of things that take at least <paramref name="smallest"/> bytes each: one that cannot fit is refused before anything is done with it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ReadCount(int smallest, string field)
    {
        var at = Position;
        var count = ReadCompactSize(field);
        if ((ulong)count * (ulong)smallest > (ulong)Remaining) ThrowOversized(count, field, at);
        return count;
    }

    /// <summary>Skips a length and that many bytes; returns where the bytes start.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> TakeBytes(string field)
    {
        var length = ReadCompactSize(field);
        return Take(length, field);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ReadCompactSize(string field)
    {
        if (Position >= data.Length) ThrowTruncated(1, field);
        int first = data[Position];
        if (first >= 0xfd) return ReadLongCompactSize(first, field);
        Position++;
        return first;
    }

    int ReadLongCompactSize(int first, string field)
    {
        var at = Position++;
        var (value, smallest) = first switch
        {
            0xfd => (BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort), field)), 0xfdUL),
            0xfe => (BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint), field)), 0x1_0000UL),
            _ => (BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong), field)), 0x1_0000_0000UL),
        };
        if (value < smallest) throw new MalformedDataException(what, $"{field}: {value} is not written in its shortest form", at);
        if (value > LargestCount) throw new MalformedDataException(what, $"{field}: {value} is more than any message holds", at);
        return (int)value;
    }

    public readonly MalformedDataException Fault(string problem, int at) => new(what, problem, at);

    readonly void ThrowTruncated(int wanted, string field) =>
        throw new MalformedDataException(what, $"{field} needs {wanted} bytes, {Remaining} are left", Position);

    readonly void ThrowOversized(int count, string field, int at) =>
        throw new MalformedDataException(what, $"{field} claims {count}, but only {Remaining} bytes are left", at);
}
