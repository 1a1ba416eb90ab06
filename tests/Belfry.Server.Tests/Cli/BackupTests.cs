using System.Text.RegularExpressions;
using Belfry.Cli;
using Belfry.Server.Tests.EndToEnd;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.Cli;

/// <summary>docs/operate/backup.md: backed up under traffic, restored, resumed.</summary>
public sealed partial class BackupTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("belfry-test-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_copy_taken_under_traffic_is_restored_caught_up_and_noticed_by_clients()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(TestPeers.Folder, "..", "..", "docs", "operate", "backup.md"), TestContext.Current.CancellationToken);
        var blocks = Blocks().Matches(page).Select(block => block.Groups["lines"].Value).ToList();
        blocks.Count.ShouldBe(2);
        await using var node = await LitecoindNode.StartNewAsync(new LitecoindOptions { WithoutMweb = true });
        await node.FundAsync();
        var restored = Path.Combine(folder, "restored");
        string till, oldEpoch;
        List<Told> before, after;
        var cursor = Path.Combine(folder, "cursor");
        await using (var server = await BelfryProcess.StartAsync(new ChainSetup(node)))
        {
            till = await node.NewAddressAsync();
            await server.WatchAsync("ltc", till);
            var environment = new Dictionary<string, string> { ["BACKUPS"] = folder, ["BELFRY__Data"] = server.Data };
            await node.SendAsync(till, "1");
            await using var backup = Typed.Shell(blocks[0], environment, folder);
            while (!backup.HasExited) await node.GenerateAsync(1);
            (await backup.EndAsync()).ExitCode.ShouldBe(0, backup.Out + backup.Error);
            // what comes after the copy: known to this server and to whoever listened to it
            await node.SendAsync(till, "2");
            await node.GenerateAsync(2);
            await server.AtTipOfAsync(node);
            before = await server.JournalAsync();
            oldEpoch = (await server.GetAsync("health")).GetProperty("epoch").GetString()!;
            (await Typed.EndedAsync(["listen", "--json", "--after", "0", "--count", before.Count.ToString(), "--cursor", cursor, "--server", server.Base.ToString()])).ExitCode.ShouldBe(0);
            await server.StopAsync();
        }

        await using var restore = await Typed.Shell(blocks[1], new Dictionary<string, string> { ["BACKUPS"] = folder, ["RESTORED"] = restored }, folder).EndAsync();
        restore.ExitCode.ShouldBe(0, restore.Out + restore.Error);
        restore.Out.ShouldMatch(@"every event up to \d+ is whole");
        await using var again = BelfryProcess.Prepare(new ChainSetup(node));
        again.Data = restored;
        again.Launch();
        await again.AtTipOfAsync(node);
        after = await again.JournalAsync();
        (await again.GetAsync("health")).GetProperty("epoch").GetString().ShouldNotBe(oldEpoch);
        (await again.AddressAsync("ltc", till)).GetProperty("balance").GetProperty("confirmed").GetString().ShouldBe("3");
        // blocks that were told already have the ids that they had
        Ids(after, "new_block").ShouldBe(Ids(before, "new_block"));
        Ids(after, "verified_tx").ShouldBe(Ids(before, "verified_tx"), ignoreOrder: true);

        var resumed = await Typed.EndedAsync(["listen", "--json", "--count", "3", "--cursor", cursor, "--server", again.Base.ToString()]);
        resumed.Error.ShouldContain("the server has a new journal");
        resumed.Json.Select(told => told.GetProperty("seq").GetInt64()).ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task What_cannot_be_copied_or_restored_is_refused_and_leaves_nothing_behind()
    {
        var target = Path.Combine(folder, "target");
        var damaged = Path.Combine(folder, "damaged.db");
        await File.WriteAllTextAsync(damaged, "this is no database of anybody, and long enough to be looked at twice", TestContext.Current.CancellationToken);
        foreach (var (line, told) in (IEnumerable<(string[] Line, string Told)>)
        [
            (["backup", Path.Combine(folder, "x.db"), "--data", folder], "there is no belfry.db"),
            (["restore", Path.Combine(folder, "none.db"), "--data", target], "there is no such file"),
            (["restore", damaged, "--data", target], "database"),
        ])
        {
            var refused = await Typed.EndedAsync(line);
            refused.ExitCode.ShouldBe(ExitCodes.Configuration, refused.Out + refused.Error);
            refused.Error.ShouldContain(told);
            refused.Error.ShouldNotContain("   at ");
        }

        File.Exists(Path.Combine(target, "belfry.db")).ShouldBeFalse();
        (await Typed.EndedAsync(["restore", damaged])).ExitCode.ShouldBe(ExitCodes.Usage);
    }

    static IEnumerable<string> Ids(IEnumerable<Told> journal, string kind) => journal.Where(told => told.Kind == kind).Select(told => told.Id);

    [GeneratedRegex("```sh\n(?<lines>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Blocks();
}
