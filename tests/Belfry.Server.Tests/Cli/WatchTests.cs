using System.Globalization;
using System.Text;
using Belfry.Cli;
using Shouldly;

namespace Belfry.Server.Tests.Cli;

/// <summary><c>belfry watch</c>, the built program against a built server.</summary>
public sealed class WatchTests(DemoServer demo) : IClassFixture<DemoServer>
{
    [Fact]
    public async Task A_watch_is_added_listed_and_removed()
    {
        var script = "script:0014" + 1.ToString("x40", CultureInfo.InvariantCulture);
        var added = await RunAsync("watch", "add", "btc", script, "--label", "till 7");
        added.ExitCode.ShouldBe(ExitCodes.Done, added.Error);
        added.Out.ShouldMatch(@"^w_[0-9a-f]{32}  btc  bcrt1q\w+  from seq \d+$");
        var id = added.Out.Split(' ')[0];
        (await RunAsync("watch", "list")).Out.ShouldContain("till 7");
        (await RunAsync("watch", "list", "--chain", "btc", "--json")).Json.ShouldContain(watch => watch.GetProperty("id").GetString() == id && watch.GetProperty("label").GetString() == "till 7");
        (await RunAsync("watch", "remove", id)).ExitCode.ShouldBe(ExitCodes.Done);
        var again = await RunAsync("watch", "remove", id);
        again.ExitCode.ShouldBe(ExitCodes.Refused);
        again.Error.ShouldContain($"there is no watch '{id}'");
    }

    [Fact]
    public async Task Wrong_lines_are_told_by_number_and_stop_nobody()
    {
        string[] lines =
        [
            Line(10), "", "not json", Line(11), """{"chain":"btc","address":"bcrt1qwrong"}""", "   ", Line(12), new string('x', 5000), """{"chain":"btc","adress":"x"}""", Line(13),
        ];
        var file = Path.Combine(demo.Folder, "wrong.ndjson");
        await File.WriteAllLinesAsync(file, lines, TestContext.Current.CancellationToken);
        foreach (var seen in (Typed[])[await RunAsync("watch", "import", file), await Typed.EndedAsync(["watch", "import", "--server", demo.Url], input: string.Join("\r\n", lines))])
        {
            seen.ExitCode.ShouldBe(ExitCodes.Refused, seen.Out + seen.Error);
            seen.Out.ShouldBeEmpty();
            seen.Error.Split('\n').Select(line => line.Split(':')[0]).SkipLast(1).ShouldBe(["line 3", "line 5", "line 8", "line 9"]);
            seen.Error.ShouldContain("did you mean 'address'?");
            seen.Error.ShouldMatch(@"\n4 watched( \(4 of them already before\))?, 4 refused, in \d");
        }
    }

    [Fact]
    public async Task What_was_listed_can_be_imported_as_it_is()
    {
        var list = await RunAsync("watch", "list", "--json");
        list.Lines.Count.ShouldBeGreaterThan(3);
        var seen = await Typed.EndedAsync(["watch", "import", "--json", "--server", demo.Url], input: list.Out);
        seen.ExitCode.ShouldBe(ExitCodes.Done, seen.Error);
        seen.Json.Count.ShouldBe(list.Lines.Count);
        seen.Error.ShouldContain($"{list.Lines.Count} watched ({list.Lines.Count} of them already before), 0 refused");
    }

    [Fact]
    public async Task Plain_addresses_are_imported_with_the_chain_named()
    {
        var addresses = string.Join('\n', "script:0014" + 21.ToString("x40", CultureInfo.InvariantCulture), "  script:0014" + 22.ToString("x40", CultureInfo.InvariantCulture) + "  ", "\"quoted\"");
        var seen = await Typed.EndedAsync(["watch", "import", "--chain", "btc", "--server", demo.Url], input: addresses);
        seen.ExitCode.ShouldBe(ExitCodes.Refused);
        seen.Error.ShouldContain("2 watched, 1 refused");
        seen.Error.ShouldContain("line 3:");
    }

    [Fact]
    public async Task Twenty_thousand_are_imported_with_a_bar_on_a_terminal_and_without_one_elsewhere()
    {
        const int Count = 20_000;
        var file = Path.Combine(demo.Folder, "many.ndjson");
        var text = new StringBuilder();
        for (var number = 0; number < Count; number++) text.Append(Line(1_000_000 + number)).Append('\n');
        await File.WriteAllTextAsync(file, text.ToString(), TestContext.Current.CancellationToken);
        var seen = await Typed.Shell($"TERM=xterm script -qec 'dotnet {Typed.Program} watch import {file} --server {demo.Url}' /dev/null").EndAsync();
        seen.Out.ShouldContain("20,000 watched, 0 refused");
        seen.Out.ShouldMatch(@"\[#*-+\] +\d+%  [\d,]+ of 20,000  [\d,]+/s  \d+:\d\d left");
        var again = await RunAsync("watch", "import", file);
        again.Error.ShouldBe(again.Error.Trim('\r', ' '));
        again.Error.ShouldStartWith("20,000 watched (20,000 of them already before), 0 refused");
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_a_fault_of_the_command_line()
    {
        var seen = await RunAsync("watch", "import", "/no/such/file");
        seen.ExitCode.ShouldBe(ExitCodes.Usage);
        seen.Error.ShouldContain("there is no file '/no/such/file'");
    }

    static string Line(int number) => $$"""{"chain":"btc","address":"script:0014{{number.ToString("x40", CultureInfo.InvariantCulture)}}"}""";

    Task<Typed> RunAsync(params string[] arguments) => Typed.EndedAsync([.. arguments, "--server", demo.Url]);
}
