using System.Net;
using Belfry.Server.Tests.EndToEnd;
using Belfry.Server.Tests.Faults;
using Belfry.TestKit;
using Belfry.TestKit.Faults;
using Belfry.TestKit.Postgres;

namespace Belfry.Server.Tests.ManyServers;

/// <summary>Several real servers on one PostgreSQL that follow one chain, and one door to all of them, as behind a load balancer without sticky sessions.</summary>
sealed class ServerGroup : IAsyncDisposable
{
    readonly List<BelfryProcess> servers = [];
    readonly PostgresDatabase database;
    readonly Random random;

    ServerGroup(FaultChain chain, PostgresDatabase database, int count, TimeSpan? lease, int seed, Action<BelfryProcess>? change)
    {
        (Chain, this.database, random) = (chain, database, new Random(seed));
        for (var i = 0; i < count; i++)
        {
            var server = BelfryProcess.Prepare();
            chain.Configure(server);
            server.Environment["DATABASE_URL"] = database.ConnectionString;
            if (lease is { } time) server.Environment["BELFRY__Store__Lease"] = time.ToString("c");
            change?.Invoke(server);
            servers.Add(server);
        }

        Door = FaultProxy.StartBalancing(() => new IPEndPoint(IPAddress.Loopback, Pick().Base.Port));
    }

    public FaultChain Chain { get; }

    public IReadOnlyList<BelfryProcess> Servers => servers;

    public FaultProxy Door { get; }

    public Uri Address => new($"http://127.0.0.1:{Door.EndPoint.Port}/");

    public static async Task<ServerGroup> StartAsync(FaultChain chain, PostgresDatabase database, int count = 3, TimeSpan? lease = null, int seed = 1, Action<BelfryProcess>? change = null)
    {
        var group = new ServerGroup(chain, database, count, lease, seed, change);
        try
        {
            // the first makes the schema; the others find it, or wait for it
            foreach (var server in group.servers) server.Launch();
            await group.AtTipAsync();
            await chain.WatchAsync(group.servers[0]);
            return group;
        }
        catch
        {
            await group.DisposeAsync();
            throw;
        }
    }

    /// <summary>One of them.</summary>
    public BelfryProcess Pick()
    {
        lock (random) return servers[random.Next(servers.Count)];
    }

    /// <summary>Waits until every server, leader or not, knows the chain's best block.</summary>
    public Task AtTipAsync() => Task.WhenAll(servers.Select(server => Chain.AtTipAsync(server)));

    /// <summary>The server that says that it leads, once one does and the others say the same.</summary>
    public async Task<BelfryProcess> LeaderAsync(TimeSpan? within = null)
    {
        BelfryProcess? leader = null;
        await Eventually.HoldsAsync(async () =>
        {
            leader = null;
            foreach (var server in servers)
            {
                if (!server.Process.HasExited && await LeadsAsync(server)) leader = server;
            }

            return leader is not null;
        }, within, "some server leads");
        return leader!;
    }

    /// <summary>Whether a server says that it leads.</summary>
    public async Task<bool> LeadsAsync(BelfryProcess server)
    {
        var row = (await server.GetAsync("api/v1/chains")).EnumerateArray().Single(row => row.GetProperty("chain").GetString() == Chain.Id);
        var endpoint = row.GetProperty("endpoint").GetString()!;
        return endpoint.Length > 0 && !endpoint.StartsWith("led by", StringComparison.Ordinal) && row.GetProperty("state").GetString() != "stopped";
    }

    public async ValueTask DisposeAsync()
    {
        await Door.DisposeAsync();
        await Task.WhenAll(servers.Select(static async server => await server.DisposeAsync()));
        await database.DisposeAsync();
    }
}
