using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Belfry.Cli;
using Belfry.TestKit;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.Cli;

/// <summary>The program as people start it, with what goes wrong on a first day: it says what is the matter and what to turn, and never shows a trace.</summary>
public sealed class ServerProcessTests : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    static readonly string Program = Path.Combine(AppContext.BaseDirectory, "belfry.dll");
    readonly string folder = Directory.CreateTempSubdirectory("belfry-test-").FullName;
    readonly List<ChildProcess> started = [];
    readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(10) };

    [Theory]
    [InlineData("up --urls nonsense", "http://127.0.0.1:8081")]
    [InlineData("up --urls http://127.0.0.1:9000/path", "nothing behind them")]
    [InlineData("up --urls https://127.0.0.1:0", "certificate")]
    [InlineData("up --urls http://0.0.0.0:0", "BELFRY__ApiKey")]
    [InlineData("demo --data /proc/version", "--data")]
    public async Task What_cannot_be_used_is_refused_in_one_breath(string line, string told)
    {
        var refused = await EndAsync(line);
        refused.ShouldContain(told);
        refused.Split('\n').Length.ShouldBeLessThan(5);
    }

    [Fact]
    public async Task A_broken_settings_file_is_named_with_the_place()
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "appsettings.json"), """{"Belfry": {"Urls": """, TestContext.Current.CancellationToken);
        var refused = await EndAsync("up");
        refused.ShouldContain("appsettings.json");
        refused.ShouldContain("LineNumber");
    }

    [Fact]
    [Trait("Fault", "S03")]
    public async Task A_port_in_use_and_a_data_folder_in_use_are_told_apart()
    {
        using var port = FreePort.Lease();
        var first = Start($"up --urls http://{port}");
        await Eventually.HoldsAsync(() => first.Output.Contains("Ctrl-C stops"), Patience);
        (await EndAsync($"up --data other --urls http://{port}")).ShouldContain("address already in use");
        (await EndAsync("up --urls http://127.0.0.1:0")).ShouldContain("another Belfry runs");
        first.Terminate();
        await first.WaitForExitAsync(Patience);
        first.Output.ShouldNotContain("   at ");
    }

    [Fact]
    public async Task Without_a_node_named_the_first_events_come_at_once_and_the_lines_of_the_banner_work()
    {
        using var port = FreePort.Lease();
        var server = Start($"up --urls http://{port}");
        await Eventually.HoldsAsync(() => server.Output.Contains("Ctrl-C stops"), Patience);
        await Eventually.HoldsAsync(async () => (await http.GetFromJsonAsync<JsonElement>($"http://{port}/api/v1/events?limit=1")).GetProperty("events").GetArrayLength() == 1, Patience);
        foreach (var command in Commands(server.Output))
        {
            var shell = Track(ChildProcess.Start("/bin/sh", ["-ec", command.Replace("curl ", "curl -sf ", StringComparison.Ordinal)], folder: folder));
            await shell.WaitForExitAsync(Patience);
            shell.ExitCode.ShouldBe(0, command + "\n" + shell.Output);
        }
    }

    [Fact]
    public async Task A_node_that_is_away_does_not_keep_the_server_from_starting_and_misspelled_settings_are_told()
    {
        using var port = FreePort.Lease();
        using var node = FreePort.Lease();
        var server = Start($"up --urls http://{port}", new()
        {
            ["BELFRY__Chains__btc__Network"] = "regtest",
            ["BELFRY__Chains__btc__Rpc"] = $"http://user:secret-word@{node}",
            ["BELFRY__Chains__btc__Netwrok"] = "main",
        });
        await Eventually.HoldsAsync(() => server.Output.Contains("Connection refused") && server.Output.Contains("Chains:btc:Rpc"), Patience);
        await Eventually.HoldsAsync(async () => (await ChainAsync(port)).GetProperty("state").GetString() == "degraded", Patience);
        (await ChainAsync(port)).GetProperty("reason").GetString().ShouldNotBeNullOrEmpty();
        server.Output.ShouldContain("did you mean Belfry:Chains:btc:Network?");
        server.Output.ShouldNotContain("secret-word");
        (await http.GetAsync($"http://{port}/health/ready", TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Fault", "N07")]
    public async Task A_wrong_password_and_a_wrong_network_name_the_setting_and_a_right_one_is_live_by_two_settings()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        var endpoint = node.RpcUrl.GetLeftPart(UriPartial.Authority).Replace("http://", "");
        await ToldAsync("regtest", $"http://{node.User}:wrong-word@{endpoint}", "user or password refused", "Chains:ltc:Rpc");
        await ToldAsync("main", $"http://{node.User}:{node.Password}@{endpoint}", "is on another network", "Chains:ltc:Rpc");
        await ToldAsync("regtest", $"http://{node.User}:{node.Password}@{endpoint}", "ltc regtest", "live at block");
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        foreach (var process in started) await process.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    async Task ToldAsync(string network, string rpc, params string[] words)
    {
        using var port = FreePort.Lease();
        var server = Start($"up --urls http://{port} --data {network}-{started.Count}", new() { ["BELFRY__Chains__ltc__Network"] = network, ["BELFRY__Chains__ltc__Rpc"] = rpc });
        await Eventually.HoldsAsync(() => words.All(server.Output.Contains), Patience, string.Join(" and ", words) + " in the output");
        server.Output.ShouldNotContain("wrong-word");
        server.Terminate();
        await server.WaitForExitAsync(Patience);
    }

    async Task<JsonElement> ChainAsync(FreePort port) => (await http.GetFromJsonAsync<JsonElement>($"http://{port}/api/v1/chains"))[0];

    async Task<string> EndAsync(string line)
    {
        var process = Start(line);
        await process.WaitForExitAsync(Patience);
        process.ExitCode.ShouldBe(ExitCodes.Configuration, process.Output);
        process.Output.ShouldNotContain("   at ");
        return process.Output;
    }

    ChildProcess Start(string line, Dictionary<string, string>? environment = null) =>
        Track(ChildProcess.Start("dotnet", [Program, .. line.Split(' ')], environment, folder));

    ChildProcess Track(ChildProcess process)
    {
        started.Add(process);
        return process;
    }

    // The curl lines exactly as printed; one goes over two lines.
    static IEnumerable<string> Commands(string output) =>
        output.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith("curl ", StringComparison.Ordinal));
}
