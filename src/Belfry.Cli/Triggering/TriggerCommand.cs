using System.CommandLine;
using System.Globalization;

namespace Belfry.Cli.Triggering;

/// <summary><c>belfry trigger</c>: makes a whole life of a payment happen, and shows what is told about it.</summary>
static class TriggerCommand
{
    public static Command Build(Terminal terminal)
    {
        var trigger = new TeachingCommand(
            "trigger", "Make a whole life of a payment happen on a simulated chain or a regtest node, and show what is told about it.",
            "belfry trigger --list",
            "belfry trigger payment --rbf --reorg-after 2s",
            "belfry trigger underpaid --amount 0.25 --then-rest",
            "belfry trigger dropped --json | jq -c .told.data.event",
            "belfry trigger payment --chain ltc --rpc http://user:password@127.0.0.1:19443    # a regtest node that Belfry follows");
        var list = new Option<bool>("--list") { Description = "What can be triggered" };
        trigger.Options.Add(list);
        trigger.SetAction(async _ =>
        {
            foreach (var scenario in Scenario.All) await terminal.Out.WriteLineAsync($"{terminal.Paint(Ink.Bold, scenario.Name.PadRight(13))} {scenario.Description}");
            return ExitCodes.Done;
        });
        foreach (var scenario in Scenario.All) trigger.Subcommands.Add(Build(terminal, scenario));
        return trigger;
    }

    static TeachingCommand Build(Terminal terminal, Scenario scenario)
    {
        var command = new TeachingCommand(scenario.Name, scenario.Description, $"belfry trigger {scenario.Name}");
        var chain = Chains.Option("Which chain; without it the first that is simulated or on regtest");
        var to = new Option<string?>("--to") { Description = "The address to pay; without it a new one", HelpName = "address" };
        var amount = new Option<string>("--amount") { Description = "What is asked for, in the currency's unit", HelpName = "amount", DefaultValueFactory = _ => "0.05" };
        var patience = new Option<string>("--patience") { Description = "How long each event may take", HelpName = "time", DefaultValueFactory = _ => "30s" };
        var json = new Option<bool>("--json") { Description = "One JSON object a line: what was done, what was told, and in the end what was not" };
        var rpc = new Option<string?>("--rpc") { Description = "RPC of the regtest node, with user and password (BELFRY__Chains__{id}__Rpc); its wallet pays", HelpName = "url" };
        var cookie = new Option<string?>("--cookie-file") { Description = "The node's cookie file in place of user and password", HelpName = "path" };
        var knobs = new Knobs(scenario.Name);
        var server = new ServerOptions();
        foreach (var option in (Option[])[chain, to, amount, patience, json, rpc, cookie]) command.Options.Add(option);
        foreach (var option in knobs.All) command.Options.Add(option);
        server.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = server.Open(parsed);
            var run = new TriggerRun(terminal, client)
            {
                Chain = parsed.GetValue(chain),
                To = parsed.GetValue(to),
                Amount = decimal.TryParse(parsed.GetValue(amount), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var asked) && asked > 0
                    ? asked
                    : throw new UsageException($"--amount '{parsed.GetValue(amount)}' is not an amount: expected for instance 0.05."),
                Patience = Knobs.Time("--patience", parsed.GetValue(patience)!),
                AsJson = parsed.GetValue(json),
                Rpc = parsed.GetValue(rpc),
                CookieFile = parsed.GetValue(cookie),
            };
            return await run.RunAsync(scenario, settings => knobs.Apply(settings, parsed), cancellationToken);
        });
        return command;
    }
}

/// <summary>The options that only some scenarios have.</summary>
sealed class Knobs
{
    readonly Option<bool>? rbf, rest;
    readonly Option<string?>? reorgAfter, after;
    readonly Option<int>? confirmations;

    public Knobs(string scenario)
    {
        if (scenario == "payment")
        {
            rbf = new Option<bool>("--rbf") { Description = "Replace it by one with a higher fee before it is confirmed" };
            reorgAfter = new Option<string?>("--reorg-after") { Description = "Take its block back after this time: 2s, 500ms, 1m", HelpName = "time" };
            confirmations = new Option<int>("--confirmations") { Description = "Mine until it has as many", HelpName = "n", DefaultValueFactory = _ => 1 };
            All = [rbf, reorgAfter, confirmations];
        }
        else if (scenario == "late")
        {
            after = new Option<string?>("--after") { Description = "How long nothing is paid", HelpName = "time", DefaultValueFactory = _ => "2s" };
            All = [after];
        }
        else if (scenario == "underpaid")
        {
            rest = new Option<bool>("--then-rest") { Description = "Pay the rest afterwards" };
            All = [rest];
        }
    }

    public IReadOnlyList<Option> All { get; } = [];

    public PlaySettings Apply(PlaySettings settings, ParseResult parsed) => settings with
    {
        Rbf = rbf is not null && parsed.GetValue(rbf),
        ThenRest = rest is not null && parsed.GetValue(rest),
        ReorgAfter = reorgAfter is not null && parsed.GetValue(reorgAfter) is { } time ? Time("--reorg-after", time) : null,
        Late = after is not null && parsed.GetValue(after) is { } late ? Time("--after", late) : settings.Late,
        Confirmations = confirmations is null ? 1 : parsed.GetValue(confirmations) is var count and >= 1 and <= 100 ? count : throw new UsageException("--confirmations must be from 1 to 100."),
    };

    /// <summary>Reads <c>2s</c>, <c>500ms</c>, <c>1m</c>.</summary>
    public static TimeSpan Time(string option, string text)
    {
        var unit = text.TrimStart("0123456789.".ToCharArray());
        var scale = unit switch { "ms" => 0.001, "s" or "" => 1, "m" => 60, _ => 0 };
        return scale > 0 && double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number * scale is >= 0 and <= 86_400
            ? TimeSpan.FromSeconds(number * scale)
            : throw new UsageException($"{option} '{text}' is not a time: expected for instance 2s, 500ms or 1m.");
    }
}
