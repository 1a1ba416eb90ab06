using System.Collections.Concurrent;
using Belfry.Contracts;
using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Sql.Postgres;
using Belfry.TestKit;
using Belfry.TestKit.Postgres;
using Npgsql;
using Shouldly;

namespace Belfry.Stores.Tests;

/// <summary>Row P04 of the fault matrix: eight servers write, others read on after the last number that they have seen.</summary>
public sealed class PostgresManyWritersTests
{
    const int Writers = 8;
    static readonly int Commits = Environment.GetEnvironmentVariable("BELFRY_TEST_LONG") == "1" ? 1000 : 60;

    [Fact]
    [Trait("Fault", "P04")]
    public async Task Readers_that_poll_after_the_last_number_miss_nothing_of_eight_servers()
    {
        await using var database = await PostgresTemplate.CreateAsync();
        var servers = await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => PostgresUnderTest.OpenAsync(database, partition: 200)));
        await using var reader = await PostgresUnderTest.OpenAsync(database, partition: 200);
        var ear = new Ear();
        using var attached = servers[3].Attach(ear);
        var (told, missed) = await MeasureAsync(
            readers: 3,
            (writer, number) => WriteAsync(servers[writer], writer, number),
            async after => [.. (await reader.Journal.ReadAsync(after, 100, null, default)).Entries.Select(entry => (entry.Sequence, entry.Event.Id))]);
        missed.ShouldBe([0, 0, 0]);
        var head = await reader.Journal.ReadHeadAsync(default);
        head.ShouldBe(told);
        (await reader.VerifyAsync(1, head, default)).ShouldBe(head);
        await Eventually.HoldsAsync(() => ear.Last == head);
        ear.Sequences.ShouldBe(Enumerable.Range(1, (int)head).Select(number => (long)number));
        foreach (var server in servers) await server.DisposeAsync();
    }

    [Fact]
    [Trait("Fault", "P04")]
    public async Task The_same_readers_do_miss_rows_where_numbers_are_drawn_before_the_commit()
    {
        var server = await PostgresServer.SharedAsync();
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE TABLE outbox (seq bigserial PRIMARY KEY, id text NOT NULL)");
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        var lost = 0;
        await Eventually.HoldsAsync(async () =>
        {
            var (_, missed) = await MeasureAsync(
                readers: 3,
                async (writer, number) =>
                {
                    await using var command = source.CreateCommand("INSERT INTO outbox (id) VALUES ($1) RETURNING pg_sleep(random() * 0.003)");
                    command.Parameters.Add(new NpgsqlParameter { Value = $"{writer} {number}" });
                    await command.ExecuteNonQueryAsync();
                    return 1;
                },
                async after =>
                {
                    await using var command = source.CreateCommand("SELECT seq, id FROM outbox WHERE seq > $1 ORDER BY seq");
                    command.Parameters.Add(new NpgsqlParameter { Value = after });
                    await using var row = await command.ExecuteReaderAsync();
                    var rows = new List<(long, string)>();
                    while (await row.ReadAsync()) rows.Add((row.GetInt64(0), row.GetString(1)));
                    return rows;
                }, await LastAsync(source));
            lost += missed.Sum();
            return lost > 0;
        });
        TestContext.Current.TestOutputHelper?.WriteLine($"{lost} rows were never seen");
    }

    static async Task<int> WriteAsync(PostgresStore server, int writer, int number)
    {
        var events = Enumerable.Range(0, 1 + ((writer + number) % 3)).Select(i => Samples.Event($"{writer} {number} {i}")).ToList();
        (await server.Ledger.CommitAsync(Samples.Events(new ChainId($"c{writer}"), events), default)).Duplicates.ShouldBe(0);
        return events.Count;
    }

    static async Task<long> LastAsync(NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand("SELECT coalesce(max(seq), 0) FROM outbox");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    // Both ways are measured alike: writers at full speed, readers that ask again and again, and once more when all is written.
    static async Task<(int Told, int[] Missed)> MeasureAsync(
        int readers, Func<int, int, Task<int>> write, Func<long, Task<List<(long Sequence, string Id)>>> poll, long begin = 0)
    {
        var told = 0;
        var writing = Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (var number = 0; number < Commits; number++) Interlocked.Add(ref told, await write(writer, number));
        })));
        var reading = Enumerable.Range(0, readers).Select(_ => Task.Run(async () =>
        {
            var (last, seen) = (begin, new HashSet<string>());
            for (var ended = false; ;)
            {
                var rows = await poll(last);
                foreach (var (sequence, id) in rows)
                {
                    sequence.ShouldBeGreaterThan(last);
                    seen.Add($"{sequence} {id}").ShouldBeTrue();
                    last = sequence;
                }

                if (ended && rows.Count == 0) return seen.Count;
                ended = writing.IsCompleted && rows.Count == 0;
            }
        })).ToList();
        await writing;
        return (told, [.. (await Task.WhenAll(reading)).Select(seen => told - seen)]);
    }

    sealed class Ear : IJournalListener
    {
        readonly ConcurrentQueue<long> sequences = new();

        public IReadOnlyList<long> Sequences => [.. sequences];

        public long Last => sequences.IsEmpty ? 0 : Sequences[^1];

        public void Appended(IReadOnlyList<JournalEntry> entries)
        {
            foreach (var entry in entries) sequences.Enqueue(entry.Sequence);
        }
    }
}
