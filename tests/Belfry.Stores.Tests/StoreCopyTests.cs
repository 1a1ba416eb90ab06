using Belfry.Contracts;
using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;
using Belfry.Sql.Postgres;
using Belfry.Sql.Postgres.Copying;
using Belfry.Sql.Sqlite;
using Belfry.TestKit.Postgres;
using Npgsql;
using Shouldly;

namespace Belfry.Stores.Tests;

public sealed class StoreCopyTests
{
    static readonly ChainId Btc = new("btc");
    static readonly ChainId Ltc = new("ltc");

    [Fact]
    public async Task A_data_folder_goes_on_in_postgres_as_if_nothing_had_happened()
    {
        using var folder = new TemporaryFolder();
        await using var database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync();
        var (before, epoch) = await FillAsync(folder.Path);
        var report = await StoreCopy.RunAsync(folder.Path, Options(database), null, default);
        report.Tables.ShouldAllBe(table => table.Difference == null);
        report.Tables.ToDictionary(table => table.Table, table => table.Rows).ShouldContainKeyAndValue("journal", before.Count);
        report.Tables.Single(table => table.Table == "transactions").Rows.ShouldBe(30);
        await using var store = await PostgresUnderTest.OpenAsync(database);
        (await store.Journal.ReadEpochAsync(default)).ShouldBe(epoch);
        (await store.Journal.ReadAsync(0, 1000, null, default)).Entries.Select(entry => entry.Text()).ShouldBe(before);
        (await store.VerifyAsync(1, report.Head, default)).ShouldBe(report.Head);
        (await store.Watches.ListAsync("alice", null, null, 10, default)).Select(watch => watch.Id).ShouldBe(["w1", "w3"]);
        (await store.Watches.CountAsync(Btc, default)).ShouldBe(1);
        (await store.Ledger.ReadPositionAsync(Btc, default)).ShouldBe(Samples.Position(30));
        await GoOnAsync(store, report.Head);
    }

    [Fact]
    public async Task A_copy_that_differs_is_taken_back_and_told_by_table_row_and_column()
    {
        using var folder = new TemporaryFolder();
        await using var database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync();
        await FillAsync(folder.Path);
        var error = await Should.ThrowAsync<StoreException>(() => StoreCopy.RunAsync(folder.Path, Options(database), null, async target =>
        {
            await using var command = new NpgsqlCommand(
                "UPDATE balances SET received = received + 1 WHERE script_id = 1; DELETE FROM inputs WHERE tx_id = 7; UPDATE journal SET data = '\\x00' WHERE seq = 5", target);
            await command.ExecuteNonQueryAsync();
        }, default));
        error.Message.ShouldContain("balances: row script_id 1: received is ");
        error.Message.ShouldContain("inputs: 30 rows in SQLite, 29 in PostgreSQL; row tx_id 7");
        error.Message.ShouldContain("journal: row seq 5: data is 0x");
        (await database.ExecuteAsync("SELECT count(*) FROM belfry.transactions")).ShouldBe(0L);
        (await StoreCopy.RunAsync(folder.Path, Options(database), null, default)).Tables.ShouldAllBe(table => table.Difference == null);
    }

