using Belfry.Core.Journal;
using Npgsql;

namespace Belfry.Sql.Postgres;

/// <summary>Opens a database: looks whether the server can be used, brings the schema up to date, begins the journal.</summary>
static class PostgresOpening
{
    public const string Folder = "Postgres/Migrations/";

    // A client that is cut off or frozen between two statements must not hold anything for long; one that is gone must be noticed while the server works or waits for it.
    // Times in ms. JIT costs more than it saves on statements like these.
    const string Session = "-c idle_in_transaction_session_timeout=5000 -c client_connection_check_interval=1000 -c lock_timeout=10000 -c jit=off";

    public static async Task<PostgresStore> OpenAsync(StoreParts parts, CancellationToken cancellationToken)
    {
        var options = parts.Options;
        var settings = PostgresConnection.Read(options.Connection, options.Setting);
        var errors = new PostgresErrors(PostgresConnection.Name(settings), options.Setting);
        NpgsqlDataSource? source = null;
        try
        {
            var (engine, schema) = await PrepareAsync(settings, errors, parts, cancellationToken);
            source = Source(Pooled(settings, options));
            var database = await BeginAsync(engine, source, errors, parts, cancellationToken);
            PostgresLog.Opened(parts.Log, errors.Store, engine, schema, database.Head);
            return new PostgresStore(source, name => Source(Single(settings, options, name)), errors, database, parts);
        }
        catch (Exception problem) when (problem is NpgsqlException or TimeoutException or IOException)
        {
            if (source is not null) await source.DisposeAsync();
            throw errors.Translate(problem);
        }
        catch
        {
            if (source is not null) await source.DisposeAsync();
            throw;
        }
    }

    /// <summary>Brings a database to this program's schema.</summary>
    /// <returns>The version before and after.</returns>
    public static async Task<(string Store, string Engine, int Before, int After)> MigrateAsync(PostgresStoreOptions options, CancellationToken cancellationToken)
    {
        var settings = PostgresConnection.Read(options.Connection, options.Setting);
        var errors = new PostgresErrors(PostgresConnection.Name(settings), options.Setting);
        try
        {
            await using var single = Source(Plain(settings));
            await using var connection = await single.OpenConnectionAsync(cancellationToken);
            await CheckAsync(connection, errors, options, cancellationToken);
            var (before, after) = await PostgresMigrations.ApplyAsync(connection, errors.Store, Migration.In(Folder), EnvironmentCrashPoints.Read(), cancellationToken);
            return (errors.Store, Engine(connection), before, after);
        }
        catch (Exception problem) when (problem is NpgsqlException or TimeoutException or IOException)
        {
            throw errors.Translate(problem);
        }
    }

    /// <summary>Does something over a connection of its own, in Belfry's schema, that may take as long as it takes.</summary>
    public static async Task<T> WithConnectionAsync<T>(PostgresStoreOptions options, Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        var settings = PostgresConnection.Read(options.Connection, options.Setting);
        try
        {
            await using var single = Source(new NpgsqlConnectionStringBuilder(Plain(settings)) { SearchPath = "belfry", TcpKeepAlive = true }.ConnectionString);
            await using var connection = await single.OpenConnectionAsync(cancellationToken);
            return await work(connection);
        }
        catch (Exception problem) when (problem is NpgsqlException or TimeoutException or IOException)
        {
            throw new PostgresErrors(PostgresConnection.Name(settings), options.Setting).Translate(problem);
        }
    }

    static async Task<(string Engine, int Schema)> PrepareAsync(
        NpgsqlConnectionStringBuilder settings, PostgresErrors errors, StoreParts parts, CancellationToken cancellationToken)
    {
        await using var single = Source(Plain(settings));
        await using var connection = await single.OpenConnectionAsync(cancellationToken);
        await CheckAsync(connection, errors, parts.Options, cancellationToken);
        var (before, after) = await PostgresMigrations.ApplyAsync(connection, errors.Store, Migration.In(Folder), parts.CrashPoints, cancellationToken);
        if (before != after) SqlLog.Migrated(parts.Log, errors.Store, before, after);
        return (Engine(connection), after);
    }

