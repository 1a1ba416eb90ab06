using System.Text.Json;
using System.Text.RegularExpressions;
using Belfry.TestKit;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.Cli;

/// <summary>Every block of commands in docs/guide that can run here, executed as it stands: the whole page in one shell. Only ports and the programs' paths are those of the test.</summary>
public sealed partial class GuideBlockTests(DemoServer demo) : IClassFixture<DemoServer>
{
    [Fact]
    public async Task Watching_at_scale_runs_as_written()
    {
        var seen = await RunAsync("watching-at-scale.md");
        seen.Error.ShouldContain("1,000 watched, 0 refused");
        seen.Error.ShouldContain("line 2: address: ");
        seen.Out.ShouldContain("some lines were refused");
        seen.Lines.Select(line => line.Trim()).ShouldContain(line => line.StartsWith("{\"line\":1000,", StringComparison.Ordinal));
        seen.Lines.Where(line => int.TryParse(line, out var count) && count > 2000).ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Resume_runs_as_written()
    {
        using var hook = FreePort.Lease();
        var seen = await RunAsync("resume.md", ("HOOK_PORT", hook.Number.ToString()));
        seen.Out.ShouldContain("\"seq\":1 \"seq\":2 \"seq\":3 \"seq\":4 \"seq\":5 \"seq\":6");
        seen.Out.ShouldContain("\"after\":6");
        seen.Out.ShouldMatch(@"(?s)\n1 new_transaction.*\n5 \w+");
        seen.Out.ShouldContain("\"seq\":4\n\"seq\":5");
        seen.Error.ShouldContain("3 events replayed");
    }

    [Fact]
    public async Task The_command_line_runs_as_written()
    {
        // the first block packs and installs: PackageTests
        var seen = await RunAsync("command-line.md");
        seen.Out.ShouldContain("told      transaction_reorged");
        seen.Out.ShouldContain("\"ok\":true");
        seen.Out.ShouldContain("\"canonical\":\"bc1qw508");
        seen.Out.ShouldContain("disk sync");
    }

    [Fact]
    public async Task The_first_event_runs_as_written_on_the_simulated_chain()
    {
        var page = await PageAsync("first-event.md");
        var blocks = Blocks().Matches(page[..page.IndexOf("## 4.", StringComparison.Ordinal)]).Select(block => block.Groups["lines"].Value).ToList();
        blocks.Count.ShouldBe(3);
        blocks[0].Trim().ShouldBe("./belfry up");
        // listening ends with Ctrl-C in the guide, after one event here; something to be heard is made to happen meanwhile
        var looking = string.Join('\n', blocks[1].Split('\n').Select(line => line.StartsWith("./belfry listen", StringComparison.Ordinal) ? $"{line.Split('#')[0]} --count 1" : line));
        await using var seen = Typed.Shell(Prepare(looking + blocks[2].Replace("<an address that ./belfry up printed>", "$ADDRESS", StringComparison.Ordinal).Replace("<the same address>", "$ADDRESS", StringComparison.Ordinal)),
            Environment(("ADDRESS", await demo.AddressAsync())), demo.Folder);
        while (!seen.HasExited && !seen.Out.Contains("transaction_replaced")) await (await Typed.EndedAsync(["trigger", "replaced", "--to", await demo.AddressAsync(), "--server", demo.Url])).DisposeAsync();
        await seen.EndAsync();
        seen.ExitCode.ShouldBe(0, seen.Out + seen.Error);
        seen.Out.ShouldContain("transaction_replaced");
        seen.Out.ShouldContain("\"seq\":1,");
        seen.Out.ShouldMatch(@"confirmed +\d");
    }

    [Fact]
    public async Task The_own_node_is_followed_as_the_guide_configures_it()
    {
        var litecoind = TestPeers.RequireLitecoind();
        var page = await PageAsync("own-node.md");
        var part = page[page.IndexOf("## Litecoin Core", StringComparison.Ordinal)..page.IndexOf("## Bitcoin Cash Node", StringComparison.Ordinal)];
        var settings = Configuration().Match(part).Groups["lines"].Value;
        var command = Blocks().Match(part).Groups["lines"].Value;
        using FreePort rpc = FreePort.Lease(), peer = FreePort.Lease(), web = FreePort.Lease();
        var folder = Directory.CreateTempSubdirectory("belfry-test-").FullName;
        // a node of the main network that knows nobody: nothing is dialled
        await File.WriteAllTextAsync(Path.Combine(folder, "litecoin.conf"), $"{settings}\nconnect=0\ndnsseed=0\nupnp=0\nlistenonion=0\nbind=127.0.0.1:{peer.Number}\nrpcport={rpc.Number}\nrpcbind=127.0.0.1\nrpcallowip=127.0.0.1\n", TestContext.Current.CancellationToken);
        var node = ChildProcess.Start(litecoind, [$"-datadir={folder}", "-printtoconsole"]);
        var line = command.Replace("./belfry", $"dotnet '{Typed.Program}'", StringComparison.Ordinal)
            .Replace("127.0.0.1:9332", rpc.ToString(), StringComparison.Ordinal).Replace("127.0.0.1:9333", peer.ToString(), StringComparison.Ordinal);
        var server = ChildProcess.Start("/bin/bash", ["-c", "exec env " + line], new Dictionary<string, string> { ["BELFRY__Urls"] = $"http://{web}" }, folder);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        try
        {
            await Eventually.HoldsAsync(async () =>
            {
                var chain = JsonElement.Parse(await http.GetStringAsync($"http://{web}/api/v1/chains"))[0];
                return chain.GetProperty("network").GetString() == "main" && chain.GetProperty("feed").GetString() == "peer"
                    && chain.GetProperty("reason").GetString() == "the node is still downloading its chain";
            }, TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{node.Output}\n{server.Output}", late);
        }
        finally
        {
            await server.DisposeAsync();
            await node.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    static Task<string> PageAsync(string name) => File.ReadAllTextAsync(Path.Combine(TestPeers.Folder, "..", "..", "docs", "guide", name), TestContext.Current.CancellationToken);

    string Prepare(string lines) => "set -e\n" + lines.Replace("./belfry", $"dotnet '{Typed.Program}'", StringComparison.Ordinal).Replace("http://127.0.0.1:8081", demo.Url, StringComparison.Ordinal);

    Dictionary<string, string> Environment(params (string Name, string Value)[] more) => new(more.Select(pair => KeyValuePair.Create(pair.Name, pair.Value))) { ["BELFRY__Urls"] = demo.Url };

    async Task<Typed> RunAsync(string name, params (string, string)[] environment)
    {
        await Eventually.HoldsAsync(async () => await demo.HeadAsync() >= 40);
        var blocks = Blocks().Matches(await PageAsync(name)).Select(block => block.Groups["lines"].Value).Where(block => !block.Contains("dotnet pack", StringComparison.Ordinal)).ToList();
        blocks.Count.ShouldBeGreaterThanOrEqualTo(3);
        var folder = Directory.CreateDirectory(Path.Combine(demo.Folder, name + ".d")).FullName;
        var seen = await Typed.Shell(Prepare(string.Concat(blocks)), Environment(environment), folder).EndAsync(TimeSpan.FromSeconds(120));
        seen.ExitCode.ShouldBe(0, seen.Out + seen.Error);
        return seen;
    }

    [GeneratedRegex("```sh\n(?<lines>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Blocks();

    [GeneratedRegex("```ini\n(?<lines>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Configuration();
}
