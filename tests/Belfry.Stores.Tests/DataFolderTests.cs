using System.Diagnostics;
using Belfry.Contracts;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Sql;
using Belfry.Sql.Sqlite;
using Belfry.TestKit;
using Belfry.TestKit.Faults;
using Microsoft.Data.Sqlite;
using Shouldly;

namespace Belfry.Stores.Tests;

/// <summary>Rows S03, S05, D01 and D03 of the fault matrix, and the schema's versions.</summary>
public sealed class DataFolderTests : IDisposable
{
    static readonly ChainId Btc = new("btc");

    readonly TemporaryFolder folder = new();

    string Data => Path.Combine(folder.Path, "a", "b");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_missing_folder_is_created()
    {
        await using var store = await OpenAsync();
        File.Exists(store.FilePath).ShouldBeTrue();
        SqliteStore.EngineVersion.ShouldMatch(@"^3\.\d+\.\d+ \((system|bundled)\)$");
    }

    [Fact]
    [Trait("Fault", "S03")]
    public async Task A_second_process_is_refused_at_once_and_told_who_holds_the_folder()
    {
        using var child = StoreChild.Start(Data, int.MaxValue);
        try
        {
            await Eventually.HoldsAsync(() => StoreChild.ReadAcks(Data).Count > 0);
            var time = Stopwatch.StartNew();
            var error = await Should.ThrowAsync<StoreException>(async () => await OpenAsync());
            time.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(10));
            error.Message.ShouldContain($"in use by process {child.Id};");
            error.Message.ShouldNotContain("\n");
        }
        finally
        {
            child.Kill();
            await child.WaitForExitAsync();
        }

