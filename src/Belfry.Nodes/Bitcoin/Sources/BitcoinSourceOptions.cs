using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Peer;
using Belfry.Nodes.Bitcoin.Rpc;
using Belfry.Nodes.Bitcoin.Zmq;

namespace Belfry.Nodes.Bitcoin.Sources;

/// <summary>One node of a chain and how to hear it.</summary>
public sealed record BitcoinSourceOptions
{
    /// <summary>The chain and its network.</summary>
    public required ChainProfile Profile { get; init; }

    /// <summary>Hash of the network's block at height 0; a node with another one is refused.</summary>
    public required BlockHash Genesis { get; init; }

    /// <summary>Blocks of this network that others with the same first block do not have; a node with another one at such a height is refused.</summary>
    public IReadOnlyList<BlockRef> ForkBlocks { get; init; } = [];

    /// <summary>The node's RPC.</summary>
    public required RpcEndpoint Rpc { get; init; }

    /// <summary>Where the node publishes by ZeroMQ; empty when it does not.</summary>
    public IReadOnlyList<ZmqEndpoint> Zmq { get; init; } = [];

    /// <summary>The node's peer protocol: where, and how its network speaks; null when it is not to be used.</summary>
    public (PeerOptions Connection, PeerParameters Parameters)? Peer { get; init; }

    /// <summary>How often the polling feed asks.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How often a push feed is held against what the node answers when asked. A silent feed is found after two of them.</summary>
    public TimeSpan WatchInterval { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Limits of the RPC connection.</summary>
    public RpcOptions RpcOptions { get; init; } = new();

    internal ZmtpLimits ZmtpLimits { get; init; } = new();
}
