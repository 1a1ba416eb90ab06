namespace Belfry.Nodes.Bitcoin.Peer;

/// <summary>Bounds of one peer connection in time and memory.</summary>
public sealed record PeerOptions
{
    /// <summary>Host name or address of the node.</summary>
    public required string Host { get; init; }

    /// <summary>Its peer-to-peer port.</summary>
    public required int Port { get; init; }

    /// <summary>The setting that messages name, for instance <c>Chains:btc:Peer</c>.</summary>
    public string Setting { get; init; } = "Chains:*:Peer";

    /// <summary>How long a TCP connection may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long <c>version</c> and <c>verack</c> may take.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Pause between the answer to one <c>ping</c> and the next. A node of Bitcoin Core's family handles peers in a loop that sleeps up to 100 ms unless a message
    /// wakes it: with a ping every 10 ms a transaction is announced in a few milliseconds. The pause grows to four times the round trip, so that a node that is
    /// far away or busy is asked rarely.
    /// </summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>The longest pause between pings.</summary>
    public TimeSpan MaxPingInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Nothing received for this long, although a ping was sent, ends the connection.</summary>
    public TimeSpan SilenceTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A message must arrive whole within this time from its first byte, and one of ours must leave within it.</summary>
    public TimeSpan MessageTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Received messages that wait for their reader; beyond it the socket is not read.</summary>
    public int MessageBacklog { get; init; } = 8;

    /// <summary>Host and port.</summary>
    public string EndPoint => $"{Host}:{Port}";
}

/// <summary>How <see cref="PeerFeedClient"/> asks, waits and comes back.</summary>
public sealed record PeerFeedOptions
{
    /// <summary>The connection's own bounds.</summary>
    public required PeerOptions Connection { get; init; }

    /// <summary>Ask for every announced block too; otherwise only its hash is told.</summary>
    public bool FetchBlocks { get; init; } = true;

    /// <summary>Transactions asked for and not yet answered.</summary>
    public int MaxInFlight { get; init; } = 5_000;

    /// <summary>Announced transactions that wait until they may be asked for; more are lost and told as <see cref="PeerFeedEvent.AnnouncementsLost"/>.</summary>
    public int MaxPending { get; init; } = 200_000;

    /// <summary>An unanswered request is given up after this long and told as <see cref="PeerFeedEvent.AnnouncementsLost"/>.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Events that wait for their reader; beyond it the connection is not read.</summary>
    public int MaxQueuedEvents { get; init; } = 4_096;

    /// <summary>Bytes of transactions and blocks that wait for their reader; beyond it the connection is not read.</summary>
    public long MaxQueuedBytes { get; init; } = 64 << 20;

    /// <summary>First pause before a new connection; doubles, with jitter, up to <see cref="MaxBackoff"/>.</summary>
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest pause before a new connection.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(15);
}
