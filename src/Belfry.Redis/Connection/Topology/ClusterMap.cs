namespace Belfry.Redis.Connection.Topology;

/// <summary>Who serves which slot, as one node tells it: an immutable snapshot.</summary>
sealed class ClusterMap
{
    readonly RedisEndpoint?[] slots = new RedisEndpoint?[HashSlot.Count];

    ClusterMap() { }

    /// <summary>The primaries that serve a slot.</summary>
    public HashSet<RedisEndpoint> Primaries { get; } = [];

    /// <summary>Every node that was named, replicas too: any of them can tell the map.</summary>
    public HashSet<RedisEndpoint> Nodes { get; } = [];

    /// <summary>How many slots somebody serves.</summary>
    public int Served { get; private set; }

    public RedisEndpoint? this[int slot] => slots[slot];

    /// <summary>Reads the answer to CLUSTER SLOTS: ranges of <c>[first, last, [host, port, id, …], replicas…]</c>. Null when it is an error or names nobody.</summary>
    public static ClusterMap? Read(RedisValue answer, RedisEndpoint from)
    {
        if (answer.Kind != RespKind.Array) return null;
        var map = new ClusterMap();
        foreach (var range in answer.Items)
        {
            if (range.Items.Count < 3 || !int.TryParse(range.Items[0].Text, out var first) || !int.TryParse(range.Items[1].Text, out var last)) continue;
            for (var i = 2; i < range.Items.Count; i++)
            {
                if (ReadNode(range.Items[i], from) is not { } node) continue;
                map.Nodes.Add(node);
                if (i == 2) map.Serve(node, first, last);
            }
        }

        return map.Served > 0 ? map : null;
    }

    void Serve(RedisEndpoint node, int first, int last)
    {
        Primaries.Add(node);
        for (var slot = Math.Max(first, 0); slot <= last && slot < HashSlot.Count; slot++)
        {
            if (slots[slot] is null) Served++;
            slots[slot] = node;
        }
    }

    // A node that does not know its own address says nothing or "?": it is the one that we asked.
    static RedisEndpoint? ReadNode(RedisValue node, RedisEndpoint from) =>
        node.Items.Count >= 2 && int.TryParse(node.Items[1].Text, out var port) && port is > 0 and <= 65535
            ? new RedisEndpoint(node.Items[0].Text is "" or "?" ? from.Host : node.Items[0].Text, port)
            : null;
}
