using System.Globalization;
using System.Net;
using Belfry.TestKit.Nodes;
using Npgsql;

namespace Belfry.TestKit.Postgres;

/// <summary>
/// A private PostgreSQL on a loopback port: a cluster of its own in a temporary folder, with fsync on, that ends with the test program. User <c>belfry</c> needs no
/// password; everybody else does.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    static readonly Lock Gate = new();
    static Task<PostgresServer>? ofAll;
    static int made;

    readonly FreePort port = FreePort.Lease();
    readonly string programs;
    readonly string[] settings;
    ChildProcess? process;
    int databases;

    PostgresServer(string programs, string folder, string[] settings) => (this.programs, Folder, this.settings) = (programs, folder, settings);

    /// <summary>The cluster's folder.</summary>
    public string Folder { get; }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint => port.EndPoint;

    /// <summary>What it last wrote to its log.</summary>
    public string Log => process?.Output ?? "";

    /// <summary>
    /// The one server of this test program, for tests that do it no harm; skips or fails when PostgreSQL is absent. It lies in memory where that can be, because
    /// making a database syncs hundreds of files; tests of durability have a server of their own, on the disk.
    /// </summary>
    public static Task<PostgresServer> SharedAsync()
    {
        TestPeers.RequirePostgres();
        lock (Gate) return ofAll ??= StartInAsync(NewFolder(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath()));
    }

    /// <summary>Makes and starts a cluster of one's own, to be harmed.</summary>
    /// <param name="settings">More settings, each <c>name=value</c>.</param>
    public static Task<PostgresServer> StartAsync(params string[] settings) => StartInAsync(NewFolder(Path.GetTempPath()), settings);

    /// <summary>Makes and starts a cluster in a folder that does not exist yet, for instance on a small disk.</summary>
    public static async Task<PostgresServer> StartInAsync(string folder, params string[] settings)
    {
        var found = TestPeers.RequirePostgres();
        ChildGuard.Watch(folder);
        var server = new PostgresServer(found, folder, settings);
        await using (var initialise = server.Run("initdb", "-D", folder, "-U", "belfry", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"))
        {
            await initialise.WaitForExitAsync(Patience);
            if (initialise.ExitCode != 0) throw new InvalidOperationException($"initdb failed.\n{initialise.Output}");
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "pg_hba.conf"), "local all all trust\nhost all belfry 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n");
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>How a client connects to a database.</summary>
    /// <param name="database">The database.</param>
    /// <param name="port">Another port, for instance of a proxy in front; null: the server's own.</param>
    public string ConnectionString(string database, int? port = null) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = port ?? EndPoint.Port,
        Username = "belfry",
        Database = database,
        Timeout = 5,
    }.ConnectionString;

    /// <summary>A new database.</summary>
    /// <param name="template">Copied; null: an empty one.</param>
    public async Task<PostgresDatabase> CreateDatabaseAsync(string? template = null)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"test_{Interlocked.Increment(ref databases)}");
        await ExecuteAsync("postgres", $"CREATE DATABASE {name} TEMPLATE {template ?? "template0"}");
        return new PostgresDatabase(this, name);
    }

    /// <summary>Runs SQL in a database over a connection of its own.</summary>
    public async Task<object?> ExecuteAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ConnectionString(database)) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
#pragma warning disable CA2100 // the text is the test's own
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync() is { } value and not DBNull ? value : null;
    }

    /// <summary>Starts it again after it was stopped or killed; tries again while leftovers of the former one go away.</summary>
    public async Task StartAgainAsync()
    {
        if (process is not null) await process.DisposeAsync();
        process = null;
        string[] arguments =
        [
            "-D", Folder, "-p", port.Number.ToString(CultureInfo.InvariantCulture), "-c", "listen_addresses=127.0.0.1", "-c", $"unix_socket_directories={Folder}",
            .. settings.SelectMany(setting => new[] { "-c", setting }),
        ];
        await Eventually.HoldsAsync(async () =>
        {
            if (process is not { HasExited: false })
            {
                if (process is not null) await process.DisposeAsync();
                process = Run("postgres", arguments);
            }

            await ExecuteAsync("postgres", "SELECT 1");
            return true;
        }, what: "PostgreSQL answers");
    }

    /// <summary>Stops it: sessions are ended, and everything is written down.</summary>
    public Task StopAsync() => EndAsync(child => child.Interrupt());

    /// <summary>Stops it as a crash would (immediate mode): the next start recovers from the log.</summary>
    public Task StopImmediatelyAsync() => EndAsync(child => child.Quit());

    /// <summary>Kills it and every process it has (SIGKILL).</summary>
    public async Task KillAsync()
    {
        var all = Processes();
        foreach (var id in all) Signals.Send(id, Signals.Kill);
        await process!.WaitForExitAsync(Patience);
        await Eventually.HoldsAsync(() => all.All(id => !Directory.Exists($"/proc/{id}")), what: "every process of the killed server is gone");
    }

    /// <summary>Freezes it with every process it has (SIGSTOP).</summary>
    public void Freeze()
    {
        foreach (var id in Processes()) Signals.Send(id, Signals.Stop);
    }

    /// <summary>Lets it go on.</summary>
    public void Continue()
    {
        foreach (var id in Processes()) Signals.Send(id, Signals.Continue);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (process is { HasExited: false })
        {
            Continue();
            await StopImmediatelyAsync();
        }

        if (process is not null) await process.DisposeAsync();
        NpgsqlConnection.ClearAllPools();
        if (Directory.Exists(Folder)) Directory.Delete(Folder, recursive: true);
        port.Dispose();
    }

    static string NewFolder(string parent) =>
        Path.Combine(parent, string.Create(CultureInfo.InvariantCulture, $"belfry-test-postgres-{Environment.ProcessId}-{Interlocked.Increment(ref made)}"));

    async Task EndAsync(Action<ChildProcess> signal)
    {
        signal(process!);
        await process!.WaitForExitAsync(Patience);
    }

    // PostgreSQL refuses to run as root; setpriv becomes the program, so that the process started is the server itself.
    ChildProcess Run(string program, params string[] arguments)
    {
        var path = Path.Combine(programs, program);
        return Environment.IsPrivilegedProcess
            ? ChildProcess.Start("setpriv", ["--reuid", "postgres", "--regid", "postgres", "--init-groups", path, .. arguments], folder: "/")
            : ChildProcess.Start(path, arguments, folder: "/");
    }

    List<int> Processes()
    {
        var postmaster = int.Parse(File.ReadLines(Path.Combine(Folder, "postmaster.pid")).First(), CultureInfo.InvariantCulture);
        var children = File.ReadAllText($"/proc/{postmaster}/task/{postmaster}/children");
        return [postmaster, .. children.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture))];
    }
}

/// <summary>A database for one test; dropped with everybody in it.</summary>
public sealed class PostgresDatabase(PostgresServer server, string name) : IAsyncDisposable
{
    /// <summary>The server.</summary>
    public PostgresServer Server => server;

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>How a client connects.</summary>
    public string ConnectionString => server.ConnectionString(name);

    /// <summary>Runs SQL in it.</summary>
    public Task<object?> ExecuteAsync(string sql) => server.ExecuteAsync(name, sql);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await server.ExecuteAsync("postgres", $"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
}
