using Belfry.Contracts;
using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Runtime;
using Belfry.Sql;
using Belfry.Sql.Postgres;
using Belfry.TestKit;
using Belfry.TestKit.Faults;
using Npgsql;
using Shouldly;

namespace Belfry.Stores.Tests;

/// <summary>What one server does and another one must hear of.</summary>
public sealed class PostgresServersTests
{
    static readonly ChainId Btc = new("btc");
    static readonly ChainId Ltc = new("ltc");

    [Fact]
    public async Task Listeners_of_every_server_hear_every_entry_in_order()
    {
        await using var database = await PostgresTemplate.CreateAsync();
        await using var first = await PostgresUnderTest.OpenAsync(database);
        await using var second = await PostgresUnderTest.OpenAsync(database);
        var ear = new Ear();
        using var attached = second.Attach(ear);
        for (var i = 0; i < 20; i++) await (i % 2 == 0 ? first : second).Ledger.CommitAsync(Samples.Events(i % 2 == 0 ? Btc : Ltc, Samples.Event($"a{i}"), Samples.Event($"b{i}")), default);
        await Eventually.HoldsAsync(() => ear.Heard.Count == 40);
        ear.Heard.ShouldBe(Enumerable.Range(1, 40).Select(number => (long)number));
    }

    [Fact]
    public async Task Entries_are_heard_without_the_databases_word_too()
    {
        await using var database = await PostgresTemplate.CreateAsync();
        await using var proxy = FaultProxy.Start(database.Server.EndPoint);
        await using var first = await PostgresUnderTest.OpenAsync(database);
        await using var second = await PostgresUnderTest.OpenAsync(database.Server.ConnectionString(database.Name, proxy.EndPoint.Port));
        var ear = new Ear();
        using var attached = second.Attach(ear);
        // No word reaches the second server any more, and it cannot ask for a while.
        proxy.Refusing = true;
        proxy.ResetAll();
        await first.Ledger.CommitAsync(Samples.Events(Btc, Samples.Event("a")), default);
        proxy.Refusing = false;
        await Eventually.HoldsAsync(() => ear.Heard.Count == 1);
        await first.Ledger.CommitAsync(Samples.Events(Btc, Samples.Event("b")), default);
        await Eventually.HoldsAsync(() => ear.Heard.Count == 2);
    }

