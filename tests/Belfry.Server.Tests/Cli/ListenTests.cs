using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Belfry.Cli;
using Belfry.Server.Tests.EndToEnd;
using Belfry.TestKit;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.Cli;

/// <summary><c>belfry listen</c>, the built program against a built server.</summary>
public sealed class ListenTests(DemoServer demo) : IClassFixture<DemoServer>
{
    [Fact]
    public async Task Who_reads_no_further_ends_it()
    {
        var seen = await Typed.Shell($"set -o pipefail; belfry listen --json --after 0 --server {demo.Url} | head -n 3").EndAsync();
        seen.ExitCode.ShouldBe(ExitCodes.Done, seen.Error);
        seen.Json.Select(line => line.GetProperty("seq").GetInt64()).ShouldBe([1, 2, 3]);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("NO_COLOR=1 ", false)]
    [InlineData("TERM=dumb ", false)]
    public async Task Colour_is_for_terminals_that_want_it(string environment, bool coloured)
    {
        // script gives the command a terminal of its own
        var line = $"{environment}dotnet {Typed.Program} listen --after 0 --count 3 --server {demo.Url}";
        var seen = await Typed.Shell($"TERM=xterm script -qec '{line}' /dev/null").EndAsync();
        Regex.IsMatch(seen.Out, "\e\\[[0-9]+m").ShouldBe(coloured, seen.Out);
        seen.Out.ShouldContain("new_");
    }

    [Fact]
    public async Task Piped_lines_are_plain_and_notes_are_apart()
    {
        var seen = await Typed.EndedAsync(["listen", "--after", "0", "--count", "5", "--server", demo.Url]);
        seen.ExitCode.ShouldBe(ExitCodes.Done);
        seen.Lines.Count.ShouldBe(5);
        (seen.Out + seen.Error).ShouldNotContain('\e');
        seen.Error.ShouldContain("connected");
        seen.Out.ShouldNotContain("connected");
    }

    [Fact]
    public async Task A_filter_lets_only_what_fulfils_it_through_and_a_wrong_one_is_told_before_anything_is_dialled()
    {
        var seen = await Typed.EndedAsync(["listen", "--json", "--after", "0", "--count", "4", "--filter", "amount>=0.5", "--filter", """{"direction":"in"}""", "--event", "new_payment", "--server", demo.Url]);
        seen.Json.Count.ShouldBe(4);
        seen.Json.ShouldAllBe(line => decimal.Parse(line.GetProperty("data").GetProperty("amount").GetString()!) >= 0.5m && line.GetProperty("data").GetProperty("event").GetString() == "new_payment");
        foreach (var wrong in (string[])["amont>=1", "amount>=many", "{\"amount\":", "nonsense"])
        {
            var refused = await Typed.EndedAsync(["listen", "--filter", wrong, "--server", "http://127.0.0.1:1"]);
            refused.ExitCode.ShouldBe(ExitCodes.Usage, refused.Error);
            refused.Error.ShouldContain("--filter");
        }
    }

    [Fact]
    public async Task A_server_that_is_killed_and_comes_back_is_heard_on_without_loss_or_repetition()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        await node.FundAsync();
        await using var server = await BelfryProcess.StartAsync(new ChainSetup(node));
        var till = await node.NewAddressAsync();
        await server.WatchAsync("ltc", till);
        await using var listening = Typed.Start(["listen", "--json", "--after", "0", "--server", server.Base.ToString()]);
        await node.SendAsync(till, "1");
        await node.GenerateAsync(2);
        await Eventually.HoldsAsync(() => listening.Out.Contains("verified_tx"));

        await server.KillAsync();
        await Eventually.HoldsAsync(() => listening.Error.Contains("not connected"));
        await node.SendAsync(till, "2");
        await node.GenerateAsync(3);
        server.Launch();
        await server.AtTipOfAsync(node);
        await node.SendAsync(till, "3");
        await Eventually.HoldsAsync(() => listening.Json.Any(told => told.GetProperty("data").TryGetProperty("amount", out var amount) && amount.GetString() == "3"), TimeSpan.FromSeconds(45));

