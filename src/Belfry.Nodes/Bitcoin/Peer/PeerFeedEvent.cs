using Belfry.Core.Chains;

namespace Belfry.Nodes.Bitcoin.Peer;

/// <summary>What a <see cref="PeerFeedClient"/> tells.</summary>
public abstract record PeerFeedEvent
{
    PeerFeedEvent() { }

    /// <summary>Connected, again or for the first time; what happened before must be read back another way.</summary>
    public sealed record Connected(PeerIdentity Peer) : PeerFeedEvent;

    /// <summary>No connection any more, or none at first. Told once; further failed attempts are only logged.</summary>
    /// <param name="Reason">A stable word: see <see cref="PeerEnd"/>.</param>
    /// <param name="Detail">For people.</param>
    public sealed record Disconnected(string Reason, string Detail) : PeerFeedEvent;

    /// <summary>A transaction of the node's mempool, in the form in which its ids are right.</summary>
    public sealed record TransactionReceived(ReadOnlyMemory<byte> Raw) : PeerFeedEvent;

    /// <summary>The node told of a block: its best chain changed, or may have.</summary>
    public sealed record BlockAnnounced(BlockHash Hash) : PeerFeedEvent;

    /// <summary>An announced block's bytes.</summary>
    public sealed record BlockReceived(BlockHash Hash, ReadOnlyMemory<byte> Raw) : PeerFeedEvent;

    /// <summary>Announced transactions whose bytes did not come: the mempool must be read back.</summary>
    /// <param name="Count">How many.</param>
    /// <param name="Reason"><c>timeout</c> or <c>overflow</c>.</param>
    public sealed record AnnouncementsLost(int Count, string Reason) : PeerFeedEvent;

    /// <summary>Bytes that the event holds.</summary>
    internal int Weight => this switch
    {
        TransactionReceived transaction => transaction.Raw.Length,
        BlockReceived block => block.Raw.Length,
        _ => 0,
    };
}
