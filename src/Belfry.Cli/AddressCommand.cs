using System.CommandLine;
using System.Text.Json;
using Belfry.Client;

namespace Belfry.Cli;

/// <summary><c>belfry address</c>: balance and history of a watched address.</summary>
static class AddressCommand
{
    const int LargestPage = 500;

    public static Command Build(Terminal terminal)
    {
        var command = new TeachingCommand(
            "address", "Show balance and latest transactions of a watched address.",
            "belfry address btc bcrt1q…",
            "belfry address btc bcrt1q… --all",
            "belfry address btc bcrt1q… --json");
        var chain = Chains.Argument();
        var address = new Argument<string>("address") { Description = "Any spelling" };
        var limit = new Option<int>("--limit") { Description = "How many transactions", HelpName = "n", DefaultValueFactory = _ => 10 };
        var all = new Option<bool>("--all") { Description = "Every transaction" };
        var json = new Option<bool>("--json") { Description = "One JSON object: the address; then one a line: its transactions" };
        var server = new ServerOptions();
        command.Arguments.Add(chain);
        command.Arguments.Add(address);
        command.Options.Add(limit);
        command.Options.Add(all);
        command.Options.Add(json);
        server.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = server.Open(parsed);
            var (id, text) = (parsed.GetValue(chain)!, parsed.GetValue(address)!);
            var found = await client.ReadAddressAsync(id, text, cancellationToken);
            var unit = found.Others?.TryGetValue("currency", out var code) == true ? code.ToString() : id.ToUpperInvariant();
            if (parsed.GetValue(json)) await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(found, CliJson.Default.AddressInfo));
            else await WriteAsync(terminal, found, unit);
            var left = parsed.GetValue(all) ? long.MaxValue : Math.Max(0, parsed.GetValue(limit));
            string? after = null;
            while (left > 0)
            {
                var page = await client.ReadHistoryAsync(id, text, after, (int)Math.Min(left, LargestPage), cancellationToken);
                foreach (var transaction in page.Transactions) await terminal.Out.WriteLineAsync(parsed.GetValue(json) ? transaction.GetRawText() : Line(transaction, found.Address));
                (after, left) = (page.Next, left - page.Transactions.Count);
                if (after is null) break;
            }

            return ExitCodes.Done;
        });
        return command;
    }

    static async Task WriteAsync(Terminal terminal, AddressInfo found, string unit)
    {
        await terminal.Out.WriteLineAsync(terminal.Paint(Ink.Bold, found.Address));
        await terminal.Out.WriteLineAsync($"  confirmed    {found.Balance.Confirmed} {unit}");
        await terminal.Out.WriteLineAsync($"  unconfirmed  {found.Balance.Unconfirmed} {unit}");
        if (found.Balance.Immature != "0") await terminal.Out.WriteLineAsync($"  immature     {found.Balance.Immature} {unit}");
        await terminal.Out.WriteLineAsync($"  received {found.Received}, sent {found.Sent}, {found.Transactions} transactions, as of seq {found.Sequence}");
    }

    static string Line(JsonElement transaction, string address) =>
        $"  {Text(transaction, "state"),-10} {Text(transaction, "block_height"),8} {Net(transaction, address),18}  {Text(transaction, "tx_hash")}";

    /// <summary>What the transaction changes for this address: its movements name every watched address.</summary>
    static string Net(JsonElement transaction, string address)
    {
        if (!transaction.TryGetProperty("movements", out var movements)) return "";
        foreach (var movement in movements.EnumerateArray())
            if (Text(movement, "address") == address) return (Text(movement, "direction") == "out" ? "-" : "+") + Text(movement, "amount");
        return "";
    }

    static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : "";
}
