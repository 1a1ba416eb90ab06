using System.Net;
using Belfry.TestKit.Nodes;

namespace Belfry.TestKit.Redis;

/// <summary>How a private redis-server differs from the default.</summary>
public sealed record RedisServerOptions
{
    /// <summary>Keep an append-only file, synced by every write, so that a restart keeps what was acknowledged.</summary>
    public bool Persistent { get; init; }

    /// <summary>Password of the default user.</summary>
    public string? Password { get; init; }

    /// <summary>ACL rules, as in <c>user alice on &gt;secret ~* +@all</c>.</summary>
    public IReadOnlyList<string> Users { get; init; } = [];

    /// <summary>Serve TLS (and nothing else) with this certificate.</summary>
    public TestCertificates? Tls { get; init; }

    /// <summary>Ask clients for a certificate.</summary>
    public bool AskForCertificate { get; init; }

    /// <summary>Be a node of a cluster, with this time-out in milliseconds.</summary>
    public int? ClusterNodeTimeout { get; init; }

    /// <summary>Further lines of the configuration file.</summary>
    public IReadOnlyList<string> Lines { get; init; } = [];
}

/// <summary>A private redis-server on a free port of loopback; stopped with the fixture, or with the test program.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    readonly FreePort port = FreePort.Lease();
    readonly FreePort? bus;
    readonly RedisServerOptions options;
    readonly string program = TestPeers.RequireRedis();
    ChildProcess? process;

    RedisServer(RedisServerOptions options)
    {
        this.options = options;
        // The usual distance of 10,000 between a port and its bus would leave the range of leased ports.
        if (options.ClusterNodeTimeout is not null) bus = FreePort.Lease();
        Folder = Directory.CreateTempSubdirectory("belfry-test-redis-").FullName;
        ChildGuard.Watch(Folder);
    }

    /// <summary>Its port.</summary>
    public int Port => port.Number;

    /// <summary>The port of its cluster bus.</summary>
    public int BusPort => bus?.Number ?? 0;

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint => port.EndPoint;

    /// <summary>Its data.</summary>
    public string Folder { get; }

    /// <summary>The process; null while stopped.</summary>
    public ChildProcess? Process => process;

    /// <summary>Starts one; skips the test when the run does without real programs.</summary>
    public static async Task<RedisServer> StartNewAsync(RedisServerOptions? options = null)
    {
        TestPeers.RequireRedis();
        var server = new RedisServer(options ?? new RedisServerOptions());
        try
        {
            await server.StartAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>One that is not started yet.</summary>
    public static RedisServer Prepare(RedisServerOptions? options = null)
    {
        TestPeers.RequireRedis();
        return new RedisServer(options ?? new RedisServerOptions());
    }

    /// <summary>Starts it, with what its folder holds.</summary>
    public async Task StartAsync()
    {
        if (process is not null) throw new InvalidOperationException("It runs already.");
        await File.WriteAllLinesAsync(Path.Combine(Folder, "redis.conf"), Configuration());
        process = ChildProcess.Start(program, [Path.Combine(Folder, "redis.conf")], folder: Folder);
        try
        {
            await Eventually.HoldsAsync(() => process.HasExited
                ? throw new OperationCanceledException($"redis-server ended with {process.ExitCode}:\n{process.Output}")
                : process.Output.Contains("Ready to accept connections", StringComparison.Ordinal));
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"redis-server on port {Port} is not ready:\n{process.Output}", late);
        }
    }

    /// <summary>Ends it without warning (SIGKILL).</summary>
    public async Task KillAsync()
    {
        if (process is null) return;
        await process.KillAsync();
        await process.DisposeAsync();
        process = null;
    }

    /// <summary>Ends it in order (SIGTERM).</summary>
    public async Task StopAsync()
    {
        if (process is null) return;
        process.Terminate();
        await process.WaitForExitAsync(TimeSpan.FromSeconds(30));
        await process.DisposeAsync();
        process = null;
    }

    /// <summary>Kills it and starts it again, with its data or empty.</summary>
    public async Task RestartAsync(bool keepData = true)
    {
        await KillAsync();
        if (!keepData) DropData();
        await StartAsync();
    }

    /// <summary>Forgets what it stored; only while stopped.</summary>
    public void DropData()
    {
        if (process is not null) throw new InvalidOperationException("It runs.");
        foreach (var file in Directory.EnumerateFiles(Folder, "*.rdb")) File.Delete(file);
        var log = Path.Combine(Folder, "appendonlydir");
        if (Directory.Exists(log)) Directory.Delete(log, recursive: true);
    }

    /// <summary>Freezes it: connections stay open, nothing answers.</summary>
    public void Freeze() => process!.Freeze();

    /// <summary>Lets it go on.</summary>
    public void Continue() => process!.Continue();

    /// <summary>A plain connection for the test's own questions; not over TLS.</summary>
    public RedisAdmin OpenAdmin() => new(Port, options.Password);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (process is not null) await process.DisposeAsync();
        port.Dispose();
        bus?.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    IEnumerable<string> Configuration()
    {
        yield return "bind 127.0.0.1";
        yield return "daemonize no";
        yield return $"dir {Folder}";
        yield return "save \"\"";
        yield return options.Persistent ? "appendonly yes" : "appendonly no";
        yield return "appendfsync always";
        // Forks of a snapshot at a replica's first sync are enough.
        yield return "auto-aof-rewrite-percentage 0";
        yield return "protected-mode no";
        yield return "enable-debug-command yes";
        if (options.Tls is { } tls)
        {
            yield return "port 0";
            yield return $"tls-port {Port}";
            yield return $"tls-cert-file {tls.ServerCertificateFile}";
            yield return $"tls-key-file {tls.ServerKeyFile}";
            yield return $"tls-ca-cert-file {tls.AuthorityFile}";
            yield return $"tls-auth-clients {(options.AskForCertificate ? "yes" : "no")}";
        }
        else
        {
            yield return $"port {Port}";
        }

        if (options.ClusterNodeTimeout is { } nodeTimeout)
        {
            yield return "cluster-enabled yes";
            yield return $"cluster-port {BusPort}";
            yield return $"cluster-node-timeout {nodeTimeout}";
        }

        if (options.Password is not null) yield return $"requirepass {options.Password}";
        foreach (var user in options.Users) yield return user;
        foreach (var line in options.Lines) yield return line;
    }
}
