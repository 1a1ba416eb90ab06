using System.CommandLine;
using System.Text;
using Belfry.Client;

namespace Belfry.Cli;

/// <summary><c>belfry listen</c>: events as they happen, for people or as NDJSON.</summary>
static class ListenCommand
{
    public static Command Build(Terminal terminal)
    {
        var command = new TeachingCommand(
            "listen", "Show events as they happen, until Ctrl-C. A lost connection is made again by itself and goes on where it stopped.",
            "belfry listen",
            "belfry listen --event new_payment --currency BTC",
            "belfry listen --address bcrt1q… --address bcrt1p…",
            "belfry listen --json --after 0 > events.ndjson    # the whole journal, then live",
            "belfry listen --json --count 1 | jq .data         # wait for one event");
        var json = new Option<bool>("--json") { Description = "One JSON object a line, as the server sent it" };
        var addresses = Many("--address", "address", "Only this address (repeat for several)");
        var kinds = Many("--event", "kind", "Only this kind: new_payment, verified_tx, transaction_replaced, … (repeat for several)");
        var currencies = Many("--currency", "code", "Only this currency: BTC, LTC, … (repeat for several)");
        var after = new Option<long?>("--after") { Description = "Start after this event's seq; 0 is the beginning", HelpName = "seq" };
        var count = new Option<long?>("--count") { Description = "End after this many events", HelpName = "n" };
        var server = new ServerOptions();
        foreach (var option in (Option[])[json, addresses, kinds, currencies, after, count]) command.Options.Add(option);
        server.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            var wanted = new Subscription
            {
                Addresses = parsed.GetValue(addresses) ?? [],
                Events = parsed.GetValue(kinds) ?? [],
                Currencies = [.. (parsed.GetValue(currencies) ?? []).Select(code => code.ToUpperInvariant())],
            };
            return RunAsync(terminal, () => server.Open(parsed, Told(terminal)), wanted, parsed.GetValue(after), parsed.GetValue(count), parsed.GetValue(json), cancellationToken);
        });
        return command;
    }

    static Option<string[]> Many(string name, string help, string description) => new(name) { Description = description, HelpName = help, AllowMultipleArgumentsPerToken = false };

    static async Task<int> RunAsync(
        Terminal terminal, Func<BelfryClient> open, Subscription wanted, long? after, long? count, bool json, CancellationToken cancellationToken)
    {
        using var client = open();
        if (!json) await terminal.Error.WriteLineAsync($"listening to {client.Address.Authority}; Ctrl-C ends");
        try
        {
            long told = 0;
            await foreach (var happened in client.EventsAsync(wanted, after, cancellationToken: cancellationToken))
            {
                await terminal.Out.WriteLineAsync(json ? Encoding.UTF8.GetString(happened.Raw!.Value.Span) : EventLine.Render(happened, terminal));
                if (++told >= count) break;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            if (terminal.Interactive) await terminal.Error.WriteLineAsync();
        }

        return ExitCodes.Done;
    }

    static BelfryClientOptions Told(Terminal terminal)
    {
        var hint = " (is it running? start one with: belfry up)";
        return new BelfryClientOptions
        {
            ConnectionChanged = change =>
            {
                if (change.StartedOver) terminal.Error.WriteLine("connected; the server has a new journal (its data were replaced): starting at its beginning");
                else if (change.Connected) terminal.Error.WriteLine($"connected{(change.After is { } seq ? $", from seq {seq}" : "")}");
                else terminal.Error.WriteLine($"not connected: {change.Reason}{hint}; next attempt in {change.RetryIn!.Value.TotalSeconds:0.0} s");
                hint = "";
            },
        };
    }
}
