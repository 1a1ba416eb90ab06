using System.Diagnostics;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests;

/// <summary>The load bench is no test, but it must not rot: its smallest run starts a server process, a node and clients.</summary>
public sealed class LoadBenchTests
{
    [Fact]
    public async Task The_load_bench_reaches_every_client_of_a_real_server()
    {
        var program = Path.GetFullPath(Path.Combine(TestPeers.Folder, "..", "..", "artifacts", "bin", "Belfry.Load", "debug", "Belfry.Load.dll"));
        Assert.SkipUnless(File.Exists(program), "bench/Belfry.Load is not built (building the solution does)");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [program, "smoke"]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var problems = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            await Task.WhenAll(output, problems).WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            process.ExitCode.ShouldBe(0, await problems);
            (await output).ShouldContain("400 of 400");
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }
}
