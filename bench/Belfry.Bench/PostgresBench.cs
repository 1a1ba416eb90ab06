using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Belfry.Core.Chains;
using Belfry.Core.Ledger;
using Belfry.Sql.Postgres;
using Belfry.Sql.Sqlite;
using Belfry.TestKit.Nodes;
using Belfry.TestKit.Postgres;

namespace Belfry.Bench;

/// <summary>How fast the journal grows on PostgreSQL: beside SQLite, and beside what pgbench inserts into the same server in the same run.</summary>
static partial class PostgresBench
{
    static readonly TimeSpan Length = TimeSpan.FromSeconds(4);
    static readonly int[] Sizes = [1, 10, 100, 1000];
    static readonly StringBuilder Table = new();
    static int databases;

    public static async Task RunAsync()
    {
        await using var server = await PostgresServer.StartAsync("shared_buffers=256MB", "max_connections=200", "max_wal_size=4GB");
        var version = (string)(await server.ExecuteAsync("postgres", "SHOW server_version"))!;
        Table.AppendLine("# The shared store").AppendLine();
        Table.AppendLine("`dotnet run -c Release --project bench/Belfry.Bench -- postgres`; " + Workplace.Machine()).AppendLine();
        Table.AppendLine($"PostgreSQL {version} on the same machine and disk (fsync=on, synchronous_commit=on), SQLite {SqliteStore.EngineVersion} (synchronous=FULL); medians of 3 runs of {Length.TotalSeconds} s. An entry has 210 bytes of JSON.");
        Table.AppendLine("pgbench inserts rows of the same size into a table with a primary key and an index on the id; Belfry's entries have six indexes, a hash chain and a look whether the id was told before.").AppendLine();
        await BatchesAsync(server);
        await ServersAsync(server);
        await NumbersAsync(server);
        Workplace.Publish("postgres.md", Table.ToString());
    }

    static async Task BatchesAsync(PostgresServer server)
    {
        await server.ExecuteAsync("postgres", "CREATE TABLE plain (seq bigserial PRIMARY KEY, id text NOT NULL, data bytea NOT NULL); CREATE INDEX ON plain (id)");
        Table.AppendLine("## One writer").AppendLine();
        Table.Row("entries a commit", "SQLite commits/s", "SQLite entries/s", "PostgreSQL commits/s", "PostgreSQL entries/s", "pgbench commits/s", "pgbench rows/s", "entries to rows");
        Table.AppendLine("|---|---|---|---|---|---|---|---|");
        foreach (var size in Sizes)
        {
            var (sqlite, postgres, plain) = (new List<double>(), new List<double>(), new List<double>());
            for (var run = 0; run < 3; run++)
            {
                sqlite.Add(await SqliteAsync(size));
                postgres.Add(await PostgresAsync(server, servers: 1, chains: 1, size));
                plain.Add(await PgbenchAsync(server, clients: 1, Insert(size)));
            }

            var (a, b, c) = (Workplace.Median(sqlite), Workplace.Median(postgres), Workplace.Median(plain));
            Table.Row(size, Round(a), Round(a * size), Round(b), Round(b * size), Round(c), Round(c * size), (b / c).ToString("F2", CultureInfo.InvariantCulture));
        }

        Table.AppendLine();
    }

    static async Task ServersAsync(PostgresServer server)
    {
        const int Size = 10;
        Table.AppendLine("## Eight chains, 10 entries a commit").AppendLine();
        Table.Row("who writes", "commits/s", "entries/s");
        Table.AppendLine("|---|---|---|");
        foreach (var (servers, chains, name) in new[] { (1, 1, "one server, one chain"), (1, 8, "one server, eight chains (their commits share transactions)"), (8, 1, "eight servers on the same two cores, a chain each; each also reads and verifies what the others write") })
        {
            var runs = new List<double>();
            for (var run = 0; run < 3; run++) runs.Add(await PostgresAsync(server, servers, chains, Size));
            Table.Row(name, Round(Workplace.Median(runs)), Round(Workplace.Median(runs) * Size));
        }

        var plain = new List<double>();
        for (var run = 0; run < 3; run++) plain.Add(await PgbenchAsync(server, clients: 8, Insert(Size)));
        Table.Row("pgbench, eight clients", Round(Workplace.Median(plain)), Round(Workplace.Median(plain) * Size));
        Table.AppendLine();
    }

