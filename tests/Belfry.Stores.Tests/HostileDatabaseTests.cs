using Belfry.Contracts;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Sql.Sqlite;
using Belfry.TestKit.Hostile;
using Microsoft.Data.Sqlite;
using Shouldly;

namespace Belfry.Stores.Tests;

/// <summary>Databases that somebody else wrote, or wrote over: bytes and pages changed, cut, moved and repeated; foreign schemas; newer versions.</summary>
public sealed class HostileDatabaseTests(ITestOutputHelper output)
{
    static readonly string[] Changes =
    [
        "DROP TABLE journal", "DROP TABLE journal_head", "DROP TABLE schema_version", "DROP TABLE watches", "DROP TABLE scripts", "DELETE FROM journal_head", "DELETE FROM schema_version", "INSERT INTO schema_version (version, name) VALUES (998, 'x')",
        "UPDATE schema_version SET version = 'x'", "UPDATE schema_version SET version = -1", "UPDATE schema_version SET version = 9223372036854775807", "UPDATE schema_version SET name = 'y'", "UPDATE journal SET data = x'ff'", "UPDATE journal SET seq = seq + 100",
        "UPDATE journal SET kind = 99", "UPDATE journal SET at = 'noon'", "UPDATE journal SET at = -9223372036854775808", "UPDATE scripts SET script = NULL", "UPDATE scripts SET address = x'00ff'", "ALTER TABLE journal RENAME TO j2", "ALTER TABLE journal ADD COLUMN evil DEFAULT 7",
        "CREATE TABLE evil (id)", "CREATE TRIGGER evil AFTER INSERT ON journal BEGIN DELETE FROM journal; END", "CREATE VIEW evil AS SELECT 1", "PRAGMA user_version = 12345", "PRAGMA application_id = 7", "DELETE FROM journal", "DELETE FROM journal WHERE seq % 2 = 0",
        "UPDATE journal_head SET hash = x'00'", "UPDATE journal_head SET epoch = NULL", "UPDATE journal_head SET epoch = 7", "INSERT INTO journal_head SELECT * FROM journal_head",
    ];

    [Fact]
    public async Task Damaged_files_are_read_truly_or_refused_in_one_line()
    {
        output.WriteLine($"seed {Storm.Seed}");
        using var folder = new TemporaryFolder();
        var original = await WriteAsync(Path.Combine(folder.Path, "original"));
        var truth = await ReadAsync(Path.Combine(folder.Path, "original"));
        int refused = 0, taken = 0;
        await Storm.RunAsync(Storm.Count(1000), lanes: 4, ["SQLite format 3\0"u8.ToArray(), [0x0d, 0, 0, 0], [0x05, 0, 0, 0]], () => ValueTask.FromResult(new Lane(Path.Combine(folder.Path, Guid.NewGuid().ToString()))), async (lane, number, mutator) =>
        {
            await lane.PutAsync(Damage(mutator, original));
            try
            {
                var read = await ReadAsync(lane.Folder);
                // An empty file is a new store; otherwise what is read is the truth, whole.
                if (read.Count > 0) read.ShouldBe(truth, $"input {number}");
                Interlocked.Increment(ref taken);
            }
            catch (StoreException problem)
            {
                JudgeText(problem.Message);
                Interlocked.Increment(ref refused);
            }
        });
        output.WriteLine($"{refused} refused, {taken} without effect on the journal");
        refused.ShouldBeGreaterThan(Storm.Count(1000) / 4);
    }

