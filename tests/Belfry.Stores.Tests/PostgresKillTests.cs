using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Sql.Postgres;
using Belfry.TestKit;
using Belfry.TestKit.Faults;
using Belfry.TestKit.Postgres;
using Shouldly;

namespace Belfry.Stores.Tests;

/// <summary>Rows F01, P01 and P03 of the fault matrix on PostgreSQL: whoever commits is killed, the server is stopped, killed or has no disk left.</summary>
public sealed class PostgresKillTests
{
    static readonly bool IsLong = Environment.GetEnvironmentVariable("BELFRY_TEST_LONG") == "1";

    [Fact]
    [Trait("Fault", "F01")]
    public async Task What_was_acknowledged_survives_kills_of_the_client_and_nothing_is_there_by_half()
    {
        using var folder = new TemporaryFolder();
        await using var database = await PostgresTemplate.CreateAsync();
        var acks = Path.Combine(folder.Path, "data");
        var random = new Random(20);
        for (var kill = 0; kill < (IsLong ? 100 : 4); kill++)
        {
            var before = StoreChild.ReadAcks(acks).Count;
            using (var child = StoreChild.StartOnPostgres(database.ConnectionString, acks))
            {
                var target = before + random.Next(1, 200);
                await Eventually.HoldsAsync(() => StoreChild.ReadAcks(acks).Count >= target);
                child.Kill();
                await child.WaitForExitAsync();
            }

            await CheckAsync(database, StoreChild.ReadAcks(acks));
        }
    }

    [Theory]
    [Trait("Fault", "F02")]
    [InlineData("ledger.before_commit", 5)]
    [InlineData("ledger.after_commit", 5)]
    public async Task A_crash_at_a_named_point_loses_nothing_acknowledged(string point, int arrival)
    {
        using var folder = new TemporaryFolder();
        await using var database = await PostgresTemplate.CreateAsync();
        var acks = Path.Combine(folder.Path, "data");
        using (var child = StoreChild.StartOnPostgres(database.ConnectionString, acks, $"{point}:{arrival}"))
        {
            await child.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
            child.ExitCode.ShouldNotBe(0);
        }

        await CheckAsync(database, StoreChild.ReadAcks(acks));
    }

    [Fact]
    [Trait("Fault", "P01")]
    public async Task A_server_that_crashes_again_and_again_under_load_loses_nothing_acknowledged()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var database = await server.CreateDatabaseAsync();
        await using var store = await PostgresUnderTest.OpenAsync(database.ConnectionString, partition: 1000, patience: TimeSpan.FromSeconds(1));
        var commits = IsLong ? 600 : 120;
        var trackers = Task.WhenAll(Enumerable.Range(0, StoreChild.Chains).Select(chain => Task.Run(() => PersistentTracker.RunAsync(store.Ledger, new ChainId($"c{chain}"), commits))));
        for (var crash = 0; crash < (IsLong ? 20 : 3) && !trackers.IsCompleted; crash++)
        {
            var head = (long)(await server.ExecuteAsync(database.Name, "SELECT seq FROM belfry.journal_head"))!;
            await Eventually.HoldsAsync(async () => trackers.IsCompleted || (long)(await server.ExecuteAsync(database.Name, "SELECT seq FROM belfry.journal_head"))! > head + 20);
            if (crash % 2 == 0) await server.StopImmediatelyAsync();
            else await server.KillAsync();
            await server.StartAgainAsync();
        }

        await trackers.WaitAsync(TimeSpan.FromSeconds(120));
        await CheckAsync(database, [.. Enumerable.Range(0, StoreChild.Chains).Select(chain => $"c{chain} {commits}")]);
    }

    [Fact]
    [Trait("Fault", "P03")]
    public async Task A_full_disk_is_told_reads_go_on_and_writing_goes_on_when_there_is_room()
    {
        using var parent = new TemporaryFolder();
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(parent.Path, (UnixFileMode)0b111_111_111);
        await using var disk = await SmallDisk.MountAsync(parent.Path, "160m,mode=777");
        await using var server = await PostgresServer.StartInAsync(Path.Combine(disk.Path, "belfry-test-full"), "wal_recycle=off", "max_wal_size=32MB");
        await using var database = await server.CreateDatabaseAsync();
        await using var store = await PostgresUnderTest.OpenAsync(database.ConnectionString, partition: 10_000, patience: TimeSpan.FromSeconds(1));
        var chain = new ChainId("c0");
        await store.Ledger.CommitAsync(StoreChild.Batch(chain, 1), default);
        disk.Fill();
        StoreException? refusal = null;
        var height = 1L;
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                await store.Ledger.CommitAsync(StoreChild.Batch(chain, height + 1), default);
                height++;
                return false;
            }
            catch (StoreException problem)
            {
                refusal = problem;
                return true;
            }
        });
        refusal!.Message.ShouldContain(database.Name);
        disk.Empty();
        // A log that cannot be written ends the server (PANIC); whoever looks after it starts it again.
        if (!await IsUpAsync(server)) await server.StartAgainAsync();
        await PersistentTrackerFrom(store, chain, height + 1, 5);
        await CheckAsync(database, [$"c0 {height + 5}"]);
    }

    static async Task PersistentTrackerFrom(PostgresStore store, ChainId chain, long first, int count)
    {
        for (var number = first; number < first + count; number++)
        {
            var batch = StoreChild.Batch(chain, number);
            await Eventually.HoldsAsync(async () => (await store.Ledger.CommitAsync(batch, default)).Head > 0);
        }
    }

    static async Task<bool> IsUpAsync(PostgresServer server)
    {
        try
        {
            await server.ExecuteAsync("postgres", "SELECT 1");
            return true;
        }
        catch (Npgsql.NpgsqlException)
        {
            return false;
        }
    }

    static async Task CheckAsync(PostgresDatabase database, IReadOnlyList<string> acks)
    {
        await using var store = await PostgresUnderTest.OpenAsync(database, partition: 10_000_000);
        var head = await store.Journal.ReadHeadAsync(default);
        (await store.VerifyAsync(1, head, default)).ShouldBe(head);
        await StoreChild.CheckAsync(PostgresUnderTest.Handle(store), acks);
    }
}
