using Belfry.Core.Runtime;

namespace Belfry.Sql.Postgres;

/// <summary>The state of a database's schema.</summary>
/// <param name="Store">Host, port and database.</param>
/// <param name="Engine">The server's version.</param>
/// <param name="Before">The schema's version before; 0 for a new database.</param>
/// <param name="After">And now.</param>
public sealed record SchemaReport(string Store, string Engine, int Before, int After);

/// <summary>Belfry's tables in a PostgreSQL database, apart from any running server.</summary>
public static class PostgresSchema
{
    /// <summary>Brings a database to this program's schema, as a server would at its start.</summary>
    /// <exception cref="StoreException">It cannot be reached or used; one line that says what to do.</exception>
    public static async Task<SchemaReport> MigrateAsync(PostgresStoreOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var (store, engine, before, after) = await PostgresOpening.MigrateAsync(options, cancellationToken);
        return new SchemaReport(store, engine, before, after);
    }

    /// <summary>Looks at a database and changes nothing.</summary>
    /// <exception cref="StoreException">It cannot be reached or used; one line that says what to do.</exception>
    public static async Task<SchemaReport> LookAsync(PostgresStoreOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var settings = PostgresConnection.Read(options.Connection, options.Setting);
        return await PostgresOpening.WithConnectionAsync(options, async connection =>
        {
            await PostgresOpening.CheckAsync(connection, new PostgresErrors(PostgresConnection.Name(settings), options.Setting), options, cancellationToken);
            var version = await PostgresMigrations.ReadVersionAsync(connection, cancellationToken);
            return new SchemaReport(PostgresConnection.Name(settings), connection.PostgreSqlVersion.ToString(2), version, Migration.In(PostgresOpening.Folder)[^1].Version);
        }, cancellationToken);
    }
}
