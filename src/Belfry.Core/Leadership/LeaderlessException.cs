using Belfry.Core.Chains;
using Belfry.Core.Runtime;

namespace Belfry.Core.Leadership;

/// <summary>No server that leads the chain took something in in time; it is stored, and will be taken in by the next leader.</summary>
public sealed class LeaderlessException(ChainId chain, TimeSpan waited)
    : BelfryException($"no server that leads chain {chain} took the change in within {waited.TotalSeconds:0} s; it is stored. Look at /health of the servers: is one of them connected to a node?");

/// <summary>Only the leader of a chain can do this, and it is another server.</summary>
public sealed class NotLeaderException(ChainId chain, string? leader)
    : BelfryException(leader is null ? $"no server leads chain {chain} now; try again in some seconds" : $"chain {chain} is led by {leader}: ask there")
{
    /// <summary>The leader's name, or null when there is none.</summary>
    public string? Leader { get; } = leader;
}
