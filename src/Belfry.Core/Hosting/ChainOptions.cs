namespace Belfry.Core.Hosting;

/// <summary>Settings of one followed chain: section <c>Chains:{id}</c>, environment <c>BELFRY__Chains__{id}__…</c>.</summary>
public sealed record ChainOptions
{
    /// <summary><c>main</c>, <c>testnet</c>, <c>signet</c> or <c>regtest</c>; <c>simnet</c> for the built-in simulated chain.</summary>
    public string Network { get; init; } = "main";

    /// <summary>Node RPC, for instance <c>http://user:password@127.0.0.1:8332</c>; several, separated by commas, fail over in this order.</summary>
    public string? Rpc { get; init; }

    /// <summary>Path of the node's <c>.cookie</c> file, in place of user and password in <see cref="Rpc"/>.</summary>
    public string? CookieFile { get; init; }

    /// <summary>ZeroMQ endpoint(s) of the node, for instance <c>tcp://127.0.0.1:28332</c>; several topics may live on several endpoints, separated by commas.</summary>
    public string? Zmq { get; init; }

    /// <summary>Peer-to-peer endpoint of the node, for instance <c>127.0.0.1:8333</c>; the node should whitelist Belfry (<c>whitelist=noban@127.0.0.1</c>).</summary>
    public string? Peer { get; init; }

    /// <summary>Confirmations at which <c>verified_tx</c> is told.</summary>
    public IReadOnlyList<int> Milestones { get; init; } = [1, 3, 6];

    /// <summary>Confirmations at which a transaction is final.</summary>
    public int FinalAfter { get; init; } = 6;

    /// <summary>How often tip and mempool are compared with the node although nothing was announced.</summary>
    public TimeSpan AuditInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a polling feed asks.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a node may show less work before its shorter chain is believed; null: 30 block intervals, at least 30 s, at most 5 min.</summary>
    public TimeSpan? BehindGrace { get; init; }

    /// <summary>How long a transaction may be missing from the mempool without a known rival before it is told as dropped.</summary>
    public TimeSpan DropGrace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The same after the node was restarted: its mempool may still be loading, and its absences mean little.</summary>
    public TimeSpan RestartGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>No news for this long is told as <c>feed_degraded</c>; null: 30 block intervals, at least 30 s, at most 5 min.</summary>
    public TimeSpan? SilenceAfter { get; init; }

    /// <summary>Whether to follow the chain at start.</summary>
    public bool Enabled { get; init; } = true;
}
