using System.Globalization;

namespace Belfry.TestKit.Redis;

/// <summary>Three primaries with a replica each, on free ports, made into a cluster without the help of redis-cli.</summary>
public sealed class RedisCluster : IAsyncDisposable
{
    const int Slots = 16_384;

    RedisCluster() { }

    /// <summary>The primaries as started, then their replicas.</summary>
    public List<RedisServer> Servers { get; } = [];

    /// <summary>Ports of the primaries as started: enough to find the rest.</summary>
    public IEnumerable<int> Seeds => Servers.Take(3).Select(server => server.Port);

    /// <summary>Starts all six and waits until the cluster stands.</summary>
    /// <param name="nodeTimeout">Silence after which a node counts as failed.</param>
    public static async Task<RedisCluster> StartNewAsync(TimeSpan? nodeTimeout = null)
    {
        var cluster = new RedisCluster();
        try
        {
            await cluster.StartAsync((int)(nodeTimeout ?? TimeSpan.FromSeconds(2)).TotalMilliseconds);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The server that serves a slot, as the first running node tells.</summary>
    public RedisServer FindPrimary(int slot) => FindPrimary(Servers.First(server => server.Process is not null), slot);

    RedisServer FindPrimary(RedisServer asked, int slot)
    {
        using var admin = asked.OpenAdmin();
        foreach (var range in (List<object?>)admin.Call("CLUSTER", "SLOTS")!)
        {
            var parts = (List<object?>)range!;
            if (slot >= (long)parts[0]! && slot <= (long)parts[1]!) return ByPort((int)(long)((List<object?>)parts[2]!)[1]!);
        }

        throw new InvalidOperationException($"Nobody serves slot {slot}.");
    }

    /// <summary>Has a replica take over in order, with nothing lost; asks again when it gave up, as it may on a busy machine.</summary>
    public async Task FailOverAsync(RedisServer primary)
    {
        var id = Id(primary);
        RedisServer? replica = null;
        await Eventually.HoldsAsync(
            () => (replica = Servers.FirstOrDefault(server => server.Process is not null && server != primary && Ask(server, "CLUSTER", "NODES").Split('\n').Any(line => line.Contains("myself,slave " + id, StringComparison.Ordinal)))) is not null
                && Ask(replica, "INFO", "replication").Contains("master_link_status:up", StringComparison.Ordinal),
            TimeSpan.FromSeconds(60));
        for (var attempt = 0; ; attempt++)
        {
            Ask(replica!, "CLUSTER", "FAILOVER");
            try
            {
                await Eventually.HoldsAsync(() => Servers.Where(server => server.Process is not null).All(server => Ask(server, "CLUSTER", "NODES").Split('\n').Any(line => line.Contains($":{replica!.Port}@", StringComparison.Ordinal) && line.Contains("master", StringComparison.Ordinal))), TimeSpan.FromSeconds(10));
                return;
            }
            catch (TimeoutException) when (attempt < 6)
            {
                // A manual failover gives up after five seconds.
            }
        }
    }

    /// <summary>Moves a slot with its keys, key by key, as redis-cli does it.</summary>
    /// <param name="slot">Which.</param>
    /// <param name="to">Another primary.</param>
    /// <param name="between">Called after each key, while the slot is half here and half there.</param>
    public async Task MoveSlotAsync(int slot, RedisServer to, Func<Task>? between = null)
    {
        var from = FindPrimary(slot);
        var (fromId, toId, name) = (Id(from), Id(to), $"{slot}");
        Ask(to, "CLUSTER", "SETSLOT", name, "IMPORTING", fromId);
        Ask(from, "CLUSTER", "SETSLOT", name, "MIGRATING", toId);
        if (between is not null) await between();
        while (Ask(from, "CLUSTER", "GETKEYSINSLOT", name, "1") is { Length: > 0 } key)
        {
            Ask(from, "MIGRATE", "127.0.0.1", $"{to.Port}", key, "0", "10000");
            if (between is not null) await between();
        }

        Ask(to, "CLUSTER", "SETSLOT", name, "NODE", toId);
        Ask(from, "CLUSTER", "SETSLOT", name, "NODE", toId);
        await Eventually.HoldsAsync(() => Servers.Where(server => server.Process is not null).All(server => FindPrimary(server, slot) == to), TimeSpan.FromSeconds(60));
    }

    /// <summary>Waits until every running node finds the cluster whole.</summary>
    public Task WaitUntilWholeAsync() => Eventually.HoldsAsync(
        () => Servers.Where(server => server.Process is not null).All(server =>
            Ask(server, "CLUSTER", "INFO") is var info && info.Contains("cluster_state:ok", StringComparison.Ordinal) && info.Contains($"cluster_slots_ok:{Slots}", StringComparison.Ordinal)),
        TimeSpan.FromSeconds(60));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in Servers) await server.DisposeAsync();
    }

    static string Ask(RedisServer server, params string[] words)
    {
        using var admin = server.OpenAdmin();
        return admin.Text(words);
    }

    static string Id(RedisServer server) => Ask(server, "CLUSTER", "MYID");

    RedisServer ByPort(int port) => Servers.Single(server => server.Port == port);

    async Task StartAsync(int nodeTimeout)
    {
        for (var i = 0; i < 6; i++)
        {
            var server = RedisServer.Prepare(options: new RedisServerOptions
            {
                Persistent = true,
                ClusterNodeTimeout = nodeTimeout,
                Lines = ["cluster-config-file nodes.conf", "cluster-require-full-coverage no", "cluster-allow-replica-migration no", "repl-diskless-sync-delay 0"],
            });
            Servers.Add(server);
            await server.StartAsync();
        }

        for (var i = 0; i < 3; i++)
        {
            var (first, last) = (Slots * i / 3, Slots * (i + 1) / 3 - 1);
            Ask(Servers[i], "CLUSTER", "ADDSLOTSRANGE", first.ToString(CultureInfo.InvariantCulture), last.ToString(CultureInfo.InvariantCulture));
            Ask(Servers[i], "CLUSTER", "SET-CONFIG-EPOCH", $"{i + 1}");
        }

        foreach (var server in Servers.Skip(1)) Ask(server, "CLUSTER", "MEET", "127.0.0.1", $"{Servers[0].Port}", $"{Servers[0].BusPort}");
        await Eventually.HoldsAsync(() => Servers.All(server => Ask(server, "CLUSTER", "INFO").Contains("cluster_known_nodes:6", StringComparison.Ordinal)), TimeSpan.FromSeconds(60));
        for (var i = 3; i < 6; i++)
        {
            var (replica, primary) = (Servers[i], Id(Servers[i - 3]));
            await Eventually.HoldsAsync(() => Ask(replica, "CLUSTER", "REPLICATE", primary) == "OK", TimeSpan.FromSeconds(60));
        }

        await WaitUntilWholeAsync();
        await Eventually.HoldsAsync(() => Servers.Skip(3).All(server => Ask(server, "INFO", "replication").Contains("master_link_status:up", StringComparison.Ordinal)), TimeSpan.FromSeconds(60));
    }
}
