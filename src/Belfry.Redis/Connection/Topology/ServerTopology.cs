using Belfry.Redis.Connection.Lines;

namespace Belfry.Redis.Connection.Topology;

/// <summary>One server for everything: given, or found by sentinels.</summary>
sealed class ServerTopology : ITopology
{
    readonly RedisNode node;
    readonly RedisNode[] all;
    readonly SentinelWatch? watch;

    public ServerTopology(LineOpener opener, ITopologyOwner owner)
    {
        var sentinels = opener.Options.Topology == RedisTopologyKind.Sentinel ? new SentinelLocator(opener) : null;
        node = new RedisNode(opener, sentinels is null ? new FixedLocator(opener.Options.Endpoints[0]) : sentinels, owner);
        all = [node];
        if (sentinels is not null) watch = new SentinelWatch(opener, sentinels, node, owner);
    }

    public bool HasSlots => false;

    public IReadOnlyList<RedisNode> Primaries => all;

    public string? Problem => null;

    public RedisNode? Find(int slot) => node;

    public RedisNode Visit(RedisEndpoint endpoint) => node;

    public void Learn(int slot, RedisEndpoint? endpoint, string hint)
    {
        // A primary that refuses writes has become a replica; the sentinels know who took over.
        if (watch is not null && hint is "READONLY" or "MASTERDOWN") node.Restart($"it answered {hint}");
    }

    public async ValueTask DisposeAsync()
    {
        if (watch is not null) await watch.DisposeAsync();
        await node.DisposeAsync();
    }
}