        listening.Interrupt();
        await listening.EndAsync();
        listening.ExitCode.ShouldBe(ExitCodes.Done);
        var journal = await server.JournalAsync();
        var heard = listening.Json.Select(told => told.GetProperty("seq").GetInt64()).ToList();
        heard.ShouldBe(Enumerable.Range(1, heard.Count).Select(number => (long)number));
        listening.Json.Select(told => told.GetProperty("id").GetString()).ShouldBe(journal.Take(heard.Count).Select(told => told.Id));
    }

    [Fact]
    public async Task Events_are_posted_in_order_until_each_is_taken()
    {
        await using var receiver = await Receiver.StartAsync(static count => count is 2 or 3 ? HttpStatusCode.InternalServerError : HttpStatusCode.OK);
        var seen = await Typed.EndedAsync(["listen", "--after", "0", "--count", "4", "--forward-to", $"{receiver.Port}/hook", "--server", demo.Url]);
        seen.ExitCode.ShouldBe(ExitCodes.Done, seen.Error);
        receiver.Posts.Select(post => (post.Sequence, post.Attempt)).ShouldBe([(1, 1), (2, 1), (2, 2), (2, 3), (3, 1), (4, 1)]);
        receiver.Posts.ShouldAllBe(post => JsonElement.Parse(post.Body).GetProperty("seq").GetInt64() == post.Sequence);
        seen.Lines.Count(line => line.Contains("200 in ")).ShouldBe(4);
        seen.Lines.Count(line => line.Contains("500 in ") && line.Contains("again in")).ShouldBe(2);
    }

    [Fact]
    public async Task A_receiver_that_never_takes_an_event_ends_it_where_asked_and_the_cursor_stays_before()
    {
        var cursor = Path.Combine(demo.Folder, "refused.cursor");
        await using var receiver = await Receiver.StartAsync(static count => count > 2 ? HttpStatusCode.NotFound : HttpStatusCode.OK);
        var seen = await Typed.EndedAsync(["listen", "--json", "--after", "0", "--forward-to", receiver.Url, "--cursor", cursor, "--attempts", "2", "--server", demo.Url]);
        seen.ExitCode.ShouldBe(ExitCodes.Refused);
        seen.Error.ShouldContain("did not take event 3 in 2 attempts: answered 404");
        seen.Json.Select(line => line.GetProperty("status").GetInt32()).ShouldBe([200, 200, 404, 404]);
        JsonElement.Parse(await File.ReadAllTextAsync(cursor, TestContext.Current.CancellationToken)).GetProperty("after").GetInt64().ShouldBe(2);
    }

    [Fact]
    public async Task A_forwarder_that_is_killed_goes_on_from_its_cursor_and_leaves_nothing_out()
    {
        var cursor = Path.Combine(demo.Folder, "killed.cursor");
        await using var receiver = await Receiver.StartAsync();
        string[] line = ["listen", "--after", "0", "--forward-to", receiver.Url, "--cursor", cursor, "--server", demo.Url];
        for (var round = 1; round <= 3; round++)
        {
            await using var listening = Typed.Start(line);
            var before = receiver.Posts.Count;
            await Eventually.HoldsAsync(() => receiver.Posts.Count > before + 5 && File.Exists(cursor) && listening.Lines.Count > 6);
            if (round < 3)
            {
                await listening.KillAsync();
                continue;
            }

            var busy = await Typed.EndedAsync(line);
            busy.ExitCode.ShouldBe(ExitCodes.Usage);
            busy.Error.ShouldContain("in use by another process");
            listening.Interrupt();
            await listening.EndAsync();
        }

        var firsts = receiver.Posts.Select(post => post.Sequence).Distinct().ToList();
        firsts.ShouldBe(Enumerable.Range(1, firsts.Count).Select(number => (long)number), "each at least once, and in order at first sight");
        JsonElement.Parse(await File.ReadAllTextAsync(cursor, TestContext.Current.CancellationToken)).GetProperty("after").GetInt64().ShouldBe(firsts[^1]);
    }

    [Fact]
    public async Task A_receiver_that_is_away_is_waited_for()
    {
        var port = FreePort.Lease();
        await using var listening = Typed.Start(["listen", "--after", "0", "--count", "2", "--forward-to", $"http://{port}/hook", "--server", demo.Url]);
        await Eventually.HoldsAsync(() => listening.Out.Contains("refused") && listening.Out.Contains("again in"));
        await using var receiver = await Receiver.StartAsync(at: port);
        await listening.EndAsync();
        listening.ExitCode.ShouldBe(ExitCodes.Done);
        receiver.Posts.Select(post => post.Sequence).ShouldBe([1, 2]);
    }

    [Theory]
    [InlineData("not json at all")]
    [InlineData("{}")]
    [InlineData("null")]
    public async Task A_file_that_holds_no_cursor_is_left_alone(string content)
    {
        var file = Path.Combine(demo.Folder, $"foreign-{content.Length}");
        await File.WriteAllTextAsync(file, content, TestContext.Current.CancellationToken);
        var refused = await Typed.EndedAsync(["listen", "--cursor", file, "--server", demo.Url]);
        refused.ExitCode.ShouldBe(ExitCodes.Usage);
        refused.Error.ShouldContain("does not hold a cursor");
        (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).ShouldBe(content);
    }
}