    [Fact]
    public async Task Neither_a_database_with_data_nor_a_folder_in_use_is_touched()
    {
        using var folder = new TemporaryFolder();
        await using var database = await PostgresTemplate.CreateAsync();
        await FillAsync(folder.Path);
        await using (var store = await PostgresUnderTest.OpenAsync(database)) await store.Watches.AddAsync([Samples.Watch("w1", 1)], default);
        (await Should.ThrowAsync<StoreException>(() => StoreCopy.RunAsync(folder.Path, Options(database), null, default))).Message.ShouldContain("holds data already");
        await using var used = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = folder.Path });
        (await Should.ThrowAsync<StoreException>(() => StoreCopy.RunAsync(folder.Path, Options(database), null, default))).Message.ShouldContain("in use");
    }

    [Fact]
    public async Task A_copy_that_is_stopped_leaves_nothing_and_can_be_made_again()
    {
        using var folder = new TemporaryFolder();
        await using var database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync();
        await FillAsync(folder.Path);
        using var stopping = new CancellationTokenSource();
        await Should.ThrowAsync<OperationCanceledException>(() => StoreCopy.RunAsync(
            folder.Path, Options(database), table => { if (table == "movements") stopping.Cancel(); }, stopping.Token));
        (await database.ExecuteAsync("SELECT count(*) FROM belfry.transactions")).ShouldBe(0L);
        (await StoreCopy.RunAsync(folder.Path, Options(database), null, default)).Head.ShouldBeGreaterThan(0);
    }

    static PostgresStoreOptions Options(PostgresDatabase database) => new() { Connection = database.ConnectionString, PartitionSize = 20 };

    static async Task<(List<string> Entries, string Epoch)> FillAsync(string folder)
    {
        await using var store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = folder });
        await store.Watches.AddAsync([Samples.Watch("w1", 1, label: "rent"), Samples.Watch("w2", 2), Samples.Watch("w3", 1, chain: Ltc, fromHeight: 4, active: false)], default);
        await store.Watches.RemoveAsync("alice", "w2", default);
        for (var number = 1; number <= 30; number++)
        {
            var big = new Amount(System.Numerics.BigInteger.Pow(10, number));
            await store.Ledger.CommitAsync(new LedgerBatch
            {
                Chain = Btc,
                Position = Samples.Position(number),
                Connected = [Samples.Header(number)],
                Transactions = [Samples.Payment(Btc, number, number % 4, big, TxState.Confirmed, Samples.At(number), 0) with { Cause = number % 3 == 0 ? Samples.Tx(99) : null }],
                Balances = new Dictionary<Script, Balance> { [Samples.Script(number % 4)] = new(big, 0, 0, big, 0, number) },
                Events =
                [
                    Samples.Event($"e{number}", transaction: Samples.Tx(number), script: number % 4),
                    Samples.Event($"b{number}", EventKind.NewBlock, script: null, height: number) with
                    {
                        Data = System.Text.Encoding.UTF8.GetBytes($$"""{"block_hash":"{{Samples.BlockId(number)}}"}"""),
                    },
                    Samples.Event($"n{number}") with { Address = number % 2 == 0 ? null : "other" },
                ],
            }, default);
        }

        return ([.. (await store.Journal.ReadAsync(0, 1000, null, default)).Entries.Select(entry => entry.Text())], await store.Journal.ReadEpochAsync(default));
    }

    // The next numbers of everything follow on.
    static async Task GoOnAsync(PostgresStore store, long head)
    {
        (await store.Journal.ReadAsync(0, 10, new JournalFilter(Block: Samples.BlockId(7)), default)).Entries.ShouldHaveSingleItem().Event.Id.ShouldBe("b7");
        (await store.Ledger.CommitAsync(new LedgerBatch
        {
            Chain = Btc,
            Position = Samples.Position(31),
            Transactions = [Samples.Payment(Btc, 5, 1, 7, TxState.Final, Samples.At(5), 0), Samples.Payment(Btc, 31, 1, 7)],
            Events = [Samples.Event("e30"), Samples.Event("e31")],
        }, default)).ShouldBe(new CommitResult(head + 1, 1));
        (await store.Reader.ReadHistoryAsync(Btc, Samples.Script(1), null, 100, default)).Select(one => one.Id)
            .ShouldBe(new[] { 31, 29, 25, 21, 17, 13, 9, 5, 1 }.Select(number => Samples.Tx(number)));
        (await store.Watches.AddAsync([Samples.Watch("w4", 4)], default))[0].Created.ShouldBeTrue();
        await Should.ThrowAsync<StoreException>(async () => await store.Watches.AddAsync([Samples.Watch("w2", 5)], default));
        (await store.Watches.ListAsync("alice", null, "w2", 10, default)).Select(watch => watch.Id).ShouldBe(["w3", "w4"]);
    }
}
