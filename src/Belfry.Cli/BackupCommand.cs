using System.CommandLine;
using System.Globalization;
using Belfry.Core.Hosting;
using Belfry.Core.Runtime;
using Belfry.Sql.Sqlite;

namespace Belfry.Cli;

/// <summary><c>belfry backup</c>: a consistent copy of the store while the server goes on.</summary>
static class BackupCommand
{
    public static Command Build(Terminal terminal)
    {
        var command = new TeachingCommand(
            "backup", "Copy the store of a data folder into one file, consistently, also while a server uses it.",
            "belfry backup /var/backups/belfry-$(date +%F).db",
            "belfry backup copy.db --data /var/lib/belfry");
        var file = new Argument<string>("file") { Description = "The copy; must not exist yet" };
        var data = new Option<string?>("--data") { Description = "Folder of the store (BELFRY__Data)", HelpName = "folder" };
        command.Arguments.Add(file);
        command.Options.Add(data);
        command.SetAction(async parsed =>
        {
            var folder = parsed.GetValue(data) ?? BelfryConfiguration.Read(Settings.Build(), out _).Data;
            var bytes = await SqliteStore.CopyAsync(folder, parsed.GetValue(file)!);
            await terminal.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFullPath(parsed.GetValue(file)!)}  {bytes / 1e6:0.0} MB"));
            return ExitCodes.Done;
        });
        return command;
    }

    public static Command BuildRestore(Terminal terminal)
    {
        var command = new TeachingCommand(
            "restore", "Make a data folder of a backup: checks it, and gives its journal a new epoch, so that clients notice.",
            "belfry restore /var/backups/belfry-2026-11-20.db --data /var/lib/belfry-restored");
        var file = new Argument<string>("file") { Description = "What 'belfry backup' wrote, or belfry.db of a file system's snapshot" };
        var data = new Option<string>("--data") { Description = "The new data folder; must not have a store yet", HelpName = "folder", Required = true };
        command.Arguments.Add(file);
        command.Options.Add(data);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var folder = parsed.GetValue(data)!;
            var head = await SqliteStore.RestoreAsync(parsed.GetValue(file)!, folder, SystemEntropy.Instance, cancellationToken);
            await terminal.Out.WriteLineAsync($"{Path.GetFullPath(folder)}  every event up to {head} is whole; start with: belfry serve --data {folder}");
            return ExitCodes.Done;
        });
        return command;
    }
}
