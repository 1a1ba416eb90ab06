using System.Buffers.Binary;

namespace Belfry.Core.Chains;

/// <summary>
/// 32 bytes in <b>display order</b>, the order in which people and RPC write a hash. Bitcoin's wire carries the reverse: see <see cref="FromWire"/>.
/// </summary>
public readonly struct Hash256 : IEquatable<Hash256>, IComparable<Hash256>
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 32;

    readonly ulong a, b, c, d;

    /// <summary>Takes 32 bytes in display order.</summary>
    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    public Hash256(ReadOnlySpan<byte> display)
    {
        if (display.Length != Size) throw new ArgumentException($"A hash has 32 bytes, not {display.Length}.", nameof(display));
        a = BinaryPrimitives.ReadUInt64BigEndian(display);
        b = BinaryPrimitives.ReadUInt64BigEndian(display[8..]);
        c = BinaryPrimitives.ReadUInt64BigEndian(display[16..]);
        d = BinaryPrimitives.ReadUInt64BigEndian(display[24..]);
    }

    Hash256(ulong a, ulong b, ulong c, ulong d) => (this.a, this.b, this.c, this.d) = (a, b, c, d);

    /// <summary>All zero.</summary>
    public bool IsZero => (a | b | c | d) == 0;

    /// <summary>Takes 32 bytes as Bitcoin's serialisation carries them (reversed).</summary>
    public static Hash256 FromWire(ReadOnlySpan<byte> wire) => wire.Length == Size
        ? new(
            BinaryPrimitives.ReadUInt64LittleEndian(wire[24..]),
            BinaryPrimitives.ReadUInt64LittleEndian(wire[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(wire[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(wire))
        : throw new ArgumentException($"A hash has 32 bytes, not {wire.Length}.", nameof(wire));

    /// <summary>Reads 64 hexadecimal digits, with or without <c>0x</c>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Hash256 hash)
    {
        hash = default;
        if (text.StartsWith("0x")) text = text[2..];
        Span<byte> bytes = stackalloc byte[Size];
        if (text.Length != Size * 2
            || Convert.FromHexString(text, bytes, out _, out var written) != System.Buffers.OperationStatus.Done
            || written != Size) return false;
        hash = new Hash256(bytes);
        return true;
    }

    /// <summary>Reads 64 hexadecimal digits.</summary>
    /// <exception cref="FormatException">Not 64 hexadecimal digits.</exception>
    public static Hash256 Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var hash) ? hash : throw new FormatException($"'{text}' is not a hash: expected 64 hexadecimal digits.");

    /// <summary>Writes the 32 bytes in display order.</summary>
    public void CopyTo(Span<byte> display)
    {
        BinaryPrimitives.WriteUInt64BigEndian(display, a);
        BinaryPrimitives.WriteUInt64BigEndian(display[8..], b);
        BinaryPrimitives.WriteUInt64BigEndian(display[16..], c);
        BinaryPrimitives.WriteUInt64BigEndian(display[24..], d);
    }

    /// <summary>Writes the 32 bytes in Bitcoin's wire order.</summary>
    public void CopyToWire(Span<byte> wire)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(wire[24..], a);
        BinaryPrimitives.WriteUInt64LittleEndian(wire[16..], b);
        BinaryPrimitives.WriteUInt64LittleEndian(wire[8..], c);
        BinaryPrimitives.WriteUInt64LittleEndian(wire, d);
    }

    /// <summary>The 32 bytes in display order.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public bool Equals(Hash256 other) => a == other.a && b == other.b && c == other.c && d == other.d;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Hash256 other && Equals(other);

    /// <inheritdoc/>
    // Block hashes start with zeros and anyone can mine leading bytes; folding all four words leaves no cheap collision by accident.
    public override int GetHashCode() => HashCode.Combine(a, b, c, d);

    /// <inheritdoc/>
    public int CompareTo(Hash256 other) =>
        a != other.a ? a.CompareTo(other.a) : b != other.b ? b.CompareTo(other.b) : c != other.c ? c.CompareTo(other.c) : d.CompareTo(other.d);

    /// <summary>64 lower-case hexadecimal digits, without <c>0x</c>.</summary>
    public override string ToString() => string.Create(Size * 2, this, static (chars, hash) =>
    {
        Span<byte> bytes = stackalloc byte[Size];
        hash.CopyTo(bytes);
        Convert.TryToHexStringLower(bytes, chars, out _);
    });

    public static bool operator ==(Hash256 left, Hash256 right) => left.Equals(right);
    public static bool operator !=(Hash256 left, Hash256 right) => !left.Equals(right);
    public static bool operator <(Hash256 left, Hash256 right) => left.CompareTo(right) < 0;
    public static bool operator >(Hash256 left, Hash256 right) => left.CompareTo(right) > 0;
    public static bool operator <=(Hash256 left, Hash256 right) => left.CompareTo(right) <= 0;
    public static bool operator >=(Hash256 left, Hash256 right) => left.CompareTo(right) >= 0;
}

/// <summary>The id of a transaction (Bitcoin's txid, never the wtxid).</summary>
public readonly record struct TxHash(Hash256 Value)
{
    /// <summary>Reads 64 hexadecimal digits.</summary>
    /// <exception cref="FormatException">Not 64 hexadecimal digits.</exception>
    public static TxHash Parse(ReadOnlySpan<char> text) => new(Hash256.Parse(text));

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>The hash of a block's header.</summary>
public readonly record struct BlockHash(Hash256 Value)
{
    /// <summary>Reads 64 hexadecimal digits.</summary>
    /// <exception cref="FormatException">Not 64 hexadecimal digits.</exception>
    public static BlockHash Parse(ReadOnlySpan<char> text) => new(Hash256.Parse(text));

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>One output of one transaction.</summary>
public readonly record struct OutPoint(TxHash Transaction, uint Index)
{
    /// <summary>Length of the serialised form: 32 bytes of hash in wire order, 4 bytes of index, little endian.</summary>
    public const int WireSize = 36;

    /// <summary>Reads the serialised form.</summary>
    public static OutPoint FromWire(ReadOnlySpan<byte> wire) =>
        new(new TxHash(Hash256.FromWire(wire[..32])), BinaryPrimitives.ReadUInt32LittleEndian(wire[32..]));

    /// <summary>Writes the serialised form.</summary>
    public void CopyToWire(Span<byte> wire)
    {
        Transaction.Value.CopyToWire(wire);
        BinaryPrimitives.WriteUInt32LittleEndian(wire[32..], Index);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Transaction}:{Index}";
}
