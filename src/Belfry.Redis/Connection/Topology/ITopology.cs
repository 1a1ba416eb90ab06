using Belfry.Redis.Connection.Lines;

namespace Belfry.Redis.Connection.Topology;

/// <summary>Which server a command goes to, and who learns when that changes.</summary>
interface ITopology : IAsyncDisposable
{
    /// <summary>Whether commands must tell the slot of their keys.</summary>
    bool HasSlots { get; }

    /// <summary>The primaries known now.</summary>
    IReadOnlyList<RedisNode> Primaries { get; }

    /// <summary>The server for a slot, any for -1; null when nobody serves it.</summary>
    RedisNode? Find(int slot);

    /// <summary>The server at an endpoint, known or not.</summary>
    RedisNode Visit(RedisEndpoint endpoint);

    /// <summary>A server said that a slot lives elsewhere; null when it only hinted that its own role has changed.</summary>
    void Learn(int slot, RedisEndpoint? endpoint, string hint);

    /// <summary>Whether every slot is served, and what is wrong otherwise.</summary>
    string? Problem { get; }
}

/// <summary>Hears of everything that changes a connection.</summary>
interface ITopologyOwner : IChannelOwner
{
    /// <summary>Slots or the primary moved.</summary>
    void RoutesChanged();

    /// <summary>Commands that waited for a server that is gone, to be sent on.</summary>
    void Resubmit(IEnumerable<RedisOperation> operations);
}
