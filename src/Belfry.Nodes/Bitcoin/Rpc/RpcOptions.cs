namespace Belfry.Nodes.Bitcoin.Rpc;

/// <summary>Limits of one RPC connection; the defaults suit a node on the same machine or network.</summary>
public sealed record RpcOptions
{
    /// <summary>How long until the answer to a call begins, when the call does not say otherwise.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an answer may take from its beginning to its end.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long opening a connection may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often an idempotent call is tried in all when the connection fails.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>Pause before the second attempt; doubles, and half of it is random.</summary>
    public TimeSpan BackoffBase { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Longest pause between two attempts.</summary>
    public TimeSpan BackoffCap { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Most calls in one batch; halves when the node cannot take it, and grows back.</summary>
    public int MaxBatch { get; init; } = 100;
}
