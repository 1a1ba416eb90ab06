using System.Buffers;
using System.Text;

namespace Belfry.Redis.Connection.Topology;

/// <summary>The slot of a key in a cluster: CRC-16/XMODEM of the key, or of what stands between its first <c>{</c> and the next <c>}</c>, modulo 16,384 (Redis Cluster specification, "Hash tags").</summary>
static class HashSlot
{
    public const int Count = 16_384;

    static readonly ushort[] Table = MakeTable();

    public static int Of(ReadOnlySpan<byte> key)
    {
        var open = key.IndexOf((byte)'{');
        if (open >= 0)
        {
            var length = key[(open + 1)..].IndexOf((byte)'}');
            if (length > 0) key = key.Slice(open + 1, length);
        }

        return Crc16(key) % Count;
    }

    public static int Of(string key) => Of(Encoding.UTF8.GetBytes(key));

    public static int Of(RedisArgument key)
    {
        const int OnStack = 512;
        var length = key.Length;
        if (length <= OnStack)
        {
            Span<byte> small = stackalloc byte[OnStack];
            key.Write(small[..length]);
            return Of(small[..length]);
        }

        var rented = ArrayPool<byte>.Shared.Rent(length);
        key.Write(rented.AsSpan(0, length));
        var slot = Of(rented.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(rented);
        return slot;
    }

    internal static ushort Crc16(ReadOnlySpan<byte> bytes)
    {
        ushort crc = 0;
        foreach (var next in bytes) crc = (ushort)((crc << 8) ^ Table[(crc >> 8) ^ next]);
        return crc;
    }

    static ushort[] MakeTable()
    {
        var table = new ushort[256];
        for (var i = 0; i < 256; i++)
        {
            var crc = (ushort)(i << 8);
            for (var bit = 0; bit < 8; bit++) crc = (ushort)((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
            table[i] = crc;
        }

        return table;
    }
}
