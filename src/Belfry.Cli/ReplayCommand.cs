using System.CommandLine;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Belfry.Cli.Forwarding;
using Belfry.Client;
using Belfry.Core.Journal.Filters;

namespace Belfry.Cli;

/// <summary><c>belfry replay</c>: events of the journal once more, as they were told.</summary>
static class ReplayCommand
{
    public static Command Build(Terminal terminal)
    {
        var command = new TeachingCommand(
            "replay", "Tell events of the journal once more, with their ids and in their order: on the terminal, as NDJSON, or to a URL.",
            "belfry replay --from-seq 1042 --to-seq 1100",
            "belfry replay --chain btc --from-block 840000 --to-block 840010 --event new_payment --json",
            "belfry replay --from-seq 1 --forward-to 3000/hook          # as they were posted, with the header belfry-replay: true",
            "belfry replay --from-seq 1 --speed 60                      # with the pauses of then, sixty times as fast");
        var fromSeq = new Option<long?>("--from-seq") { Description = "The first event's seq", HelpName = "seq" };
        var toSeq = new Option<long?>("--to-seq") { Description = "The last event's seq; without it: what is there now", HelpName = "seq" };
        var fromBlock = new Option<long?>("--from-block") { Description = "Begin where this block was first told; needs --chain when several are followed", HelpName = "height" };
        var toBlock = new Option<long?>("--to-block") { Description = "End before the block above this one was told", HelpName = "height" };
        var chain = Chains.Option("Only this chain");
        var json = new Option<bool>("--json") { Description = "One JSON object a line; with --forward-to one for each attempt" };
        var forward = new Option<string?>("--forward-to") { Description = "POST each event to this address; the next one only when it answered 2xx", HelpName = "url" };
        var attempts = new Option<int>("--attempts") { Description = "With --forward-to: give up after this many attempts for one event; 0: never", HelpName = "n" };
        var speed = new Option<double?>("--speed") { Description = "Keep the pauses between the events, this many times shorter", HelpName = "factor" };
        var selection = new EventSelection();
        var server = new ServerOptions();
        foreach (var option in (Option[])[fromSeq, toSeq, fromBlock, toBlock, chain]) command.Options.Add(option);
        selection.AddTo(command);
        foreach (var option in (Option[])[json, forward, attempts, speed]) command.Options.Add(option);
        server.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var wanted = selection.Read(parsed);
            if (parsed.GetValue(fromSeq) is null == parsed.GetValue(fromBlock) is null) throw new UsageException("say where to begin: --from-seq or --from-block.");
            if (parsed.GetValue(speed) is <= 0) throw new UsageException("--speed must be above 0: 1 is as fast as it was, 60 is sixty times as fast.");
            if (wanted.Addresses.Count > 1) throw new UsageException("replay takes one --address; for several use --filter, or replay each.");
            using var client = server.Open(parsed);
            using var forwarder = parsed.GetValue(forward) is { } target
                ? new EventForwarder(EventForwarder.ReadTarget(target), terminal, TimeProvider.System) { Attempts = parsed.GetValue(attempts), AsJson = parsed.GetValue(json), IsReplay = true }
                : null;
            var replay = new Replay(terminal, client, wanted, parsed.GetValue(chain)) { AsJson = parsed.GetValue(json), Speed = parsed.GetValue(speed), Forwarder = forwarder };
            var from = parsed.GetValue(fromSeq) ?? await replay.FindBlockAsync(parsed.GetValue(fromBlock)!.Value, cancellationToken)
                ?? throw new RefusedException($"the journal tells of no block {parsed.GetValue(fromBlock)}.");
            var to = parsed.GetValue(toSeq);
            if (parsed.GetValue(toBlock) is { } last) to = await replay.FindBlockAsync(last + 1, cancellationToken) is { } next ? next - 1 : to;
            return await replay.RunAsync(from, to, cancellationToken);
        });
        return command;
    }
}

/// <summary>One run of <c>belfry replay</c>.</summary>
sealed class Replay(Terminal terminal, BelfryClient client, Subscription wanted, string? chain)
{
    const int PageSize = 500;

    readonly EventFilter? filter = wanted.Filter is { } condition ? EventFilter.Parse(condition).Filter : null;

    public bool AsJson { get; init; }

    public double? Speed { get; init; }

    public EventForwarder? Forwarder { get; init; }

    /// <summary>Seq of the event that first told of a block at this height; null: there is none.</summary>
    public async Task<long?> FindBlockAsync(long height, CancellationToken cancellationToken)
    {
        var page = await client.ReadEventsAsync(0, PageSize, chain, kind: "new_block", height: height, cancellationToken: cancellationToken);
        if (page.Events.Select(told => told.Data.Currency).Distinct().Count() > 1) throw new UsageException($"several chains have a block {height}: name one with --chain.");
        return page.Events.Count == 0 ? null : page.Events[0].Sequence;
    }

    public async Task<int> RunAsync(long from, long? to, CancellationToken cancellationToken)
    {
        var head = await client.ReadHeadAsync(cancellationToken);
        if (from < 1 || from > head) throw new RefusedException($"the journal ends at {head}: there is no event {from}.");
        double? before = null;
        var count = 0L;
        try
        {
            await foreach (var told in ReadAsync(from - 1, Math.Min(to ?? head, head), cancellationToken))
            {
                if (Speed is { } speed && before is { } then && told.Timestamp > then) await Task.Delay(TimeSpan.FromSeconds((told.Timestamp - then) / speed), TimeProvider.System, cancellationToken);
                before = told.Timestamp;
                if (Forwarder is not null) await Forwarder.ForwardAsync(told, cancellationToken);
                else await terminal.Out.WriteLineAsync(AsJson ? Encoding.UTF8.GetString(told.Raw!.Value.Span) : EventLine.Render(told, terminal));
                count++;
            }
        }
        catch (NotTakenException refused)
        {
            await terminal.Error.WriteLineAsync("belfry: " + refused.Message);
            return ExitCodes.Refused;
        }

        if (!AsJson) await terminal.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{count:N0} events replayed"));
        return ExitCodes.Done;
    }

    async IAsyncEnumerable<BelfryEvent> ReadAsync(long after, long to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var kinds = wanted.Events.Count == 0 ? null : string.Join(',', wanted.Events);
        while (after < to)
        {
            var page = await client.ReadEventsAsync(after, PageSize, chain, wanted.Addresses.Count == 0 ? null : wanted.Addresses[0], kinds, cancellationToken: cancellationToken);
            foreach (var told in page.Events)
            {
                if (told.Sequence > to) yield break;
                if (IsWanted(told)) yield return told;
            }

            if (!page.More) yield break;
            after = page.Next;
        }
    }

    bool IsWanted(BelfryEvent told) =>
        (wanted.Currencies.Count == 0 || wanted.Currencies.Contains(told.Data.Currency))
        && (filter is null || filter.Matches(Encoding.UTF8.GetBytes(JsonElement.Parse(told.Raw!.Value.Span).GetProperty("data").GetRawText())));
}
