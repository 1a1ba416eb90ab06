using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Belfry.TestKit;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.Cli;

/// <summary>docs/guide/first-event.md, executed as it stands; only ports, folders and the programs' paths are those of the test.</summary>
public sealed partial class GuideTests : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    readonly string folder = Directory.CreateTempSubdirectory("belfry-test-").FullName;
    readonly FreePort web = FreePort.Lease(), rpc = FreePort.Lease(), peer = FreePort.Lease();
    readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(10) };
    readonly List<ChildProcess> started = [];

    [Fact]
    public async Task The_first_event_on_an_own_node_comes_as_the_guide_says()
    {
        var litecoind = TestPeers.RequireLitecoind();
        var page = await File.ReadAllTextAsync(Path.Combine(TestPeers.Folder, "..", "..", "docs", "guide", "first-event.md"), TestContext.Current.CancellationToken);
        var steps = Blocks().Matches(page[page.IndexOf("## 4.", StringComparison.Ordinal)..]).Select(block => block.Groups["lines"].Value).ToList();
        steps.Count.ShouldBe(3);

        // in the foreground, so that its end is known
        Start("exec " + steps[0].Replace("litecoind -regtest -daemon", $"{litecoind} -regtest -port={peer.Number} -rpcport={rpc.Number}", StringComparison.Ordinal));
        var server = Start("exec env " + steps[1]);
        await Eventually.HoldsAsync(() => server.Output.Contains("Ctrl-C stops"), Patience);
        await Eventually.HoldsAsync(async () => (await ChainAsync()).GetProperty("height").ValueKind == JsonValueKind.Number, Patience);

        var typed = Start("set -e\n" + steps[2]);
        await typed.WaitForExitAsync(Patience);
        typed.ExitCode.ShouldBe(0, typed.Output);
        typed.Output.ShouldContain("new_payment");
        typed.Output.ShouldContain("unconfirmed  1.5 LTC");
        var till = Till().Match(typed.Output).Value;
        await Eventually.HoldsAsync(
            async () => (await http.GetFromJsonAsync<JsonElement>($"http://{web}/api/v1/addresses/ltc/{till}")).GetProperty("balance").GetProperty("confirmed").GetString() == "1.5", Patience);
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        foreach (var process in started) await process.DisposeAsync();
        foreach (var port in (FreePort[])[web, rpc, peer]) port.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    async Task<JsonElement> ChainAsync() => (await http.GetFromJsonAsync<JsonElement>($"http://{web}/api/v1/chains"))[0];

    ChildProcess Start(string lines)
    {
        var mine = lines.Replace("./belfry", $"dotnet '{Path.Combine(AppContext.BaseDirectory, "belfry.dll")}'", StringComparison.Ordinal)
            .Replace("127.0.0.1:19443", rpc.ToString(), StringComparison.Ordinal)
            .Replace("litecoin-cli -regtest", $"litecoin-cli -regtest -rpcport={rpc.Number}", StringComparison.Ordinal);
        var shell = ChildProcess.Start("/bin/bash", ["-c", mine], new Dictionary<string, string> { ["HOME"] = folder, ["BELFRY__Urls"] = $"http://{web}" }, folder);
        started.Add(shell);
        return shell;
    }

    [GeneratedRegex("```sh\n(?<lines>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Blocks();

    [GeneratedRegex("rltc1q[a-z0-9]+(?=  from seq)")]
    private static partial Regex Till();
}
