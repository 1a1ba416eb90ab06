using Belfry.Core.Chains;

namespace Belfry.Nodes.Bitcoin.Peer;

/// <summary>Who answers at the other end.</summary>
/// <param name="UserAgent">What it calls itself, for instance <c>/LitecoinCore:0.21.2.1/</c>; control characters replaced.</param>
/// <param name="Version">Its protocol version.</param>
/// <param name="Services">Its service bits.</param>
/// <param name="Height">The height of its best chain when it connected.</param>
public sealed record PeerIdentity(string UserAgent, int Version, ulong Services, int Height);

/// <summary>One announced or requested thing: its type (see <see cref="Inventory"/>) and its hash.</summary>
public readonly record struct InventoryItem(uint Type, Hash256 Hash);

/// <summary>The types of inventory (Bitcoin protocol; BIP 144 for witnesses, BIP 339 for wtxid, LIP 4 for MWEB).</summary>
public static class Inventory
{
    /// <summary>A transaction by its txid.</summary>
    public const uint Transaction = 1;

    /// <summary>A block by its hash.</summary>
    public const uint Block = 2;

    /// <summary>A transaction by its wtxid.</summary>
    public const uint WitnessTransaction = 5;

    /// <summary>In <c>getdata</c>: send it with its witnesses.</summary>
    public const uint WitnessFlag = 1u << 30;

    /// <summary>In <c>getdata</c>: send it with its MWEB part.</summary>
    public const uint MwebFlag = 1u << 29;

    /// <summary>The most items that one message may carry.</summary>
    public const int MaxItems = 50_000;
}

/// <summary>An announced header: the block's hash and its parent's.</summary>
public readonly record struct AnnouncedHeader(BlockHash Hash, BlockHash Previous);

/// <summary>What a peer says, as far as it matters here. Handshake and <c>ping</c> are answered by the connection itself; everything else is skipped.</summary>
public abstract record PeerMessage
{
    PeerMessage() { }

    /// <summary>There are transactions or blocks to ask for.</summary>
    public sealed record Announced(IReadOnlyList<InventoryItem> Items) : PeerMessage;

    /// <summary>Things asked for that the peer does not have.</summary>
    public sealed record NotFound(IReadOnlyList<InventoryItem> Items) : PeerMessage;

    /// <summary>A transaction's bytes.</summary>
    public sealed record Transaction(ReadOnlyMemory<byte> Raw) : PeerMessage;

    /// <summary>A block's bytes, at least its 80-byte header.</summary>
    public sealed record Block(BlockHash Hash, ReadOnlyMemory<byte> Raw) : PeerMessage;

    /// <summary>Headers of new blocks, or the answer to <c>getheaders</c>.</summary>
    public sealed record Headers(IReadOnlyList<AnnouncedHeader> Items) : PeerMessage;

    /// <summary>The answer to one of our pings; comes often, and so serves as a clock to whoever reads.</summary>
    public sealed record Pong(TimeSpan RoundTrip) : PeerMessage;

    /// <summary>The peer announces no transactions below this fee rate.</summary>
    /// <param name="BaseUnitsPerKilobyte">In base units per 1000 bytes.</param>
    public sealed record FeeFilter(long BaseUnitsPerKilobyte) : PeerMessage;

    /// <summary>The peer refused something we sent.</summary>
    public sealed record Rejected(string Command, byte Code, string Reason) : PeerMessage;
}
