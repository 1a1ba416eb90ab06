using System.Buffers.Binary;
using System.Net;

namespace Belfry.Server.Sockets;

/// <summary>Places for connections, so many for each network address. Over IPv6 a customer has 64 bits to choose from, so the first 64 are the address.</summary>
sealed class AddressSeats(int perAddress, bool countLoopback)
{
    readonly Dictionary<UInt128, int> taken = [];
    readonly Lock gate = new();

    /// <summary>All taken places, those of exempt addresses apart.</summary>
    public int Taken
    {
        get { lock (gate) return taken.Values.Sum(); }
    }

    /// <summary>Takes a place; false when the address has all of its places.</summary>
    public bool TryEnter(IPAddress? address)
    {
        if (IsExempt(address)) return true;
        var key = KeyOf(address!);
        lock (gate)
        {
            var count = taken.GetValueOrDefault(key);
            if (count >= perAddress) return false;
            taken[key] = count + 1;
            return true;
        }
    }

    /// <summary>Gives a place back that was taken.</summary>
    public void Leave(IPAddress? address)
    {
        if (IsExempt(address)) return;
        var key = KeyOf(address!);
        lock (gate)
        {
            if (taken[key] == 1) taken.Remove(key);
            else taken[key]--;
        }
    }

    bool IsExempt(IPAddress? address) => address is null || (IPAddress.IsLoopback(address) && !countLoopback);

    static UInt128 KeyOf(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.MapToIPv6().TryWriteBytes(bytes, out _);
        if (!address.IsIPv4MappedToIPv6 && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6) bytes[8..].Clear();
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
