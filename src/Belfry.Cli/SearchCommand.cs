using System.CommandLine;
using System.Text;
using System.Text.Json;

namespace Belfry.Cli;

/// <summary><c>belfry search</c>: whatever somebody has in hand.</summary>
static class SearchCommand
{
    public static Command Build(Terminal terminal)
    {
        var command = new TeachingCommand(
            "search", "Find a transaction, block, height, address or event in the journal, and what was told of it.",
            "belfry search 75bcbc5bfbcf…c882            # a transaction or a block",
            "belfry search fe3f887ba0469c8e41cb8386e824c4d5   # an event's id",
            "belfry search 840000 --chain btc",
            "belfry search seq:1042",
            "belfry search bcrt1q… --json | jq .data.event");
        var text = new Argument<string>("what") { Description = "A hash, an id, a height, seq:NUMBER or an address in any spelling" };
        var chain = Chains.Option("Only this chain");
        var limit = new Option<int>("--limit") { Description = "At most this many events", HelpName = "n", DefaultValueFactory = _ => 50 };
        var after = new Option<long>("--after") { Description = "Only events after this seq", HelpName = "seq" };
        var json = new Option<bool>("--json") { Description = "One JSON object a line: what was found, then the events" };
        var server = new ServerOptions();
        command.Arguments.Add(text);
        foreach (var option in (Option[])[chain, limit, after, json]) command.Options.Add(option);
        server.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = server.Open(parsed);
            var wanted = parsed.GetValue(text)!;
            var page = await client.SearchAsync(wanted, parsed.GetValue(chain), parsed.GetValue(after), parsed.GetValue(limit), cancellationToken);
            foreach (var found in page.Found) await terminal.Out.WriteLineAsync(parsed.GetValue(json) ? found.GetRawText() : Describe(found, terminal));
            foreach (var told in page.Events)
                await terminal.Out.WriteLineAsync(parsed.GetValue(json) ? Encoding.UTF8.GetString(told.Raw!.Value.Span) : $"  {terminal.Paint(Ink.Dim, $"seq {told.Sequence}".PadRight(10))} {EventLine.Render(told, terminal)}");
            if (page.More && page.Events.Count > 0) await terminal.Error.WriteLineAsync($"there is more: --after {page.Next}");
            // an address is a thing in itself; that nothing was told of it is an answer
            if (page.Found.Count + page.Events.Count > 0) return ExitCodes.Done;
            await terminal.Error.WriteLineAsync($"belfry: nothing in the journal is '{wanted}'");
            return ExitCodes.Refused;
        });
        return command;
    }

    static string Describe(JsonElement found, Terminal terminal)
    {
        var chain = Text(found, "chain");
        if (found.TryGetProperty("transaction", out var transaction))
        {
            var where = Text(transaction, "block_height") is { Length: > 0 } height ? $", {Text(transaction, "confirmations")} confirmations, block {height}" : "";
            var lines = new StringBuilder(terminal.Paint(Ink.Bold, $"{chain} transaction {Text(transaction, "tx_hash")}")).Append($"  {Text(transaction, "state")}{where}");
            foreach (var movement in transaction.GetProperty("movements").EnumerateArray())
                lines.AppendLine().Append($"  {(Text(movement, "direction") == "out" ? "-" : "+")}{Text(movement, "amount")} {Text(transaction, "currency")}  {Text(movement, "address")}");
            return lines.ToString();
        }

        if (found.TryGetProperty("block", out var block))
            return terminal.Paint(Ink.Bold, $"{chain} block {Text(block, "height")}") + $"  {Text(block, "hash")}  {(block.GetProperty("in_best_chain").GetBoolean() ? "in the best chain" : "no longer in the best chain")}";
        if (!found.TryGetProperty("address", out var address)) return terminal.Paint(Ink.Bold, $"{chain} {Text(found, "kind")}");
        var balance = address.GetProperty("balance");
        return terminal.Paint(Ink.Bold, $"{chain} address {Text(address, "address")}")
            + $"  confirmed {Text(balance, "confirmed")}, unconfirmed {Text(balance, "unconfirmed")}, {Text(address, "transactions")} transactions{(address.GetProperty("watched").GetBoolean() ? "" : ", not watched")}";
    }

    static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : "";
}
