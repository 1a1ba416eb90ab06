using Belfry.TestKit;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.Cli;

/// <summary>The command as a .NET tool: packed, installed from a folder, run.</summary>
public sealed class PackageTests : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    readonly string folder = Directory.CreateTempSubdirectory("belfry-test-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_tool_is_packed_installed_from_a_folder_and_serves()
    {
        var project = Path.Combine(TestPeers.Folder, "..", "..", "src", "Belfry.Cli", "Belfry.Cli.csproj");
        var configuration = Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/'));
        // nothing but this folder: no feed is asked
        await File.WriteAllTextAsync(
            Path.Combine(folder, "nuget.config"), $"<configuration><packageSources><clear/><add key=\"here\" value=\"{folder}\"/></packageSources></configuration>", TestContext.Current.CancellationToken);
        var environment = new Dictionary<string, string> { ["NUGET_PACKAGES"] = Path.Combine(folder, "cache"), ["DOTNET_CLI_HOME"] = folder, ["DOTNET_NOLOGO"] = "1" };
        await using var packing = Typed.Shell($"dotnet pack '{project}' -c {configuration} --no-build --no-restore -o . -v q", folder: folder);
        await packing.EndAsync(Patience);
        packing.ExitCode.ShouldBe(0, packing.Out + packing.Error);

        await using var installing = Typed.Shell("dotnet tool install Belfry --tool-path tools --configfile nuget.config", environment, folder);
        await installing.EndAsync(Patience);
        installing.ExitCode.ShouldBe(0, installing.Out + installing.Error);

        using var port = FreePort.Lease();
        await using var server = Typed.Shell($"exec tools/belfry demo --urls http://{port}", folder: folder);
        await Eventually.HoldsAsync(() => server.Out.Contains("Ctrl-C stops"), Patience);
        // what the banner says is what was typed
        server.Out.ShouldContain($"  belfry listen --server http://{port}");
        var seen = await Typed.Shell($"tools/belfry listen --json --count 1 --after 0 --server http://{port}", folder: folder).EndAsync();
        seen.Json[0].GetProperty("seq").GetInt64().ShouldBe(1);
        server.Interrupt();
        await server.EndAsync();
        server.ExitCode.ShouldBe(0);
    }
}
