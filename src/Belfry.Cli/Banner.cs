using System.Text;

namespace Belfry.Cli;

/// <summary>What a started server says first: where it is and what to try.</summary>
static class Banner
{
    /// <summary>An address of the demonstration, with whose it is.</summary>
    public readonly record struct DemoAddress(string Chain, string Owner, string Address);

    /// <summary>How the command was called: by its name where it is installed, <c>./belfry</c> in a clone.</summary>
    static string Command => Environment.GetEnvironmentVariable("BELFRY_COMMAND") is { Length: > 0 } script ? script : "belfry";

    /// <summary>The banner as text.</summary>
    /// <param name="terminal">Decides about colour.</param>
    /// <param name="url">Where the server listens.</param>
    /// <param name="chains">One line for each chain: id, network, endpoint.</param>
    /// <param name="demo">Addresses with live traffic; empty on real chains.</param>
    /// <param name="data">The data folder.</param>
    public static string Render(Terminal terminal, string url, IReadOnlyList<string> chains, IReadOnlyList<DemoAddress> demo, string data)
    {
        var text = new StringBuilder();
        var root = url.TrimEnd('/');
        text.AppendLine().AppendLine(terminal.Paint(Ink.Bold, "  Belfry is up"));
        text.AppendLine($"""

              page         {terminal.Paint(Ink.Cyan, root + "/")}
              events       {root.Replace("http", "ws", StringComparison.Ordinal)}/ws/events
              requests     {root}/api/v1/   described at {root}/openapi/v1.json
              data         {data}
            """);
        foreach (var chain in chains) text.AppendLine("  chain        " + chain);
        if (demo.Count > 0)
        {
            text.AppendLine().AppendLine(terminal.Paint(Ink.Bold, "  Watched already, a payment to one of them about every second (simulated money)"));
            foreach (var address in demo) text.AppendLine($"  {address.Owner,-12} {address.Address}");
        }

        var server = root == "http://127.0.0.1:8081" ? "" : $" --server {root}";
        text.AppendLine().AppendLine(terminal.Paint(Ink.Bold, "  Try this in another terminal"));
        text.AppendLine($"  {Command} listen{server}");
        if (demo.Count > 0) text.AppendLine($"  {Command} address {demo[0].Chain} {demo[0].Address}{server}");
        else if (chains.Count > 0) text.AppendLine($"  {Command} watch add {chains[0].Split(' ')[0]} ADDRESS{server}");
        text.AppendLine($"  curl {root}/api/v1/chains");
        text.AppendLine($"  curl '{root}/api/v1/events?limit=3'");
        if (demo.Count > 0)
        {
            text.AppendLine($"  curl -X POST {root}/api/v1/watches -H 'content-type: application/json' \\");
            text.AppendLine($"       -d '{{\"chain\":\"{demo[0].Chain}\",\"address\":\"{demo[0].Address}\"}}'");
        }

        if (demo.Count > 0)
        {
            text.AppendLine().AppendLine(terminal.Paint(Ink.Bold, "  The same on your own node (docs/guide/first-event.md)"));
            text.AppendLine($"  BELFRY__Chains__btc__Network=regtest BELFRY__Chains__btc__Rpc=http://user:password@127.0.0.1:18443 {Command} up");
        }

        return text.AppendLine().AppendLine("  Ctrl-C stops").ToString();
    }
}
