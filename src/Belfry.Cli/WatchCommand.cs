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
        var chain = Chains.Argument();
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
        var chain = Chains.Option("Only this chain");
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
            "import", "Watch many addresses: NDJSON, or with --chain one address a line. A wrong line is told by its number and does not stop the others.",
            "belfry watch import addresses.ndjson",
            "belfry watch import --chain btc addresses.txt",
            "belfry watch list --json --server http://old:8081 | belfry watch import",
            "echo '{\"chain\":\"btc\",\"address\":\"bcrt1q…\",\"from_height\":0,\"label\":\"till\"}' | belfry watch import --json");
        var file = new Argument<FileInfo?>("file") { Description = "The lines; without it: standard input", Arity = ArgumentArity.ZeroOrOne };
        var chain = Chains.Option("The chain of lines that are an address and nothing else");
        var json = new Option<bool>("--json") { Description = "Print every line's result, in order" };
        var server = new ServerOptions();
        command.Arguments.Add(file);
        command.Options.Add(chain);
        command.Options.Add(json);
        server.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = server.Open(parsed, new BelfryClientOptions { Timeout = TimeSpan.FromHours(1) });
            var named = parsed.GetValue(file);
            if (named is { Exists: false } && !Path.Exists(named.FullName)) throw new UsageException($"there is no file '{named.FullName}'.");
            if (named is null && !terminal.InputRedirected) await terminal.Error.WriteLineAsync("reading lines from the keyboard; Ctrl-D ends");
            var total = named is null ? null : await WatchImport.CountLinesAsync(named, cancellationToken);
            await using var lines = named is not null ? named.OpenRead() : terminal.OpenInput();
            return await new WatchImport(terminal, client, parsed.GetValue(chain), parsed.GetValue(json)).RunAsync(lines, total, cancellationToken);
        });
        return command;
    }
}