    [Fact]
    public async Task Foreign_and_newer_schemas_are_read_truly_or_refused_in_one_line()
    {
        output.WriteLine($"seed {Storm.Seed}");
        using var folder = new TemporaryFolder();
        var original = await WriteAsync(Path.Combine(folder.Path, "original"));
        var truth = await ReadAsync(Path.Combine(folder.Path, "original"));
        int refused = 0, taken = 0;
        await Storm.RunAsync(Storm.Count(200), lanes: 4, [], () => ValueTask.FromResult(new Lane(Path.Combine(folder.Path, Guid.NewGuid().ToString()))), async (lane, number, mutator) =>
        {
            await lane.PutAsync(original);
            // Each change alone first, then together with others.
            string[] changes = number < Changes.Length ? [Changes[number]] : [mutator.Pick(Changes), mutator.Pick(Changes)];
            foreach (var change in changes) lane.Execute(change);
            try
            {
                var read = await ReadAsync(lane.Folder);
                read.ShouldBe(truth, string.Join("; ", changes));
                Interlocked.Increment(ref taken);
            }
            catch (StoreException problem)
            {
                JudgeText(problem.Message);
                Interlocked.Increment(ref refused);
            }
        });
        output.WriteLine($"{refused} refused, {taken} read truly");
        refused.ShouldBeGreaterThan(Storm.Count(200) / 3);
    }

    static void JudgeText(string text)
    {
        text.Length.ShouldBeInRange(20, 700, text);
        text.Any(char.IsControl).ShouldBeFalse(text);
    }

    // Pages, mostly: what a disk or another program does to a file.
    static byte[] Damage(Mutator mutator, byte[] original)
    {
        var bytes = original.ToArray();
        for (var steps = 1 + mutator.Below(4); steps > 0; steps--)
        {
            var (from, to) = (mutator.Below(bytes.Length / 4096) * 4096, mutator.Below(bytes.Length / 4096) * 4096);
            switch (mutator.Below(8))
            {
                case 0: bytes.AsSpan(from, 4096).CopyTo(bytes.AsSpan(to)); break;
                case 1: bytes.AsSpan(from, 4096).Clear(); break;
                case 2: mutator.Bytes(4096).CopyTo(bytes.AsSpan(from)); break;
                case 3: return bytes[..mutator.Below(bytes.Length)];
                case 4: mutator.Bytes(8).CopyTo(bytes.AsSpan(from)); break;
                case 5: mutator.Bytes(4).CopyTo(bytes.AsSpan(mutator.Below(100))); break;
                case 6 when mutator.Once(4): return mutator.Mutate(bytes, bytes.Length * 2);
                default: bytes[mutator.Below(bytes.Length)] ^= (byte)(1 << mutator.Below(8)); break;
            }
        }

        return bytes;
    }

    static async Task<byte[]> WriteAsync(string folder)
    {
        await using (var store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = folder }))
        {
            for (var i = 1; i <= 10; i++)
                await store.Ledger.CommitAsync(Samples.Events(new ChainId($"c{i % 2}"), [.. Enumerable.Range(0, 5).Select(n => Samples.Event($"e{i}:{n}", script: n % 3, transaction: Samples.Tx(n)))]), default);
        }

        return await File.ReadAllBytesAsync(Path.Combine(folder, "belfry.db"));
    }

    static async Task<List<string>> ReadAsync(string folder)
    {
        await using var store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = folder, Readers = 1, CacheMegabytes = 1 });
        var head = await store.Journal.ReadHeadAsync(default);
        if (head > 0) await store.VerifyAsync(1, head, default);
        var read = await store.Journal.ReadAsync(0, 1000, null, default);
        _ = await store.Watches.ListAsync("default", null, null, 10, default);
        return [.. read.Entries.Select(static entry => entry.Text())];
    }

    sealed class Lane(string folder) : IAsyncDisposable
    {
        public string Folder => folder;

        public async Task PutAsync(byte[] database)
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
            Directory.CreateDirectory(folder);
            await File.WriteAllBytesAsync(Path.Combine(folder, "belfry.db"), database);
        }

        public void Execute(string sql)
        {
            _ = SqliteStore.EngineVersion;
            using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "belfry.db")};Pooling=False");
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            try
            {
                command.ExecuteNonQuery();
            }
            catch (SqliteException)
            {
                // A constraint of the schema, or what an earlier change took away.
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
