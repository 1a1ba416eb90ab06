using System.Diagnostics.Metrics;

namespace Belfry.Nodes.Bitcoin.Peer;

/// <summary>Counters of peer connections; the tag <c>peer</c> is host and port.</summary>
static class PeerMetrics
{
    static readonly Meter Meter = new("Belfry");
    static readonly Counter<long> Connections = Meter.CreateCounter<long>("belfry.peer.connections", description: "Completed handshakes.");
    static readonly Counter<long> Transactions = Meter.CreateCounter<long>("belfry.peer.transactions", description: "Transactions received.");
    static readonly Counter<long> Blocks = Meter.CreateCounter<long>("belfry.peer.blocks", description: "Blocks received.");
    static readonly Counter<long> Lost = Meter.CreateCounter<long>("belfry.peer.announcements_lost", description: "Announced transactions that did not come.");

    public static void Connected(string peer) => Connections.Add(1, Tag(peer));

    public static void TransactionReceived(string peer) => Transactions.Add(1, Tag(peer));

    public static void BlockReceived(string peer) => Blocks.Add(1, Tag(peer));

    public static void AnnouncementsLost(string peer, int count) => Lost.Add(count, Tag(peer));

    static KeyValuePair<string, object?> Tag(string peer) => new("peer", peer);
}