    // The ways to give out numbers, as SQL alone: eight clients, ten rows a transaction.
    static async Task NumbersAsync(PostgresServer server)
    {
        await server.ExecuteAsync("postgres", "CREATE TABLE head (seq bigint NOT NULL) WITH (fillfactor = 10); INSERT INTO head VALUES (0); CREATE TABLE log (seq bigint PRIMARY KEY, id text NOT NULL, data bytea NOT NULL)");
        Table.AppendLine("## Ways to give out numbers").AppendLine();
        Table.AppendLine("SQL alone, by pgbench: eight clients, ten rows a transaction.").AppendLine();
        Table.Row("numbers", "transactions/s", "a reader of `seq > last`");
        Table.AppendLine("|---|---|---|");
        const string Rows = "md5(random()::text), decode(repeat('ab', 210), 'hex') FROM generate_series(1, 10)";
        foreach (var (name, reader, script) in new[]
        {
            ("identity", "loses rows", $"INSERT INTO plain (id, data) SELECT {Rows};"),
            ("identity under an advisory lock until the end", "sees all", $"BEGIN;\nSELECT pg_advisory_xact_lock(1);\nINSERT INTO plain (id, data) SELECT {Rows};\nCOMMIT;"),
            ("head row, taken first", "sees all", $"BEGIN;\nUPDATE head SET seq = seq + 10;\nINSERT INTO log SELECT (SELECT seq FROM head) - 10 + row_number() OVER (), {Rows};\nCOMMIT;"),
            ("head row, taken by the last statement (as Belfry does)", "sees all", $"WITH h AS (UPDATE head SET seq = seq + 10 RETURNING seq) INSERT INTO log SELECT (SELECT seq FROM h) - 10 + row_number() OVER (), {Rows};"),
        })
        {
            var runs = new List<double>();
            for (var run = 0; run < 3; run++) runs.Add(await PgbenchAsync(server, clients: 8, script));
            Table.Row(name, Round(Workplace.Median(runs)), reader);
        }
    }

    static async Task<double> SqliteAsync(int size)
    {
        var folder = Directory.CreateTempSubdirectory("belfry-bench-").FullName;
        try
        {
            await using var store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = folder });
            return await CommitAsync([store.Ledger], 1, size);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static async Task<double> PostgresAsync(PostgresServer server, int servers, int chains, int size)
    {
        var name = $"bench_{++databases}";
        await server.ExecuteAsync("postgres", $"CREATE DATABASE {name}");
        var stores = new List<PostgresStore>();
        for (var i = 0; i < servers; i++) stores.Add(await PostgresStore.OpenAsync(new PostgresStoreOptions { Connection = server.ConnectionString(name) }));
        var perSecond = await CommitAsync([.. stores.Select(store => store.Ledger)], chains, size);
        foreach (var store in stores) await store.DisposeAsync();
        await server.ExecuteAsync("postgres", $"DROP DATABASE {name} WITH (FORCE)");
        return perSecond;
    }

    static async Task<double> CommitAsync(IReadOnlyList<ILedger> ledgers, int chains, int size)
    {
        for (var i = 0; i < 3; i++)
            for (var ledger = 0; ledger < ledgers.Count; ledger++) await ledgers[ledger].CommitAsync(Batch($"warm{ledger}", i, size), default);
        long commits = 0;
        var time = Stopwatch.StartNew();
        await Task.WhenAll(ledgers.SelectMany((ledger, i) => Enumerable.Range(0, chains).Select(chain => Task.Run(async () =>
        {
            for (var number = 0; time.Elapsed < Length; number++)
            {
                await ledger.CommitAsync(Batch($"c{(i * chains) + chain}", number, size), default);
                Interlocked.Increment(ref commits);
            }
        }))));
        return commits / time.Elapsed.TotalSeconds;
    }

    static LedgerBatch Batch(string chain, int number, int size) => new()
    {
        Chain = new ChainId(chain),
        Events = [.. Enumerable.Range(0, size).Select(i => LedgerBench.Event(((long)number * size) + i) with { Id = $"{chain}:{number}:{i}" })],
    };

    static string Insert(int size) => $"INSERT INTO plain (id, data) SELECT md5(random()::text), decode(repeat('ab', 210), 'hex') FROM generate_series(1, {size});";

    static async Task<double> PgbenchAsync(PostgresServer server, int clients, string script)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, script);
        await using var pgbench = ChildProcess.Start(
            Path.Combine(TestPeers.RequirePostgres(), "pgbench"),
            ["-n", "-M", "prepared", "-T", $"{Length.TotalSeconds}", "-c", $"{clients}", "-j", $"{Math.Min(clients, 2)}", "-f", file, "-h", "127.0.0.1", "-p", $"{server.EndPoint.Port}", "-U", "belfry", "postgres"]);
        await pgbench.WaitForExitAsync(TimeSpan.FromMinutes(1));
        File.Delete(file);
        var said = Said().Match(pgbench.Output);
        return said.Success ? double.Parse(said.Groups["tps"].Value, CultureInfo.InvariantCulture) : throw new InvalidOperationException(pgbench.Output);
    }

    static string Round(double value) => value.ToString(value < 100 ? "F1" : "F0", CultureInfo.InvariantCulture);

    [GeneratedRegex("tps = (?<tps>[0-9.]+)", RegexOptions.ExplicitCapture)]
    private static partial Regex Said();
}
