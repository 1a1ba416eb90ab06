using System.CommandLine;
using System.Globalization;
using Belfry.Core.Hosting;
using Belfry.Sql.Postgres;
using Belfry.Sql.Postgres.Copying;

namespace Belfry.Cli;

/// <summary><c>belfry db</c>: the shared store in PostgreSQL, apart from any running server.</summary>
static class DatabaseCommand
{
    public static Command Build(Terminal terminal)
    {
        var command = new TeachingCommand(
            "db", "Prepare PostgreSQL for several servers, and move a data folder into it.",
            "BELFRY__Postgres=postgres://belfry:secret@127.0.0.1:5432/belfry belfry db migrate",
            "belfry db copy --data ./belfry-data --postgres postgres://belfry:secret@127.0.0.1:5432/belfry");
        command.Subcommands.Add(BuildMigrate(terminal));
        command.Subcommands.Add(BuildCopy(terminal));
        return command;
    }

    static TeachingCommand BuildMigrate(Terminal terminal)
    {
        var command = new TeachingCommand(
            "migrate", "Bring the tables of a PostgreSQL database to this version, as a server does at its start.",
            "belfry db migrate",
            "belfry db migrate --postgres \"Host=db.example;Username=belfry;Password=secret;Database=belfry\"");
        var postgres = Connection();
        command.Options.Add(postgres);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var report = await PostgresSchema.MigrateAsync(Read(parsed.GetValue(postgres), null).Store, cancellationToken);
            await terminal.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"{report.Store}  PostgreSQL {report.Engine}  schema {report.After}{(report.Before == report.After ? ", as before" : $", was {report.Before}")}"));
            return ExitCodes.Done;
        });
        return command;
    }

    static TeachingCommand BuildCopy(Terminal terminal)
    {
        var command = new TeachingCommand(
            "copy", "Copy a data folder into an empty PostgreSQL database: whole or not at all, and every row is compared before it counts. Stop the server first.",
            "belfry db copy --data /var/lib/belfry",
            "belfry db copy --data ./belfry-data --postgres postgres://belfry:secret@127.0.0.1:5432/belfry");
        var data = new Option<string?>("--data") { Description = "Folder of the store (BELFRY__Data)", HelpName = "folder" };
        var postgres = Connection();
        command.Options.Add(data);
        command.Options.Add(postgres);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (options, store) = Read(parsed.GetValue(postgres), parsed.GetValue(data));
            var report = await StoreCopy.RunAsync(options.Data, store, table => terminal.Error.WriteLine($"belfry: {table}"), cancellationToken);
            foreach (var table in report.Tables)
                await terminal.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{table.Table,-16} {table.Rows,12} rows  sha256 {table.Digest}"));
            // As a server reads it: the hash chain from the first event to the last.
            await using var copied = await PostgresStore.OpenAsync(store, cancellationToken: cancellationToken);
            var verified = report.Head == 0 ? 0 : await copied.VerifyAsync(1, report.Head, cancellationToken);
            await terminal.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"{Path.GetFullPath(options.Data)} and {report.Store} are equal in every row; {verified} events verify. Start with: BELFRY__Postgres=… belfry serve"));
            return ExitCodes.Done;
        });
        return command;
    }

    static Option<string?> Connection() => new("--postgres")
    {
        Description = "The database (BELFRY__Postgres or DATABASE_URL, which keep the password out of the process list)",
        HelpName = "url",
    };

    static (BelfryOptions Options, PostgresStoreOptions Store) Read(string? postgres, string? data)
    {
        var flags = new List<KeyValuePair<string, string?>>();
        if (postgres is not null) flags.Add(new(PostgresVariables.Setting, postgres));
        if (data is not null) flags.Add(new(BelfryConfiguration.Section + ":Data", data));
        var configuration = Settings.Build(flags);
        var options = BelfryConfiguration.Read(configuration, out _);
        return PostgresVariables.Find(configuration) is { } found
            ? (options, ServerStore.Options(options, found.Setting))
            : throw new ConfigurationException([$"{PostgresVariables.Setting}: no PostgreSQL is configured; give --postgres, or set BELFRY__Postgres or DATABASE_URL."]);
    }
}
