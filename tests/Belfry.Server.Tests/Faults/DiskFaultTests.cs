using System.Diagnostics;
using System.Net;
using Belfry.Cli;
using Belfry.Server.Tests.EndToEnd;
using Belfry.TestKit;
using Belfry.TestKit.Faults;
using Shouldly;

namespace Belfry.Server.Tests.Faults;

/// <summary>The disk fills and empties under the running server, nobody takes its log, and the data folder cannot be used.</summary>
public sealed class DiskFaultTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("belfry-test-dïsk ").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [Trait("Fault", "D01")]
    [InlineData(1)]
    public async Task With_a_full_disk_ingest_waits_reading_goes_on_and_it_heals_within_five_seconds(int seed)
    {
        await using var disk = await SmallDisk.MountAsync(folder, "24m");
        await using var chain = new FaultChain(seed);
        await using var server = await chain.ServeAsync(one => one.Data = Path.Combine(disk.Path, "data"));
        await using var client = new ResumingClient(server.Base);
        await Belief.SettlesAsync(server, chain);
        for (var round = 0; round < 3; round++)
        {
            disk.Fill();
            await Eventually.HoldsAsync(async () =>
            {
                chain.Driver.Step();
                await Task.Delay(30);
                return (await server.GetAsync("api/v1/chains"))[0].GetProperty("state").GetString() == "degraded";
            });
            (await server.GetAsync("api/v1/chains"))[0].GetProperty("reason").GetString()!.ShouldContain("disk is full");
            await Eventually.HoldsAsync(() => server.Output.Contains("the store refuses; ingest waits, nothing is skipped", StringComparison.Ordinal));
            using (var ready = await server.Http.GetAsync(new Uri("health/ready", UriKind.Relative))) ready.StatusCode.ShouldBe(HttpStatusCode.OK);
            await client.HoldsTheJournalAsync(server);
            using (var newcomer = new HttpClient { BaseAddress = server.Base }) (await newcomer.GetStringAsync(new Uri("api/v1/events?after=0&limit=5", UriKind.Relative))).ShouldContain("\"seq\":1");
            var watch = Stopwatch.StartNew();
            disk.Empty();
            await chain.AtTipAsync(server);
            TestLength.Say($"healed {watch.Elapsed.TotalSeconds:F1} s after there was space");
            watch.Elapsed.ShouldBeLessThan(TestLength.Within(5));
            await Eventually.HoldsAsync(() => server.Output.Contains("the store takes batches again", StringComparison.Ordinal));
        }

        await Belief.SettlesAsync(server, chain);
        await client.HoldsTheJournalAsync(server);
    }

    [Theory]
    [Trait("Fault", "D02")]
    [InlineData("nobody reads", 2)]
    [InlineData("full", 22)]
    public async Task A_log_that_nobody_takes_holds_nothing_up(string log, int seed)
    {
        var pipe = Path.Combine(folder, "log");
        using (var make = Process.Start("mkfifo", [pipe])) await make.WaitForExitAsync(TestContext.Current.CancellationToken);
        // both ends, so that opening waits for nobody; what is written is never read
        using var unread = new FileStream(pipe, FileMode.Open, FileAccess.ReadWrite);
        await using var chain = new FaultChain(seed);
        await using var server = await chain.ServeAsync(one =>
        {
            one.Environment["BELFRY_TEST_LOG"] = log == "full" ? "/dev/full" : pipe;
            one.Under = ["/bin/sh", "-c", "exec \"$@\" >\"$BELFRY_TEST_LOG\" 2>&1", "sh"];
        });
        await using var client = new ResumingClient(server.Base);
        // each transaction that cannot be read is a line: more of them than the pipe and any queue before it hold
        chain.Node.Spoiler = new ReplySpoiler([ReplyFault.BrokenTransaction], 1, seed);
        var carol = chain.Chain.Wallet("carol");
        var coins = chain.Split(1000);
        for (var i = 0; i < 6; i++)
        {
            foreach (var coin in coins) chain.Chain.TryPay(chain.Payer, [new Belfry.Nodes.Simnet.SimOutput(carol.Script, 20_000 + i)], new Belfry.Nodes.Simnet.SimPayment { Coins = [coin], FeeRate = 2 + i, ChangeTo = carol.Script });
            await Task.Delay(600);
            foreach (var waiting in chain.Chain.Mempool) chain.Chain.Evict(waiting.Id);
        }

        chain.Node.Spoiler = null;
        for (var i = 0; i < 20; i++) chain.Driver.Step();
        var (took, _) = await Belief.SettlesAsync(server, chain);
        await client.HoldsTheJournalAsync(server);
        TestLength.Say($"log {log}: the truth stood {took.TotalSeconds:F1} s after the last payment");
        await server.StopAsync();
        server.Process.ExitCode.ShouldBe(0);
    }

    [Theory]
    [Trait("Fault", "D03")]
    [InlineData("read-only", false)]
    [InlineData("another owner", false)]
    [InlineData("a file", false)]
    [InlineData("missing", true)]
    [InlineData("späces and ünïcode 文字", true)]
    public async Task A_data_folder_that_cannot_be_used_ends_the_start_within_two_seconds_with_one_line_and_others_are_used(string what, bool works)
    {
        await using var disk = what == "read-only" ? await SmallDisk.MountAsync(folder, "1m,ro") : null;
        await using var chain = new FaultChain(3);
        await using var server = BelfryProcess.Prepare();
        chain.Configure(server);
        server.Data = disk?.Path ?? Path.Combine(folder, what);
        if (what == "a file") await File.WriteAllTextAsync(server.Data, "not a folder", TestContext.Current.CancellationToken);
        if (what == "another owner")
        {
            Assert.SkipUnless(Environment.UserName == "root", "Needs root to start the server as somebody else.");
            using (var make = Process.Start("mkdir", ["-m", "700", server.Data])) await make.WaitForExitAsync(TestContext.Current.CancellationToken);
            server.Environment["HOME"] = "/tmp";
            server.Environment["DOTNET_CLI_HOME"] = "/tmp";
            server.Under = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
        }

        var watch = Stopwatch.StartNew();
        server.Launch();
        if (works)
        {
            await chain.AtTipAsync(server);
            File.Exists(Path.Combine(server.Data, "belfry.db")).ShouldBeTrue();
            return;
        }

        await server.Process.WaitForExitAsync(TestLength.Within(10));
        TestLength.Say($"{what}: ended after {watch.Elapsed.TotalSeconds:F1} s with: {server.Output}");
        watch.Elapsed.ShouldBeLessThan(TestLength.Within(2));
        server.Process.ExitCode.ShouldBe(ExitCodes.Configuration, server.Output);
        server.Output.Trim().Split('\n').Length.ShouldBe(1, server.Output);
        server.Output.ShouldContain("data folder");
        server.Output.ShouldContain(Path.GetFileName(server.Data));
    }
}
