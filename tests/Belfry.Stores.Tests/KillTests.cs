using System.Diagnostics;
using Belfry.Sql.Sqlite;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Stores.Tests;

/// <summary>Rows F01, F02, S01 and S04 of the fault matrix, on the store alone: a process that commits is ended, or its disk fails it.</summary>
public sealed class KillTests
{
    static readonly bool IsLong = Environment.GetEnvironmentVariable("BELFRY_TEST_LONG") == "1";

    [Fact]
    [Trait("Fault", "F01")]
    public async Task What_was_acknowledged_survives_20_kills_and_nothing_is_there_by_half()
    {
        using var folder = new TemporaryFolder();
        var data = Path.Combine(folder.Path, "data");
        var random = new Random(20);
        for (var kill = 0; kill < (IsLong ? 200 : 20); kill++)
        {
            var before = StoreChild.ReadAcks(data).Count;
            using (var child = StoreChild.Start(data, int.MaxValue))
            {
                var target = before + random.Next(1, 400);
                await Eventually.HoldsAsync(() => StoreChild.ReadAcks(data).Count >= target);
                child.Kill();
                await child.WaitForExitAsync();
            }

            await CheckAsync(data);
        }
    }

    [Theory]
    [Trait("Fault", "F02")]
    [InlineData("ledger.before_commit", new[] { 1, 2, 40 })]
    [InlineData("ledger.after_commit", new[] { 1, 2, 40 })]
    [InlineData("ledger.mid_batch", new[] { 1, 5, 60 })]
    [InlineData("migrate.mid", new[] { 1, 1, 1 })]
    public async Task A_crash_at_a_named_point_loses_nothing_acknowledged(string point, int[] arrivals)
    {
        foreach (var arrival in arrivals)
        {
            using var folder = new TemporaryFolder();
            var data = Path.Combine(folder.Path, "data");
            using (var child = StoreChild.Start(data, int.MaxValue, $"{point}:{arrival}"))
            {
                await child.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
                child.ExitCode.ShouldNotBe(0);
            }

            await CheckAsync(data);
            using (var again = StoreChild.Start(data, 5)) (await ExitAsync(again)).ShouldBe(0);
            await CheckAsync(data);
        }
    }

    [Fact]
    [Trait("Fault", "S01")]
    public async Task A_failing_write_or_sync_of_any_number_loses_nothing_acknowledged()
    {
        SkipWithoutStrace();
        foreach (var error in new[] { "EIO", "ENOSPC" })
        {
            foreach (var number in IsLong ? Enumerable.Range(1, 200) : [1, 2, 5, 13, 40])
            {
                using var folder = new TemporaryFolder();
                var data = Path.Combine(folder.Path, "data");
                await (await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = data })).DisposeAsync();
                using (var child = StoreChild.Start(data, 15, null, "strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-P", Path.Combine(data, "belfry.db-wal"),
                    "-e", "trace=pwrite64,fdatasync,fsync", "-e", $"inject=pwrite64,fdatasync,fsync:error={error}:when={number}")) await ExitAsync(child);
                await CheckAsync(data);
            }
        }
    }

    [Fact]
    [Trait("Fault", "S04")]
    public async Task Syncs_of_50_ms_still_let_2000_events_a_second_through_when_many_write()
    {
        SkipWithoutStrace();
        using var folder = new TemporaryFolder();
        var data = Path.Combine(folder.Path, "data");
        await (await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = data })).DisposeAsync();
        using var child = StoreChild.Start(nameof(StoreChild.Flood), data, 0, null,
        [
            "strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-P", Path.Combine(data, "belfry.db-wal"),
            "-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:delay_enter=50000",
        ]);
        (await ExitAsync(child)).ShouldBe(0);
        var numbers = StoreChild.ReadAcks(data)[^1].Split(' ').Select(int.Parse).ToList();
        TestContext.Current.TestOutputHelper?.WriteLine($"{numbers[0]} events/s; a commit alone took {numbers[1]} ms");
        numbers[1].ShouldBeGreaterThanOrEqualTo(50, "syncs were not slowed");
        numbers[0].ShouldBeGreaterThan(2000);
    }

    static async Task CheckAsync(string data)
    {
        await using var store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = data });
        var head = await store.Journal.ReadHeadAsync(default);
        (await store.VerifyAsync(1, head, default)).ShouldBe(head);
        await StoreChild.CheckAsync(SqliteUnderTest.Handle(store), StoreChild.ReadAcks(data));
    }

    static async Task<int> ExitAsync(Process child)
    {
        try
        {
            await child.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException)
        {
            child.Kill(entireProcessTree: true);
            throw;
        }

        return child.ExitCode;
    }

    static void SkipWithoutStrace() =>
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/strace"), "strace is not installed: failing and slow disks cannot be made.");
}
