using Belfry.Server.Tests.EndToEnd;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Server.Tests.Faults;

/// <summary>The server ends at named places of its own code, as a power cut would end it there.</summary>
public sealed class CrashPointTests
{
    [Theory]
    [Trait("Fault", "F02")]
    [InlineData("ledger.before_commit", 1)]
    [InlineData("ledger.after_commit", 2)]
    [InlineData("ledger.mid_batch", 3)]
    [InlineData("migrate.mid", 4)]
    public async Task At_each_named_point_three_times_nothing_is_lost_and_the_log_names_the_point(string point, int seed)
    {
        await using var chain = new FaultChain(seed);
        await using var server = BelfryProcess.Prepare();
        chain.Configure(server);
        server.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        if (point != "migrate.mid")
        {
            server.Launch();
            await chain.AtTipAsync(server);
            await chain.WatchAsync(server);
            await server.KillAsync();
        }

        await using var client = new ResumingClient(server.Base);
        foreach (var arrival in point == "migrate.mid" ? new[] { 1, 1, 1 } : [1, 4, 15])
        {
            server.Environment["BELFRY_CRASHPOINT"] = $"{point}:{arrival}";
            server.Launch();
            await Eventually.HoldsAsync(async () =>
            {
                chain.Driver.Step();
                // payments need not come faster than anybody can follow
                await Task.Delay(20);
                return server.Process.HasExited;
            }, TimeSpan.FromSeconds(60));
            server.Process.ExitCode.ShouldNotBe(0);
            await Eventually.HoldsAsync(() => server.Output.Contains($"BELFRY_CRASHPOINT {point}", StringComparison.Ordinal));
            await server.ForgetAsync();
        }

        server.Environment.Remove("BELFRY_CRASHPOINT");
        server.Launch();
        await chain.AtTipAsync(server);
        if (point == "migrate.mid") await chain.WatchAsync(server);
        await Belief.SettlesAsync(server, chain);
        await client.HoldsTheJournalAsync(server);
    }
}