    /// <summary>Refuses a server or database that cannot keep what Belfry promises.</summary>
    public static async Task CheckAsync(NpgsqlConnection connection, PostgresErrors errors, PostgresStoreOptions options, CancellationToken cancellationToken)
    {
        if (connection.PostgreSqlVersion.Major < options.OldestServer)
            throw errors.Of($"the server is PostgreSQL {Engine(connection)}; Belfry needs {options.OldestServer} or newer (setting {options.Setting})");
        await using var command = new NpgsqlCommand("SELECT current_setting('server_encoding'), pg_is_in_recovery(), current_setting('fsync'), current_setting('synchronous_commit')", connection);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        if (row.GetString(0) != "UTF8") throw errors.Of($"the database is encoded in {row.GetString(0)}; make one in UTF8 (setting {options.Setting})");
        if (row.GetBoolean(1)) throw errors.Of($"the server is a standby and only reads; connect to the primary (setting {options.Setting})");
        if (row.GetString(2) == "off") throw errors.Of("the server runs with fsync=off and would lose what it has acknowledged; turn it on");
        if (row.GetString(3) == "off") throw errors.Of("the database has synchronous_commit=off and would lose what it has acknowledged; turn it on");
    }

    // Several servers may do this at once: one of them makes the head.
    static async Task<OpenedDatabase> BeginAsync(string engine, NpgsqlDataSource source, PostgresErrors errors, StoreParts parts, CancellationToken cancellationToken)
    {
        var reads = new PostgresReads(source, errors, parts.Clock, parts.Options.Patience);
        var (heads, used) = await reads.AskAsync(
            batch => batch.Add("journal_begun"), async (row, stop) => await row.ReadAsync(stop) ? (row.GetInt64(0), row.GetInt32(1) != 0) : default, cancellationToken);
        if (heads == 0)
        {
            // A new journal beside an old ledger would have forgotten what was told of it.
            if (used) throw errors.Of("the journal has no head: the data are damaged; restore a backup");
            var epoch = JournalRules.NewEpoch(parts.Entropy);
            await reads.RunAsync(batch => batch.Add("journal_start", epoch, JournalChain.Genesis(epoch)), cancellationToken);
        }

        var room = await reads.AskAsync(
            batch => batch.Add("journal_extend", parts.Options.PartitionSize, parts.Options.PartitionSize).Add("marks_sweep"),
            async (row, stop) => await row.ReadAsync(stop) ? row.GetInt64(0) : 0, cancellationToken);
        return new OpenedDatabase(engine, await new PostgresJournal(reads).ReadHeadAsync(cancellationToken), room);
    }

    // Only types that every server has are used: nothing has to be asked for at the beginning.
    static NpgsqlDataSource Source(string settings)
    {
        var builder = new NpgsqlDataSourceBuilder(settings);
        builder.ConfigureTypeLoading(static types => types.EnableTypeLoading(false));
        return builder.Build();
    }

    static string Engine(NpgsqlConnection connection) => connection.PostgreSqlVersion.ToString(2);

    static string Plain(NpgsqlConnectionStringBuilder settings) =>
        new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Pooling = false, ApplicationName = "belfry" }.ConnectionString;

    static string Pooled(NpgsqlConnectionStringBuilder settings, PostgresStoreOptions options) => new NpgsqlConnectionStringBuilder(Common(settings, options).ConnectionString)
    {
        ApplicationName = "belfry",
        Pooling = true,
        MaxPoolSize = options.Connections,
        MaxAutoPrepare = 100,
        AutoPrepareMinUsages = 2,
    }.ConnectionString;

    static string Single(NpgsqlConnectionStringBuilder settings, PostgresStoreOptions options, string name) => new NpgsqlConnectionStringBuilder(Common(settings, options).ConnectionString)
    {
        ApplicationName = name,
        Pooling = false,
        MaxAutoPrepare = 40,
        AutoPrepareMinUsages = 2,
    }.ConnectionString;

    static NpgsqlConnectionStringBuilder Common(NpgsqlConnectionStringBuilder settings, PostgresStoreOptions options) => new(settings.ConnectionString)
    {
        SearchPath = "belfry",
        Options = string.Join(' ', new[] { settings.Options, Session }.Where(part => !string.IsNullOrEmpty(part))),
        CommandTimeout = (int)Math.Ceiling(options.CommandTimeout.TotalSeconds),
        TcpKeepAlive = true,
        IncludeErrorDetail = false,
        PersistSecurityInfo = false,
    };
}
