using System.Globalization;
using Belfry.TestKit.Nodes;

namespace Belfry.TestKit.Redis;

/// <summary>A primary, a replica and three sentinels that watch over them, all private and on free ports.</summary>
public sealed class RedisSentinelSet : IAsyncDisposable
{
    /// <summary>The name under which the sentinels know the primary.</summary>
    public const string Name = "belfry-primary";

    /// <summary>The password that the sentinels ask for.</summary>
    public const string SentinelPassword = "sentinel-secret";

    /// <summary>The password that the servers ask for.</summary>
    public const string Password = "server-secret";

    readonly List<FreePort> ports = [];
    readonly List<ChildProcess> sentinels = [];
    readonly string folder = Directory.CreateTempSubdirectory("belfry-test-sentinels-").FullName;

    RedisSentinelSet() => ChildGuard.Watch(folder);

    /// <summary>Primary first, replica second, as started.</summary>
    public List<RedisServer> Servers { get; } = [];

    /// <summary>The sentinels' ports.</summary>
    public IReadOnlyList<int> SentinelPorts => [.. ports.Select(port => port.Number)];

    /// <summary>Starts all five and waits until the sentinels know everybody.</summary>
    public static async Task<RedisSentinelSet> StartNewAsync()
    {
        var set = new RedisSentinelSet();
        try
        {
            await set.StartAsync();
            return set;
        }
        catch
        {
            await set.DisposeAsync();
            throw;
        }
    }

    /// <summary>The port of the server that the sentinels name as primary now.</summary>
    public int ReadPrimaryPort()
    {
        using var sentinel = new RedisAdmin(SentinelPorts[0], SentinelPassword);
        return int.Parse(sentinel.Text("SENTINEL", "GET-MASTER-ADDR-BY-NAME", Name).Split('\n')[1], CultureInfo.InvariantCulture);
    }

    /// <summary>Asks the sentinels for a failover; goes on asking while they are not ready for one.</summary>
    public async Task FailOverAsync()
    {
        var before = ReadPrimaryPort();
        await Eventually.HoldsAsync(
            () =>
            {
                using var sentinel = new RedisAdmin(SentinelPorts[0], SentinelPassword);
                if (ReadPrimaryPort() != before) return true;
                try
                {
                    sentinel.Call("SENTINEL", "FAILOVER", Name);
                }
                catch (InvalidOperationException refused) when (refused.Message.StartsWith("INPROG", StringComparison.Ordinal) || refused.Message.StartsWith("NOGOODSLAVE", StringComparison.Ordinal))
                {
                    return false;
                }

                return ReadPrimaryPort() != before;
            },
            TimeSpan.FromSeconds(60));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var sentinel in sentinels) await sentinel.DisposeAsync();
        foreach (var server in Servers) await server.DisposeAsync();
        foreach (var port in ports) port.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    async Task StartAsync()
    {
        var program = TestPeers.RequireRedis();
        // Each may become the replica of the other.
        var options = new RedisServerOptions { Password = Password, Persistent = true, Lines = [$"masterauth {Password}", "repl-diskless-sync-delay 0", "repl-timeout 10"] };
        Servers.Add(await RedisServer.StartNewAsync(options));
        Servers.Add(await RedisServer.StartNewAsync(options with { Lines = [.. options.Lines, $"replicaof 127.0.0.1 {Servers[0].Port}"] }));
        for (var i = 0; i < 3; i++)
        {
            var port = FreePort.Lease();
            ports.Add(port);
            var file = Path.Combine(folder, $"sentinel-{i}.conf");
            await File.WriteAllLinesAsync(
                file,
                [
                    $"port {port.Number}", "bind 127.0.0.1", "protected-mode no", $"dir {folder}", $"requirepass {SentinelPassword}", $"sentinel sentinel-pass {SentinelPassword}",
                    $"sentinel monitor {Name} 127.0.0.1 {Servers[0].Port} 2", $"sentinel auth-pass {Name} {Password}", $"sentinel down-after-milliseconds {Name} 1000",
                    $"sentinel failover-timeout {Name} 4000",
                ]);
            sentinels.Add(ChildProcess.Start(program, [file, "--sentinel"], folder: folder));
        }

        await Eventually.HoldsAsync(() => SentinelPorts.All(KnowsEverybody), TimeSpan.FromSeconds(60));
    }

    static bool KnowsEverybody(int port)
    {
        using var sentinel = new RedisAdmin(port, SentinelPassword);
        var words = sentinel.Text("SENTINEL", "MASTER", Name).Split('\n');
        string Field(string name) => words[Array.IndexOf(words, name) + 1];
        if (Field("num-other-sentinels") != "2" || Field("num-slaves") != "1" || Field("flags") != "master") return false;
        return sentinel.Text("SENTINEL", "REPLICAS", Name).Contains("master-link-status\nok", StringComparison.Ordinal);
    }
}
