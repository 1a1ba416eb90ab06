using System.CommandLine;
using System.Text.Json;

namespace Belfry.Cli;

/// <summary><c>belfry address</c>: balance and history of a watched address.</summary>
static class AddressCommand
{
    public static Command Build(Terminal terminal)
    {
        var command = new TeachingCommand(
            "address", "Show balance and latest transactions of a watched address.",
            "belfry address btc bcrt1q…",
            "belfry address btc bcrt1q… --json");
        var chain = new Argument<string>("chain") { Description = "btc, ltc, bch, doge" };
        var address = new Argument<string>("address") { Description = "Any spelling" };
        var limit = new Option<int>("--limit") { Description = "How many transactions", HelpName = "n", DefaultValueFactory = _ => 10 };
        var json = new Option<bool>("--json") { Description = "One JSON object: the address; then one a line: its transactions" };
        var server = new ServerOptions();
        command.Arguments.Add(chain);
        command.Arguments.Add(address);
        command.Options.Add(limit);
        command.Options.Add(json);
        server.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = server.Open(parsed);
            var (id, text) = (parsed.GetValue(chain)!, parsed.GetValue(address)!);
            var found = await client.ReadAddressAsync(id, text, cancellationToken);
            var history = await client.ReadHistoryAsync(id, text, limit: parsed.GetValue(limit), cancellationToken: cancellationToken);
            if (parsed.GetValue(json))
            {
                await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(found, CliJson.Default.AddressInfo));
                foreach (var transaction in history.Transactions) await terminal.Out.WriteLineAsync(transaction.GetRawText());
                return ExitCodes.Done;
            }

            var unit = id.ToUpperInvariant();
            await terminal.Out.WriteLineAsync(terminal.Paint(Ink.Bold, found.Address));
            await terminal.Out.WriteLineAsync($"  confirmed    {found.Balance.Confirmed} {unit}");
            await terminal.Out.WriteLineAsync($"  unconfirmed  {found.Balance.Unconfirmed} {unit}");
            if (found.Balance.Immature != "0") await terminal.Out.WriteLineAsync($"  immature     {found.Balance.Immature} {unit}");
            await terminal.Out.WriteLineAsync($"  received {found.Received}, sent {found.Sent}, {found.Transactions} transactions, as of seq {found.Sequence}");
            foreach (var transaction in history.Transactions)
                await terminal.Out.WriteLineAsync($"  {Text(transaction, "state"),-10} {Net(transaction, found.Address),18}  {Text(transaction, "tx_hash")}");
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>What the transaction changes for this address: its movements name every watched address.</summary>
    static string Net(JsonElement transaction, string address)
    {
        if (!transaction.TryGetProperty("movements", out var movements)) return "";
        foreach (var movement in movements.EnumerateArray())
            if (Text(movement, "address") == address) return (Text(movement, "direction") == "out" ? "-" : "+") + Text(movement, "amount");
        return "";
    }

    static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.ToString() : "";
}
