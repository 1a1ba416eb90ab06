using System.Diagnostics;
using Belfry.Contracts;
using Belfry.Core.Chains;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;
using Belfry.Sql.Postgres;
using Belfry.Sql.Sqlite;
using Shouldly;

namespace Belfry.Stores.Tests;

/// <summary>
/// A process of its own that commits until it is stopped, to be killed. Each of three chains counts up: commit n moves the cursor to n, adds transaction n and
/// tells event n, all in one batch; what was acknowledged is noted in a file as soon as it is.
/// </summary>
public sealed class StoreChild
{
    public const int Chains = 3;

    const string Folder = "BELFRY_CHILD_FOLDER";
    const string Commits = "BELFRY_CHILD_COMMITS";
    const string Postgres = "BELFRY_CHILD_POSTGRES";

    static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    [Fact(Explicit = true)]
    public async Task Run()
    {
        var folder = Environment.GetEnvironmentVariable(Folder)!;
        var commits = int.Parse(Environment.GetEnvironmentVariable(Commits)!);
        var (store, ledger) = await OpenAsync(folder);
        await using var closing = store;
        await using var acks = new FileStream(AckFile(folder), FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        var gate = new Lock();
        void Note(string line)
        {
            lock (gate) acks.Write(System.Text.Encoding.UTF8.GetBytes(line));
        }

        var started = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Chains).Select(chain => Task.Run(async () =>
        {
            var id = new ChainId($"c{chain}");
            var height = (await ledger.ReadPositionAsync(id, default))?.Cursor.Block.Height ?? 0;
            for (var i = 0; i < commits && started.Elapsed < Longest;)
            {
                var line = $"{id} {height + 1}\n";
                try
                {
                    await ledger.CommitAsync(Batch(id, height + 1), default);
                }
                catch (StoreException problem)
                {
                    // Refused: nothing was written, the same again.
                    line = $"refused {problem.Message}\n";
                }

                if (!line.StartsWith("refused", StringComparison.Ordinal)) (height, i) = (height + 1, i + 1);
                Note(line);
            }
        })));
    }

    static async Task<(IAsyncDisposable Store, ILedger Ledger)> OpenAsync(string folder)
    {
        if (Environment.GetEnvironmentVariable(Postgres) is not { Length: > 0 } connection)
        {
            var embedded = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = folder });
            return (embedded, embedded.Ledger);
        }

        var shared = await PostgresStore.OpenAsync(new PostgresStoreOptions { Connection = connection });
        return (shared, shared.Ledger);
    }

    /// <summary>Many writers at once; notes how many events a second came through.</summary>
    [Fact(Explicit = true)]
    public async Task Flood()
    {
        var folder = Environment.GetEnvironmentVariable(Folder)!;
        await using var store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = folder });
        var time = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, 128).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 5; i++)
                await store.Ledger.CommitAsync(Samples.Events(new ChainId($"c{writer}"), [.. Enumerable.Range(0, 20).Select(n => Samples.Event($"{writer} {i} {n}"))]), default);
        })));
        var perSecond = await store.Journal.ReadHeadAsync(default) / time.Elapsed.TotalSeconds;
        time.Restart();
        await store.Ledger.CommitAsync(Samples.Events(new ChainId("last"), Samples.Event("last")), default);
        await File.WriteAllTextAsync(AckFile(folder), $"{perSecond:F0} {time.ElapsedMilliseconds}\n");
    }

    internal static LedgerBatch Batch(ChainId chain, long number) => new()
    {
        Chain = chain,
        Position = Samples.Position(number),
        Connected = [Samples.Header(number)],
        Transactions = [Samples.Payment(chain, number, number % 10, number)],
        Balances = new Dictionary<Script, Balance> { [Samples.Script(0)] = Balance.Empty with { Transactions = number } },
        Events = [Samples.Event($"{chain} {number} a", transaction: Samples.Tx(number)), Samples.Event($"{chain} {number} b")],
    };

    internal static string AckFile(string folder) => folder + ".acks";

    internal static Process Start(string folder, int commits, string? crashPoint = null, params string[] under) => Start(nameof(Run), folder, commits, crashPoint, under);

    /// <summary>A process that commits to PostgreSQL; the folder only names the file of what was acknowledged.</summary>
    internal static Process StartOnPostgres(string connection, string folder, string? crashPoint = null) => Start(nameof(Run), folder, int.MaxValue, crashPoint, [], connection);

    internal static Process Start(string fact, string folder, int commits, string? crashPoint, string[] under, string? postgres = null)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "Belfry.Stores.Tests");
        string[] command = [.. under, program, "-method", $"{typeof(StoreChild).FullName}.{fact}", "-explicit", "only", "-noLogo"];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment[Folder] = folder;
        start.Environment[Commits] = commits.ToString();
        if (postgres is not null) start.Environment[Postgres] = postgres;
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        if (crashPoint is not null) start.Environment["BELFRY_CRASHPOINT"] = crashPoint;
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>Everything that was acknowledged is there, whole, once, and nothing by half.</summary>
    internal static async Task CheckAsync(StoreHandle store, IReadOnlyList<string> acks)
    {
        var acked = acks.Select(line => line.Split(' ')).Where(parts => parts[0] != "refused")
            .GroupBy(parts => parts[0]).ToDictionary(group => group.Key, group => group.Max(parts => long.Parse(parts[1])));
        long events = 0;
        foreach (var chain in Enumerable.Range(0, Chains).Select(number => new ChainId($"c{number}")))
        {
            var height = (await store.Ledger.ReadPositionAsync(chain, default))?.Cursor.Block.Height ?? 0;
            height.ShouldBeGreaterThanOrEqualTo(acked.GetValueOrDefault(chain.Value));
            events += 2 * height;
            (await store.Reader.ReadTransactionAsync(chain, Samples.Tx(height + 1), default)).ShouldBeNull();
            (await store.Reader.ReadAddressAsync(chain, Samples.Script(0), default)).Balance.Transactions.ShouldBe(height);
            for (var number = 1; number <= height; number++)
            {
                // All of a long run at its end would cost more than it shows: the last hundred, and every hundredth before.
                if (height - number > 100 && number % 100 != 0) continue;
                (await store.Journal.FindAsync($"{chain} {number} b", default)).ShouldNotBeNull();
                (await store.Reader.ReadTransactionAsync(chain, Samples.Tx(number), default)).ShouldNotBeNull();
                (await store.Ledger.ReadBlockAsync(chain, number, default)).ShouldNotBeNull();
            }
        }

        (await store.Journal.ReadHeadAsync(default)).ShouldBe(events);
    }

    internal static List<string> ReadAcks(string folder)
    {
        if (!File.Exists(AckFile(folder))) return [];
        using var reader = new StreamReader(new FileStream(AckFile(folder), FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var lines = reader.ReadToEnd().Split('\n');
        return [.. lines[..^1]];
    }
}
