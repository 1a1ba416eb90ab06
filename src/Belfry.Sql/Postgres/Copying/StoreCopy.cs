using System.Data.Common;
using Belfry.Core.Runtime;
using Belfry.Sql.Sqlite;
using Npgsql;

namespace Belfry.Sql.Postgres.Copying;

/// <summary>What was copied.</summary>
/// <param name="Store">Where to: host, port and database.</param>
/// <param name="Head">The journal's last sequence number.</param>
/// <param name="Tables">Every table, equal on both sides.</param>
public sealed record CopyReport(string Store, long Head, IReadOnlyList<TableComparison> Tables);

/// <summary>
/// Copies a data folder into an empty PostgreSQL database: whole or not at all, in one transaction, which is committed only when every row of every table has been
/// read back from PostgreSQL and is what SQLite has. The folder is held meanwhile, so that no server writes to it, and is not changed.
/// </summary>
public static class StoreCopy
{
    static readonly string[] Numbered = ["chains.chain_id", "scripts.script_id", "accounts.account_id", "transactions.tx_id"];

    /// <summary>Copies.</summary>
    /// <param name="folder">The data folder; no server may be using it.</param>
    /// <param name="options">The database; must not hold data of Belfry's yet.</param>
    /// <param name="progress">Told each table before it is copied.</param>
    /// <param name="cancellationToken">Stops; the database is then as it was.</param>
    /// <exception cref="StoreException">The folder is in use or damaged, the database is not empty or cannot be used, or something differs after copying; nothing was kept.</exception>
    public static Task<CopyReport> RunAsync(string folder, PostgresStoreOptions options, Action<string>? progress, CancellationToken cancellationToken) =>
        RunAsync(folder, options, progress, static _ => Task.CompletedTask, cancellationToken);

    /// <summary>Copies, and lets a test spoil the copy before it is compared.</summary>
    internal static async Task<CopyReport> RunAsync(
        string folder, PostgresStoreOptions options, Action<string>? progress, Func<NpgsqlConnection, Task> spoil, CancellationToken cancellationToken)
    {
        var file = Path.Combine(folder, "belfry.db");
        if (!File.Exists(file)) throw new StoreException(folder, "there is no belfry.db in it; name the data folder of a server");
        // Opened as a server would: brought to this schema, its log checked, and nobody else may have it.
        await using var source = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = folder }, cancellationToken: cancellationToken);
        var head = await source.Journal.ReadHeadAsync(cancellationToken);
        if (head > 0) await source.VerifyAsync(1, head, cancellationToken);
        var migrated = await PostgresOpening.MigrateAsync(options, cancellationToken);
        var tables = await PostgresOpening.WithConnectionAsync(options, async target =>
        {
            using var sqlite = SqliteStore.OpenReader(file);
            sqlite.Execute("begin");
            await using var transaction = await target.BeginTransactionAsync(cancellationToken);
            await EmptyAsync(target, migrated.Store, cancellationToken);
            await RunAsync(target, FormattableString.Invariant($"SELECT journal_extend({options.PartitionSize}, {head + options.PartitionSize})"), cancellationToken);
            foreach (var table in CopiedTable.All)
            {
                progress?.Invoke(table.Name);
                await CopyAsync(sqlite, target, table, cancellationToken);
            }

            foreach (var column in Numbered) await NumberOnAsync(target, column.Split('.'), cancellationToken);
            await spoil(target);
            progress?.Invoke("comparison");
            var compared = await CompareAsync(sqlite, target, cancellationToken);
            if (compared.Where(table => table.Difference is not null).ToList() is { Count: > 0 } wrong)
                throw new StoreException(migrated.Store, "the copy differs and was taken back: " + string.Join("; ", wrong.Select(table => $"{table.Table}: {table.Difference}")));
            await transaction.CommitAsync(cancellationToken);
            await RunAsync(target, "ANALYZE", cancellationToken);
            return compared;
        }, cancellationToken);
        return new CopyReport(migrated.Store, head, tables);
    }

    // What a server that has only been started leaves behind is nothing.
    static async Task EmptyAsync(NpgsqlConnection target, string store, CancellationToken cancellationToken)
    {
        await RunAsync(target, "LOCK TABLE journal_head, counters IN ACCESS EXCLUSIVE MODE", cancellationToken);
        await using (var command = new NpgsqlCommand(
            "SELECT EXISTS (SELECT 1 FROM journal) OR EXISTS (SELECT 1 FROM transactions) OR EXISTS (SELECT 1 FROM watches) OR EXISTS (SELECT 1 FROM chains WHERE network IS NOT NULL)", target))
        {
            if (await command.ExecuteScalarAsync(cancellationToken) is true) throw new StoreException(store, "holds data already; name an empty database");
        }

        foreach (var table in CopiedTable.All) await RunAsync(target, $"DELETE FROM {table.Name}" + (table.Name == "counters" ? " WHERE name <> 'watch_version'" : ""), cancellationToken);
    }

    static async Task CopyAsync(SqlSession sqlite, NpgsqlConnection target, CopiedTable table, CancellationToken cancellationToken)
    {
        await using var rows = Read(sqlite, table);
        await using var importer = await target.BeginBinaryImportAsync($"COPY {table.Name} ({table.Names}) FROM STDIN (FORMAT BINARY)", cancellationToken);
        importer.Timeout = Timeout.InfiniteTimeSpan;
        while (await rows.ReadAsync(cancellationToken)) await CopiedRows.WriteAsync(importer, table, CopiedRows.OfSqlite(rows, table), cancellationToken);
        await importer.CompleteAsync(cancellationToken);
    }

    static async Task<List<TableComparison>> CompareAsync(SqlSession sqlite, NpgsqlConnection target, CancellationToken cancellationToken)
    {
        var compared = new List<TableComparison>();
        foreach (var table in CopiedTable.All)
        {
            await using var here = Read(sqlite, table);
#pragma warning disable CA2100 // the text is the program's own
            await using var command = new NpgsqlCommand(table.PostgresQuery, target) { CommandTimeout = 0 };
#pragma warning restore CA2100
            await using var there = await command.ExecuteReaderAsync(cancellationToken);
            using var comparer = new TableComparer(table);
            compared.Add(await comparer.CompareAsync(here, there, cancellationToken));
        }

        return compared;
    }

    static DbDataReader Read(SqlSession sqlite, CopiedTable table)
    {
        var command = sqlite.Connection.CreateCommand();
#pragma warning disable CA2100 // the text is the program's own
        command.CommandText = table.SqliteQuery;
#pragma warning restore CA2100
        return command.ExecuteReader();
    }

    static Task NumberOnAsync(NpgsqlConnection target, string[] column, CancellationToken cancellationToken) => RunAsync(
        target, $"SELECT setval(pg_get_serial_sequence('belfry.{column[0]}', '{column[1]}'), coalesce(max({column[1]}), 0) + 1, false) FROM {column[0]}", cancellationToken);

    static async Task RunAsync(NpgsqlConnection target, string sql, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // the text is the program's own
        await using var command = new NpgsqlCommand(sql, target) { CommandTimeout = 0 };
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
