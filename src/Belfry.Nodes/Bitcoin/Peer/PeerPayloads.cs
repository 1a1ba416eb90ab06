using System.Buffers.Binary;
using System.Text;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;

namespace Belfry.Nodes.Bitcoin.Peer;

/// <summary>The payloads of the messages that matter here: spans in, records out. Every count is checked against the bytes that are there before memory is taken.</summary>
public static class PeerPayloads
{
    const int HeaderSize = 80, MaxHeaders = 2_000, MaxUserAgent = 256;

    /// <summary>
    /// Services that we claim although we serve nothing: a node sends witnesses and MWEB parts only to peers that claim to know them. Litecoin wants both bits; with
    /// MWEB alone a peg-in arrives without its MWEB part. Without the network bit no node asks us for blocks.
    /// </summary>
    const ulong WitnessService = 1ul << 3, MwebService = 1ul << 24;

    /// <summary>Our <c>version</c>, with relay of transactions wanted.</summary>
    public static byte[] Version(PeerParameters parameters, string userAgent, ulong nonce, DateTimeOffset now)
    {
        var agent = Encoding.ASCII.GetBytes(userAgent);
        var payload = new byte[86 + agent.Length];
        var services = (parameters.Witness ? WitnessService : 0) | (parameters.Mweb ? MwebService : 0);
        BinaryPrimitives.WriteInt32LittleEndian(payload, parameters.ProtocolVersion);
        BinaryPrimitives.WriteUInt64LittleEndian(payload.AsSpan(4), services);
        BinaryPrimitives.WriteInt64LittleEndian(payload.AsSpan(12), now.ToUnixTimeSeconds());
        // 20..72: the addresses of both ends; nobody reads them, zero says "unknown".
        BinaryPrimitives.WriteUInt64LittleEndian(payload.AsSpan(72), nonce);
        payload[80] = (byte)agent.Length;
        agent.CopyTo(payload, 81);
        payload[^1] = 1;
        return payload;
    }

    /// <summary>The peer's <c>version</c>.</summary>
    /// <exception cref="MalformedDataException">Truncated.</exception>
    public static PeerIdentity ReadVersion(ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader("version", payload);
        var version = (int)reader.UInt32();
        var services = reader.UInt64();
        reader.Skip(8 + 26 + 26 + 8);
        var agent = reader.Text(MaxUserAgent);
        var height = (int)reader.UInt32();
        return new PeerIdentity(agent, version, services, height);
    }

    /// <summary>An <c>inv</c>, <c>getdata</c> or <c>notfound</c>.</summary>
    /// <exception cref="ArgumentException">More than <see cref="Inventory.MaxItems"/>.</exception>
    public static byte[] Inventories(ReadOnlySpan<InventoryItem> items)
    {
        if (items.Length > Inventory.MaxItems) throw new ArgumentException($"{items.Length} items, at most {Inventory.MaxItems} in one message.", nameof(items));
        var payload = new byte[CompactSizeLength(items.Length) + items.Length * 36];
        var at = WriteCompactSize(payload, items.Length);
        foreach (var item in items)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(payload.AsSpan(at), item.Type);
            item.Hash.CopyToWire(payload.AsSpan(at + 4, Hash256.Size));
            at += 36;
        }

        return payload;
    }

    /// <summary>Reads an <c>inv</c>, <c>getdata</c> or <c>notfound</c>.</summary>
    /// <exception cref="MalformedDataException">Truncated, too many, or followed by more bytes.</exception>
    public static IReadOnlyList<InventoryItem> ReadInventories(string command, ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader(command, payload);
        var items = new InventoryItem[reader.Count(Inventory.MaxItems, bytesEach: 36)];
        for (var i = 0; i < items.Length; i++) items[i] = new InventoryItem(reader.UInt32(), reader.Hash());
        reader.End();
        return items;
    }

    /// <summary>A <c>getheaders</c>: what follows the first of these blocks that the peer has on its best chain.</summary>
    /// <param name="version">The protocol version.</param>
    /// <param name="locator">Known blocks, newest first; at most 101.</param>
    public static byte[] GetHeaders(int version, IReadOnlyList<BlockHash> locator)
    {
        if (locator.Count > 101) throw new ArgumentException($"A locator has at most 101 hashes, not {locator.Count}.", nameof(locator));
        var payload = new byte[4 + 1 + (locator.Count + 1) * Hash256.Size];
        BinaryPrimitives.WriteInt32LittleEndian(payload, version);
        payload[4] = (byte)locator.Count;
        for (var i = 0; i < locator.Count; i++) locator[i].Value.CopyToWire(payload.AsSpan(5 + i * Hash256.Size, Hash256.Size));
        return payload;
    }

    /// <summary>Reads <c>headers</c> of chains whose headers are 80 bytes.</summary>
    /// <exception cref="MalformedDataException">Truncated, too many, or followed by more bytes.</exception>
    public static IReadOnlyList<AnnouncedHeader> ReadHeaders(ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader("headers", payload);
        var headers = new AnnouncedHeader[reader.Count(MaxHeaders, bytesEach: HeaderSize + 1)];
        for (var i = 0; i < headers.Length; i++)
        {
            var header = reader.Bytes(HeaderSize);
            headers[i] = new AnnouncedHeader(BlockHashOf(header), new BlockHash(Hash256.FromWire(header.Slice(4, Hash256.Size))));
            // The number of transactions: always zero here.
            _ = reader.CompactSize();
        }

        reader.End();
        return headers;
    }

    /// <summary>Reads a <c>block</c> as far as its id.</summary>
    /// <exception cref="MalformedDataException">Shorter than a header.</exception>
    public static PeerMessage.Block ReadBlock(byte[] payload) =>
        new(BlockHashOf(new PayloadReader("block", payload).Bytes(HeaderSize)), payload);

    /// <summary>Reads a <c>reject</c> (BIP 61).</summary>
    /// <exception cref="MalformedDataException">Truncated.</exception>
    public static PeerMessage.Rejected ReadReject(ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader("reject", payload);
        return new PeerMessage.Rejected(reader.Text(12), reader.Byte(), reader.Text(111));
    }

    /// <summary>Reads a number of 8 bytes: <c>ping</c>, <c>pong</c>, <c>feefilter</c>.</summary>
    /// <exception cref="MalformedDataException">Truncated.</exception>
    public static ulong ReadNumber(string command, ReadOnlySpan<byte> payload) => new PayloadReader(command, payload).UInt64();

    /// <summary>Whether these are the bytes of a transaction without inputs and outputs: what is left of one that lives in MWEB alone.</summary>
    public static bool IsEmptyTransaction(ReadOnlySpan<byte> raw) => raw.Length == 10 && raw[4] == 0 && raw[5] == 0;

    static BlockHash BlockHashOf(ReadOnlySpan<byte> header)
    {
        Span<byte> hash = stackalloc byte[Hash256.Size];
        PeerFraming.DoubleHash(header, hash);
        return new BlockHash(Hash256.FromWire(hash));
    }

    static int CompactSizeLength(int value) => value < 0xfd ? 1 : value <= ushort.MaxValue ? 3 : 5;

    static int WriteCompactSize(Span<byte> destination, int value)
    {
        var length = CompactSizeLength(value);
        switch (length)
        {
            case 1:
                destination[0] = (byte)value;
                break;
            case 3:
                destination[0] = 0xfd;
                BinaryPrimitives.WriteUInt16LittleEndian(destination[1..], (ushort)value);
                break;
            default:
                destination[0] = 0xfe;
                BinaryPrimitives.WriteInt32LittleEndian(destination[1..], value);
                break;
        }

        return length;
    }
}
