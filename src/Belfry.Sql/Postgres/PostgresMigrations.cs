using Belfry.Core.Runtime;
using Npgsql;

namespace Belfry.Sql.Postgres;

/// <summary>
/// Brings a database to this program's schema, each step in a transaction of its own. Belfry's tables have a schema of their own, <c>belfry</c>, so that the
/// database may hold other programs' too. Servers that start together wait for each other.
/// </summary>
static class PostgresMigrations
{
    const string Turn = "SELECT pg_advisory_lock(hashtextextended('belfry.migrate', 0))";

    /// <summary>Applies what is missing, over a connection that is not used for anything else.</summary>
    /// <returns>The version before and after.</returns>
    /// <exception cref="StoreException">The database is of a newer version, or a step failed.</exception>
    public static async Task<(int Before, int After)> ApplyAsync(
        NpgsqlConnection connection, string store, IReadOnlyList<Migration> migrations, ICrashPoints crashPoints, CancellationToken cancellationToken)
    {
        await RunAsync(connection, Turn, cancellationToken);
        var before = await ReadVersionAsync(connection, cancellationToken);
        var latest = migrations[^1].Version;
        if (before > latest)
            throw new StoreException(store, $"was written by a newer Belfry (schema {before}, this program knows {latest}); start that version, or restore a backup");
        foreach (var migration in migrations.Where(step => step.Version > before)) await StepAsync(connection, store, migration, crashPoints, cancellationToken);
        return (before, latest);
    }

    /// <summary>The version that a database has; 0 for a new one.</summary>
    public static async Task<int> ReadVersionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT to_regclass('belfry.schema_version') IS NOT NULL", connection);
        if (await command.ExecuteScalarAsync(cancellationToken) is not true) return 0;
        await using var version = new NpgsqlCommand("SELECT coalesce(max(version), 0) FROM belfry.schema_version", connection);
        return (int)(await version.ExecuteScalarAsync(cancellationToken))!;
    }

    static async Task StepAsync(NpgsqlConnection connection, string store, Migration migration, ICrashPoints crashPoints, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        try
        {
            await RunAsync(connection, "CREATE SCHEMA IF NOT EXISTS belfry; SET LOCAL search_path = belfry", cancellationToken);
            await RunAsync(connection, "CREATE TABLE IF NOT EXISTS schema_version (version integer NOT NULL PRIMARY KEY, name text NOT NULL)", cancellationToken);
            await RunAsync(connection, migration.Sql, cancellationToken);
            crashPoints.Reach("migrate.mid");
            await RunAsync(connection, $"INSERT INTO schema_version (version, name) VALUES ({migration.Version}, '{migration.Name}')", cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        catch (PostgresException problem) when (connection.State == System.Data.ConnectionState.Open && problem.SqlState != PostgresErrorCodes.InsufficientPrivilege)
        {
            await transaction.RollbackAsync(CancellationToken.None);
            throw new StoreException(store, $"migration {migration.Name} failed and was taken back: {problem.MessageText}", problem);
        }
    }

    static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // the text is the program's own, from an embedded file
        // a step may rewrite millions of rows, and others wait for it
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