        await using var store = await OpenAsync();
    }

    [Fact]
    [Trait("Fault", "S03")]
    public async Task A_second_store_in_one_process_is_refused_too()
    {
        await using (await OpenAsync())
        {
            var error = await Should.ThrowAsync<StoreException>(async () => await OpenAsync());
            error.Message.ShouldContain($"in use by process {Environment.ProcessId};");
        }

        await (await OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task A_path_that_cannot_be_a_folder_is_refused_in_one_line()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Data)!);
        await File.WriteAllTextAsync(Data, "a file");
        (await Should.ThrowAsync<StoreException>(async () => await OpenAsync())).Message.ShouldNotContain("\n");
    }

    [Fact]
    public async Task A_file_that_is_no_database_or_a_foreign_one_is_refused()
    {
        Directory.CreateDirectory(Data);
        await File.WriteAllTextAsync(Path.Combine(Data, "belfry.db"), new string('x', 10_000));
        (await Should.ThrowAsync<StoreException>(async () => await OpenAsync())).Message.ShouldContain("not a database");
        File.Delete(Path.Combine(Data, "belfry.db"));
        Execute("CREATE TABLE accounts_of_another_program (id)");
        (await Should.ThrowAsync<StoreException>(async () => await OpenAsync())).Message.ShouldContain("not a database of Belfry");
    }

    [Fact]
    public async Task A_database_of_a_newer_version_is_refused_and_left_as_it_is()
    {
        await (await OpenAsync()).DisposeAsync();
        Execute("INSERT INTO schema_version (version, name) VALUES (999, '0999_future')");
        (await Should.ThrowAsync<StoreException>(async () => await OpenAsync())).Message.ShouldContain("newer Belfry (schema 999");
        Execute("DELETE FROM schema_version WHERE version = 999");
        await (await OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task A_failing_migration_is_taken_back_and_the_old_version_goes_on()
    {
        await using (var store = await OpenAsync()) await store.Ledger.CommitAsync(Samples.Events(Btc, Samples.Event("e")), default);
        IReadOnlyList<Migration> next =
            [.. Migration.In("Sqlite/Migrations/"), new Migration(1000, "1000_breaks", "CREATE TABLE half (id); DROP TABLE journal_head; INSERT INTO nowhere VALUES (1)")];
        var error = await Should.ThrowAsync<StoreException>(async () => await SqliteStore.OpenAsync(
            new SqliteStoreOptions { Folder = Data }, next, NoCrashPoints.Instance, null, null, null, default));
        error.Message.ShouldContain("1000_breaks failed and was taken back");
        await using (var store = await OpenAsync()) (await store.Journal.ReadHeadAsync(default)).ShouldBe(1);
    }

    [Fact]
    [Trait("Fault", "S05")]
    public async Task A_backup_taken_under_load_is_a_prefix_that_verifies()
    {
        await using var store = await OpenAsync();
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            for (var i = 1; !stop.IsCancellationRequested; i++) await store.Ledger.CommitAsync(StoreChild.Batch(Btc, i), default);
        });
        await Eventually.HoldsAsync(async () => await store.Journal.ReadHeadAsync(default) > 200);
        var restored = Path.Combine(folder.Path, "restored");
        Directory.CreateDirectory(restored);
        await store.BackupAsync(Path.Combine(restored, "belfry.db"), default);
        await Should.ThrowAsync<StoreException>(async () => await store.BackupAsync(Path.Combine(restored, "belfry.db"), default));
        await stop.CancelAsync();
        await writing;
        await using var copy = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = restored });
        var head = await copy.Journal.ReadHeadAsync(default);
        head.ShouldBeInRange(200, await store.Journal.ReadHeadAsync(default));
        (await copy.VerifyAsync(1, head, default)).ShouldBe(head);
        (await copy.Ledger.ReadPositionAsync(Btc, default))!.Cursor.Block.Height.ShouldBe(head / 2);
        (await copy.Journal.ReadEpochAsync(default)).ShouldBe(await store.Journal.ReadEpochAsync(default));
    }

    [Fact]
    [Trait("Fault", "D01")]
    public async Task A_full_disk_refuses_writes_keeps_reads_and_heals_when_space_returns()
    {
        await using var disk = await SmallDisk.MountAsync(folder.Path, "3m");
        var options = new SqliteStoreOptions { Folder = Path.Combine(disk.Path, "data") };
        long acked = 0;
        await using (var store = await SqliteStore.OpenAsync(options))
        {
            var error = await Should.ThrowAsync<StoreException>(async () =>
            {
                while (true) acked = (await store.Ledger.CommitAsync(StoreChild.Batch(Btc, (acked / 2) + 1), default)).Head;
            });
            error.Message.ShouldContain("disk is full");
            (await store.Journal.ReadHeadAsync(default)).ShouldBe(acked);
            (await store.Journal.ReadAsync(0, 10, null, default)).Entries.Count.ShouldBe(10);
            await Should.ThrowAsync<StoreException>(async () => await store.Ledger.CommitAsync(StoreChild.Batch(Btc, (acked / 2) + 1), default));
            await disk.ResizeAsync("30m");
            (await store.Ledger.CommitAsync(StoreChild.Batch(Btc, (acked / 2) + 1), default)).Head.ShouldBe(acked + 2);
        }

        await using var again = await SqliteStore.OpenAsync(options);
        (await again.VerifyAsync(1, acked + 2, default)).ShouldBe(acked + 2);
    }

    [Fact]
    [Trait("Fault", "D03")]
    public async Task A_read_only_file_system_is_refused_in_one_line()
    {
        await using var disk = await SmallDisk.MountAsync(folder.Path, "3m,ro");
        var error = await Should.ThrowAsync<StoreException>(async () => await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = Path.Combine(disk.Path, "data") }));
        error.Message.ShouldNotContain("\n");
        error.Message.ShouldContain("data folder");
    }

    ValueTask<SqliteStore> OpenAsync() => SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = Data });

    void Execute(string sql)
    {
        _ = SqliteStore.EngineVersion;
        using var connection = new SqliteConnection($"Data Source={Path.Combine(Data, "belfry.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
