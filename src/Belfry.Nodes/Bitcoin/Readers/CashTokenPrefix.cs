using System.Buffers.Binary;

namespace Belfry.Nodes.Bitcoin.Readers;

/// <summary>Bitcoin Cash's token data before a locking script: 0xef, 32-byte category, bit field, optional commitment, optional amount (CHIP-2022-02 CashTokens).</summary>
static class CashTokenPrefix
{
    const byte Marker = 0xef;
    const byte HasCommitment = 0x40, HasNft = 0x20, HasAmount = 0x10, Reserved = 0x80, LargestCapability = 2;

    /// <summary>The script behind the token data. Bytes that only look like token data are a script like any other, as the network treats them.</summary>
    public static ReadOnlySpan<byte> Strip(ReadOnlySpan<byte> script)
    {
        if (script.IsEmpty || script[0] != Marker) return script;
        return TryMeasure(script, out var length) ? script[length..] : script;
    }

    static bool TryMeasure(ReadOnlySpan<byte> script, out int length)
    {
        length = 1 + 32 + 1;
        if (script.Length < length) return false;
        var bits = script[length - 1];
        var capability = bits & 0x0f;
        if ((bits & Reserved) != 0 || (bits & (HasNft | HasAmount)) == 0) return false;
        if (capability > LargestCapability || ((bits & HasNft) == 0 && (capability != 0 || (bits & HasCommitment) != 0))) return false;
        if ((bits & HasCommitment) != 0)
        {
            if (!TryReadCompactSize(script, ref length, out var commitment) || commitment == 0 || commitment > (ulong)(script.Length - length)) return false;
            length += (int)commitment;
        }

        return (bits & HasAmount) == 0 || (TryReadCompactSize(script, ref length, out var amount) && amount is > 0 and <= long.MaxValue);
    }

    static bool TryReadCompactSize(ReadOnlySpan<byte> bytes, ref int at, out ulong value)
    {
        value = 0;
        if (at >= bytes.Length) return false;
        var first = bytes[at++];
        var size = first switch { 0xfd => 2, 0xfe => 4, 0xff => 8, _ => 0 };
        if (size > bytes.Length - at) return false;
        (value, var smallest) = size switch
        {
            0 => (first, 0UL),
            2 => (BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]), 0xfdUL),
            4 => (BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]), 0x1_0000UL),
            _ => (BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]), 0x1_0000_0000UL),
        };
        at += size;
        return value >= smallest;
    }
}
