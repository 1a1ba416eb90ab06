using System.Text.RegularExpressions;
using Belfry.Core.Hosting;
using Belfry.TestKit.Nodes;
using Microsoft.Extensions.Configuration;
using Shouldly;

namespace Belfry.Server.Tests;

/// <summary>What stands in <c>deploy/</c> names settings that there are.</summary>
public sealed partial class DeploymentTests
{
    static readonly string Folder = Path.Combine(TestPeers.Folder, "..", "..", "deploy");

    [Fact]
    public void Every_setting_that_is_named_is_known()
    {
        var names = Directory.GetFiles(Folder).SelectMany(static file => Setting().Matches(File.ReadAllText(file)).Select(static match => match.Value)).Distinct().ToList();
        names.Count.ShouldBeGreaterThan(3);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
            names.Where(static name => !name.EndsWith("__", StringComparison.Ordinal)).Select(static name => new KeyValuePair<string, string?>("Belfry:" + name["BELFRY__".Length..].Replace("__", ":", StringComparison.Ordinal), Value(name)))).Build();
        BelfryConfiguration.Read(configuration, out var unknown);
        unknown.ShouldBeEmpty();
    }

    [Fact]
    public void A_server_has_time_to_stop_in_order()
    {
        var needed = new LimitOptions().ShutdownTimeout;
        int.Parse(Stop().Match(File.ReadAllText(Path.Combine(Folder, "belfry.service"))).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture).ShouldBeGreaterThan((int)needed.TotalSeconds + 5);
        int.Parse(Grace().Match(File.ReadAllText(Path.Combine(Folder, "compose.yml"))).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture).ShouldBeGreaterThan((int)needed.TotalSeconds + 5);
    }

    static string Value(string name) => name switch
    {
        "BELFRY__Urls" => "http://127.0.0.1:8081",
        _ when name.EndsWith("Rpc", StringComparison.Ordinal) => "http://user:password@127.0.0.1:8332",
        _ => "sixteen-characters-or-more",
    };

    [GeneratedRegex(@"BELFRY__[A-Za-z]+(__[A-Za-z]+)*")]
    private static partial Regex Setting();

    [GeneratedRegex(@"TimeoutStopSec=(\d+)")]
    private static partial Regex Stop();

    [GeneratedRegex(@"stop_grace_period: (\d+)s")]
    private static partial Regex Grace();
}
