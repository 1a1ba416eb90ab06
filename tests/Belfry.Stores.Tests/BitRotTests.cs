using Belfry.Contracts;
using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Runtime;
using Belfry.Sql.Sqlite;
using Microsoft.Data.Sqlite;
using Shouldly;

namespace Belfry.Stores.Tests;

/// <summary>Row S02 of the fault matrix: SQLite itself lets nine of ten flipped bits through; the hash chain lets none.</summary>
public sealed class BitRotTests
{
    [Theory]
    [Trait("Fault", "S02")]
    [InlineData(300)]
    public async Task Of_300_flipped_bits_none_is_read_as_a_wrong_entry(int seed)
    {
        using var folder = new TemporaryFolder();
        var original = Path.Combine(folder.Path, "original");
        await using (var store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = original }))
        {
            for (var i = 1; i <= 40; i++) await store.Ledger.CommitAsync(Samples.Events(new ChainId($"c{i % 2}"), [.. Enumerable.Range(0, 20).Select(n => Told(i, n))]), default);
        }

        var bytes = await File.ReadAllBytesAsync(Path.Combine(original, "belfry.db"));
        var truth = await ReadAsync(original);
        truth.Count.ShouldBe(800);
        var random = new Random(seed);
        var (detected, harmless) = (0, 0);
        var data = Path.Combine(folder.Path, "flipped");
        for (var flip = 0; flip < 300; flip++)
        {
            if (Directory.Exists(data)) Directory.Delete(data, recursive: true);
            Directory.CreateDirectory(data);
            var at = random.Next(bytes.Length);
            var bit = (byte)(1 << random.Next(8));
            bytes[at] ^= bit;
            await File.WriteAllBytesAsync(Path.Combine(data, "belfry.db"), bytes);
            bytes[at] ^= bit;
            try
            {
                (await ReadAsync(data)).ShouldBe(truth, $"bit {bit} of byte {at} was read silently wrong");
                harmless++;
            }
            catch (StoreException problem)
            {
                problem.Message.ShouldNotContain("\n");
                detected++;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{detected} detected, {harmless} without effect on the journal, 0 silent");
        detected.ShouldBeGreaterThan(150);
    }

    [Theory]
    [Trait("Fault", "S02")]
    [InlineData(301)]
    public async Task Of_300_flipped_bits_of_the_write_ahead_log_none_takes_commits_away_in_silence(int seed)
    {
        using var folder = new TemporaryFolder();
        var (database, log, truth) = await WriteAsync(Path.Combine(folder.Path, "original"));
        var random = new Random(seed);
        var (detected, harmless, torn) = (0, 0, 0);
        var data = Path.Combine(folder.Path, "flipped");
        for (var flip = 0; flip < 300; flip++)
        {
            if (Directory.Exists(data)) Directory.Delete(data, recursive: true);
            Directory.CreateDirectory(data);
            var at = flip < 40 ? random.Next(32) : random.Next(log.Length);
            var bit = (byte)(1 << random.Next(8));
            log[at] ^= bit;
            await File.WriteAllBytesAsync(Path.Combine(data, "belfry.db"), database);
            await File.WriteAllBytesAsync(Path.Combine(data, "belfry.db-wal"), log);
            log[at] ^= bit;
            try
            {
                var read = await ReadAsync(data);
                read.ShouldBe(truth.Take(read.Count), $"bit {bit} of byte {at} of the log was read silently wrong");
                // The last commit alone cannot be told from a write that the power cut: it is taken back whole.
                read.Count.ShouldBeOneOf([truth.Count, truth.Count - 20], $"bit {bit} of byte {at} of {log.Length} of the log took commits away in silence");
                if (read.Count == truth.Count) harmless++;
                else torn++;
            }
            catch (StoreException problem)
            {
                problem.Message.ShouldContain("the write-ahead log is not whole");
                problem.Message.ShouldNotContain("\n");
                detected++;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{detected} detected, {harmless} without effect, {torn} taken for the torn last commit, 0 silent");
        detected.ShouldBeGreaterThan(200);
    }

    [Fact]
    [Trait("Fault", "S02")]
    public async Task A_changed_a_missing_and_a_cut_off_row_are_named()
    {
        foreach (var (sql, named) in new[]
        {
            ("UPDATE journal SET data = x'7b7d' WHERE seq = 7", 7), ("UPDATE journal SET kind = 3 WHERE seq = 1", 1), ("DELETE FROM journal WHERE seq = 5", 5),
            ("DELETE FROM journal WHERE seq = 20", 20), ("UPDATE scripts SET address = 'x' WHERE script_id = 1", 1), ("UPDATE journal SET at = 'x' WHERE seq = 9", 9),
            ("UPDATE journal SET seq = 21 WHERE seq = 20", 20),
        })
        {
            using var folder = new TemporaryFolder();
            await using (var store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = folder.Path }))
                await store.Ledger.CommitAsync(Samples.Events(new ChainId("btc"), [.. Enumerable.Range(1, 20).Select(i => Samples.Event($"e{i}"))]), default);
            using (var connection = new SqliteConnection($"Data Source={Path.Combine(folder.Path, "belfry.db")};Pooling=False"))
            {
                await connection.OpenAsync();
                using var command = connection.CreateCommand();
                command.CommandText = sql;
                (await command.ExecuteNonQueryAsync()).ShouldBe(1);
            }

            var error = await Should.ThrowAsync<StoreException>(async () => await ReadAsync(folder.Path), sql);
            error.Message.ShouldContain($"journal entry {named} does not verify", customMessage: sql);
            error = await Should.ThrowAsync<StoreException>(async () =>
            {
                await using var store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = folder.Path });
                await store.VerifyAsync(1, 20, default);
            }, sql);
            error.Message.ShouldContain($"journal entry {named} does not verify", customMessage: sql);
        }
    }

    // What a killed process leaves: a database and a log that has not been moved into it.
    static async Task<(byte[] Database, byte[] Log, List<string> Truth)> WriteAsync(string folder)
    {
        await using var store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = folder });
        for (var i = 1; i <= 40; i++) await store.Ledger.CommitAsync(Samples.Events(new ChainId($"c{i % 2}"), [.. Enumerable.Range(0, 20).Select(n => Told(i, n))]), default);
        var truth = (await store.Journal.ReadAsync(0, 1000, null, default)).Entries.Select(static entry => entry.Text()).ToList();
        return (await CopyAsync(Path.Combine(folder, "belfry.db")), await CopyAsync(Path.Combine(folder, "belfry.db-wal")), truth);
    }

    static async Task<byte[]> CopyAsync(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        await file.ReadExactlyAsync(bytes);
        return bytes;
    }

    static PendingEvent Told(int commit, int number) =>
        Samples.Event($"e{commit}:{number}", script: number % 3, transaction: Samples.Tx(number)) with { Data = new byte[400] };

    static async Task<List<string>> ReadAsync(string folder)
    {
        await using var store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = folder });
        var read = new List<string>();
        JournalPage page;
        long after = 0;
        do
        {
            page = await store.Journal.ReadAsync(after, 100, null, default);
            read.AddRange(page.Entries.Select(entry => entry.Text()));
            after = page.Next;
        }
        while (page.More);
        foreach (var filter in new JournalFilter[] { new(Chain: new ChainId("c1")), new(Script: Samples.Script(1)) })
        {
            // A damaged filter column may hide a row from a filtered read; what is returned is never wrong.
            foreach (var entry in (await store.Journal.ReadAsync(0, 1000, filter, default)).Entries) entry.Text().ShouldBe(read[(int)entry.Sequence - 1]);
        }

        return read;
    }
}