    [Fact]
    public async Task Watches_registered_through_another_server_are_heard_of_by_version()
    {
        await using var database = await PostgresTemplate.CreateAsync();
        await using var leader = await PostgresUnderTest.OpenAsync(database);
        await using var other = await PostgresUnderTest.OpenAsync(database);
        var feed = leader.WatchFeed;
        (await feed.ReadVersionAsync(Btc, default)).ShouldBe(0);
        var known = feed.Stirrings;
        await other.Watches.AddAsync([Samples.Watch("w1", 1), Samples.Watch("w2", 2, fromHeight: 5, active: false), Samples.Watch("w3", 3, chain: Ltc)], default);
        await feed.WaitAsync(known, TimeSpan.FromSeconds(30), default);
        var changes = await Eventually.GetAsync(async () => await feed.ReadChangesAsync(Btc, 0, 10, default) is { Count: 2 } all ? all : null);
        changes.Select(change => (change.Script, change.Address, change.IsWatched, change.IsLive, change.IsPending, change.PendingFrom)).ShouldBe(
            [(Samples.Script(1), Samples.Address(1), true, true, false, null), (Samples.Script(2), Samples.Address(2), true, false, true, 5L)], ignoreOrder: true);
        var version = changes[^1].Version;
        (await feed.ReadVersionAsync(Btc, default)).ShouldBe(version);
        (await feed.ReadChangesAsync(Btc, changes[0].Version, 10, default)).ShouldBe([changes[1]]);
        (await feed.ReadChangesAsync(Btc, 0, 1, default)).ShouldBe([changes[0]]);
        await other.Watches.RemoveAsync("alice", "w1", default);
        await leader.Watches.AddAsync([Samples.Watch("w4", 2, "bob")], default);
        var later = await feed.ReadChangesAsync(Btc, version, 10, default);
        later.Select(change => (change.Script, change.IsWatched, change.IsLive)).ShouldBe([(Samples.Script(1), false, false), (Samples.Script(2), true, true)]);
        (await feed.ReadChangesAsync(new ChainId("doge"), 0, 10, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Whoever_reads_changes_by_version_misses_none_of_many_servers()
    {
        await using var database = await PostgresTemplate.CreateAsync();
        var servers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => PostgresUnderTest.OpenAsync(database)));
        var adding = Task.WhenAll(Enumerable.Range(0, 60).Select(i => Task.Run(() => servers[i % 3].Watches.AddAsync(
            [Samples.Watch($"a{i}", i), Samples.Watch($"b{i}", 1000 + (i / 2), $"account {i % 2}")], default).AsTask())));
        var (seen, version) = (new HashSet<Script>(), 0L);
        for (var ended = false; ;)
        {
            var changes = await servers[0].WatchFeed.ReadChangesAsync(Btc, version, 7, default);
            foreach (var change in changes)
            {
                change.Version.ShouldBeGreaterThan(version);
                (version, _) = (change.Version, seen.Add(change.Script));
            }

            if (ended && changes.Count == 0) break;
            ended = adding.IsCompleted && changes.Count == 0;
        }

        await adding;
        seen.Count.ShouldBe(90);
        (await servers[1].Watches.CountAsync(Btc, default)).ShouldBe(90);
        foreach (var server in servers) await server.DisposeAsync();
    }

    [Fact]
    public async Task Servers_that_start_together_on_a_new_database_agree()
    {
        await using var database = await (await TestKit.Postgres.PostgresServer.SharedAsync()).CreateDatabaseAsync();
        var servers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PostgresUnderTest.OpenAsync(database)));
        (await Task.WhenAll(servers.Select(server => server.Journal.ReadEpochAsync(default).AsTask()))).Distinct().ShouldHaveSingleItem();
        foreach (var server in servers) await server.DisposeAsync();
        (await database.ExecuteAsync("SELECT count(*) FROM belfry.writer_marks")).ShouldBe(0L);
    }

    [Fact]
    public async Task A_commit_larger_than_a_partition_finds_room_and_filters_find_it_across_partitions()
    {
        await using var database = await PostgresTemplate.CreateAsync();
        await using var store = await PostgresUnderTest.OpenAsync(database, partition: 10);
        var result = await store.Ledger.CommitAsync(Samples.Events(Btc, [.. Enumerable.Range(0, 95).Select(i => Samples.Event($"e{i}", script: i % 2, transaction: Samples.Tx(i % 3), height: i % 5))]), default);
        result.Head.ShouldBe(95);
        (await store.Ledger.CommitAsync(Samples.Events(Btc, Samples.Event("e3"), Samples.Event("e95")), default)).Duplicates.ShouldBe(1);
        ((long)(await database.ExecuteAsync("SELECT count(*) FROM belfry.journal_ranges"))!).ShouldBeGreaterThanOrEqualTo(10);
        (await store.Journal.ReadAsync(0, 100, new JournalFilter(Transaction: Samples.Tx(1)), default)).Entries.Count.ShouldBe(32);
        (await store.Journal.ReadAsync(0, 100, new JournalFilter(Script: Samples.Script(1), Height: 4), default)).Entries.Count.ShouldBe(9);
        (await store.VerifyAsync(1, 96, default)).ShouldBe(96);
        await database.ExecuteAsync("UPDATE belfry.journal SET data = data || '\\x20' WHERE seq = 42");
        (await Should.ThrowAsync<StoreException>(async () => await store.VerifyAsync(1, 96, default))).Message.ShouldContain("journal entry 42 does not verify");
    }

    [Fact]
    [Trait("Fault", "P06")]
    public async Task A_migration_that_fails_halfway_is_taken_back_whole_and_a_newer_schema_is_refused()
    {
        await using var database = await PostgresTemplate.CreateAsync();
        await using (var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Pooling = false }.ConnectionString))
        {
            await connection.OpenAsync();
            Migration[] steps = [.. Migration.In("Postgres/Migrations/"), new Migration(90, "0090_bad", "CREATE TABLE half (x int); SELECT no_such_thing")];
            var error = await Should.ThrowAsync<StoreException>(() => PostgresMigrations.ApplyAsync(connection, "db", steps, NoCrashPoints.Instance, default));
            error.Message.ShouldContain("migration 0090_bad failed and was taken back");
        }

        (await database.ExecuteAsync("SELECT to_regclass('belfry.half') IS NULL")).ShouldBe(true);
        await using (var store = await PostgresUnderTest.OpenAsync(database)) (await store.Journal.ReadHeadAsync(default)).ShouldBe(0);
        await database.ExecuteAsync("INSERT INTO belfry.schema_version VALUES (99, 'later')");
        (await Should.ThrowAsync<StoreException>(() => PostgresUnderTest.OpenAsync(database))).Message.ShouldContain("schema 99, this program knows ");
    }

    sealed class Ear : IJournalListener
    {
        readonly Lock gate = new();
        readonly List<long> heard = [];

        public IReadOnlyList<long> Heard
        {
            get
            {
                lock (gate) return [.. heard];
            }
        }

        public void Appended(IReadOnlyList<JournalEntry> entries)
        {
            lock (gate) heard.AddRange(entries.Select(entry => entry.Sequence));
        }
    }
}
