using System.CommandLine;
using System.Text;
using Belfry.Cli.Forwarding;
using Belfry.Client;

namespace Belfry.Cli;

/// <summary><c>belfry listen</c>: events as they happen, for people, as NDJSON, or posted to a URL.</summary>
static class ListenCommand
{
    public static Command Build(Terminal terminal)
    {
        var command = new TeachingCommand(
            "listen", "Show events as they happen, until Ctrl-C. A lost connection is made again by itself and goes on where it stopped.",
            "belfry listen",
            "belfry listen --event new_payment --currency BTC --filter 'amount>=0.5'",
            "belfry listen --address bcrt1q… --address bcrt1p…",
            "belfry listen --json --after 0 > events.ndjson    # the whole journal, then live",
            "belfry listen --json --count 1 | jq .data         # wait for one event",
            "belfry listen --forward-to 3000/hook              # POST each to http://127.0.0.1:3000/hook, in order, until it is taken",
            "belfry listen --forward-to http://127.0.0.1:3000 --cursor shop.cursor    # and go on there after a restart");
        var json = new Option<bool>("--json") { Description = "One JSON object a line, as the server sent it; with --forward-to one for each attempt" };
        var after = new Option<long?>("--after") { Description = "Start after this event's seq; 0 is the beginning", HelpName = "seq" };
        var count = new Option<long?>("--count") { Description = "End after this many events", HelpName = "n" };
        var cursor = new Option<string?>("--cursor") { Description = "File that remembers the last event handled; a later start goes on there and leaves none out", HelpName = "file" };
        var forward = new Option<string?>("--forward-to") { Description = "POST each event to this address; the next one only when it answered 2xx", HelpName = "url" };
        var attempts = new Option<int>("--attempts") { Description = "With --forward-to: give up after this many attempts for one event; 0: never", HelpName = "n" };
        var selection = new EventSelection();
        var server = new ServerOptions();
        command.Options.Add(json);
        selection.AddTo(command);
        foreach (var option in (Option[])[after, count, cursor, forward, attempts]) command.Options.Add(option);
        server.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var wanted = selection.Read(parsed);
            using var forwarder = parsed.GetValue(forward) is { } target
                ? new EventForwarder(EventForwarder.ReadTarget(target), terminal, TimeProvider.System) { Attempts = parsed.GetValue(attempts), AsJson = parsed.GetValue(json) }
                : null;
            using var file = parsed.GetValue(cursor) is { } path ? await CursorFile.OpenAsync(path, TimeProvider.System, cancellationToken) : null;
            using var client = server.Open(parsed, Told(terminal, file));
            var run = new Listening(terminal, client, wanted) { From = parsed.GetValue(after), Count = parsed.GetValue(count), AsJson = parsed.GetValue(json), Cursor = file, Forwarder = forwarder };
            return await run.RunAsync(cancellationToken);
        });
        return command;
    }

    static BelfryClientOptions Told(Terminal terminal, CursorFile? cursor)
    {
        var hint = " (is it running? start one with: belfry up)";
        return new BelfryClientOptions
        {
            // a person waits in front of it: a server that starts is found within seconds
            MaxBackoff = TimeSpan.FromSeconds(5),
            Lagged = lag => terminal.Error.WriteLine($"behind: sent up to seq {lag.After} of {lag.Head}; the rest comes from the journal, nothing is lost"),
            ConnectionChanged = change =>
            {
                if (change is { Connected: true, After: { } at }) cursor?.BeginAt(at, change.Epoch);
                if (change.StartedOver) terminal.Error.WriteLine("connected; the server has a new journal (its data were replaced): starting at its beginning");
                else if (change.Connected) terminal.Error.WriteLine($"connected{(change.After is { } seq ? $", from seq {seq}" : "")}");
                else terminal.Error.WriteLine($"not connected: {change.Reason}{hint}; next attempt in {change.RetryIn!.Value.TotalSeconds:0.0} s");
                hint = "";
            },
        };
    }
}

/// <summary>One run of <c>belfry listen</c>.</summary>
sealed class Listening(Terminal terminal, BelfryClient client, Subscription wanted)
{
    public long? From { get; init; }

    public long? Count { get; init; }

    public bool AsJson { get; init; }

    public CursorFile? Cursor { get; init; }

    public EventForwarder? Forwarder { get; init; }

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        if (!AsJson) await terminal.Error.WriteLineAsync($"listening to {client.Address.Authority}; Ctrl-C ends");
        try
        {
            // what was remembered goes before what was typed: the same command line can be started again and again
            var position = Cursor?.Position;
            long told = 0;
            if (Count is not 0)
                await foreach (var happened in client.EventsAsync(wanted, position?.After ?? From, position?.Epoch, cancellationToken))
                {
                    await HandleAsync(happened, cancellationToken);
                    if (++told >= Count) break;
                }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            if (terminal.Interactive) await terminal.Error.WriteLineAsync();
        }
        catch (NotTakenException refused)
        {
            await terminal.Error.WriteLineAsync("belfry: " + refused.Message);
            return ExitCodes.Refused;
        }
        finally
        {
            Cursor?.Save();
        }

        return ExitCodes.Done;
    }

    async Task HandleAsync(BelfryEvent happened, CancellationToken cancellationToken)
    {
        if (Forwarder is not null) await Forwarder.ForwardAsync(happened, cancellationToken);
        else await terminal.Out.WriteLineAsync(AsJson ? Encoding.UTF8.GetString(happened.Raw!.Value.Span) : EventLine.Render(happened, terminal));
        Cursor?.Handled(happened);
    }
}
