using System.CommandLine;
using System.Text.Json;
using Belfry.Client;

namespace Belfry.Cli;

/// <summary><c>belfry watch</c>: standing interests on a server.</summary>
static class WatchCommand
{
    public static Command Build(Terminal terminal)
    {
        var watch = new TeachingCommand(
            "watch", "Add, remove, list and import watched addresses.",
            "belfry watch add btc bcrt1q… --label \"shop till\"",
            "belfry watch import addresses.ndjson",
            "belfry watch list --chain btc");
        foreach (var command in (Command[])[Add(terminal), Remove(terminal), List(terminal), Import(terminal)]) watch.Subcommands.Add(command);
        return watch;
    }

    static TeachingCommand Add(Terminal terminal)
    {
        var command = new TeachingCommand(
            "add", "Watch an address from now on, or from a block.",
            "belfry watch add btc bc1q…",
            "belfry watch add ltc M8x… --from-height 2500000 --label savings");
        var chain = new Argument<string>("chain") { Description = "btc, ltc, bch, doge" };
        var address = new Argument<string>("address") { Description = "Any spelling, or script:<hex>" };
        var from = new Option<long?>("--from-height") { Description = "First block of interest; without it: from now on", HelpName = "height" };
        var label = new Option<string?>("--label") { Description = "Your own note", HelpName = "text" };
        var server = new ServerOptions();
        command.Arguments.Add(chain);
        command.Arguments.Add(address);
        command.Options.Add(from);
        command.Options.Add(label);
        server.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = server.Open(parsed);
            var made = await client.AddWatchAsync(
                new NewWatch(parsed.GetValue(chain)!, parsed.GetValue(address)!, parsed.GetValue(from), parsed.GetValue(label)), cancellationToken);
            await terminal.Out.WriteLineAsync($"{made.Id}  {made.Chain}  {made.Address}{(made.Sequence is { } seq ? $"  from seq {seq}" : "")}");
            return ExitCodes.Done;
        });
        return command;
    }

    static TeachingCommand Remove(Terminal terminal)
    {
        var command = new TeachingCommand("remove", "Stop watching; what was told stays in the journal.", "belfry watch remove w_3kq…");
        var id = new Argument<string>("id") { Description = "As shown by: belfry watch list" };
        var server = new ServerOptions();
        command.Arguments.Add(id);
        server.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = server.Open(parsed);
            if (await client.RemoveWatchAsync(parsed.GetValue(id)!, cancellationToken)) return ExitCodes.Done;
            await terminal.Error.WriteLineAsync($"belfry: there is no watch '{parsed.GetValue(id)}'");
            return ExitCodes.Refused;
        });
        return command;
    }

    static TeachingCommand List(Terminal terminal)
    {
        var command = new TeachingCommand("list", "Show your watches.", "belfry watch list", "belfry watch list --chain btc --json > watches.ndjson");
        var chain = new Option<string?>("--chain") { Description = "Only this chain", HelpName = "id" };
        var json = new Option<bool>("--json") { Description = "One JSON object a line, good for: belfry watch import" };
        var server = new ServerOptions();
        command.Options.Add(chain);
        command.Options.Add(json);
        server.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = server.Open(parsed);
            await foreach (var watch in client.WatchesAsync(parsed.GetValue(chain), cancellationToken))
            {
                await terminal.Out.WriteLineAsync(parsed.GetValue(json)
                    ? JsonSerializer.Serialize(watch, CliJson.Default.WatchInfo)
                    : $"{watch.Id}  {watch.Chain,-5} {watch.Address}  {watch.Label}");
            }

            return ExitCodes.Done;
        });
        return command;
    }

    static TeachingCommand Import(Terminal terminal)
    {
        var command = new TeachingCommand(
            "import", "Watch many addresses: NDJSON in, one result a line out. A refused line does not end the import.",
            "belfry watch import addresses.ndjson",
            "echo '{\"chain\":\"btc\",\"address\":\"bcrt1q…\"}' | belfry watch import");
        var file = new Argument<FileInfo?>("file") { Description = "NDJSON; without it: standard input", Arity = ArgumentArity.ZeroOrOne };
        var json = new Option<bool>("--json") { Description = "Print every result, also of good lines" };
        var server = new ServerOptions();
        command.Arguments.Add(file);
        command.Options.Add(json);
        server.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = server.Open(parsed, new BelfryClientOptions { Timeout = TimeSpan.FromHours(1) });
            await using var lines = parsed.GetValue(file) is { } named ? named.OpenRead() : terminal.OpenInput();
            var (good, bad) = (0L, 0L);
            await foreach (var result in client.ImportWatchesAsync(lines, cancellationToken))
            {
                if (result.Error is null) good++;
                else bad++;
                if (parsed.GetValue(json) || result.Error is not null) await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(result, CliJson.Default.ImportResult));
                if (terminal.Interactive && (good + bad) % 1000 == 0) await terminal.Error.WriteAsync($"\r{good} watched, {bad} refused");
            }

            await terminal.Error.WriteLineAsync($"{(terminal.Interactive ? "\r" : "")}{good} watched, {bad} refused");
            return bad == 0 ? ExitCodes.Done : ExitCodes.Refused;
        });
        return command;
    }
}
