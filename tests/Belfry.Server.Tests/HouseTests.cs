using System.Reflection;
using System.Text.RegularExpressions;
using Belfry.TestKit.Nodes;
using Microsoft.Extensions.Logging;
using Shouldly;

namespace Belfry.Server.Tests;

/// <summary>Rules of the house that no compiler keeps.</summary>
public sealed partial class HouseTests
{
    const int LongestFile = 500;
    static readonly string Root = Path.GetFullPath(Path.Combine(TestPeers.Folder, "..", ".."));
    static readonly string[] Assemblies = ["Belfry.Core", "Belfry.Nodes", "Belfry.Sql", "Belfry.Redis", "Belfry.Client", "Belfry.Server", "belfry"];

    [Fact]
    public void Each_log_event_has_a_number_of_its_own()
    {
        var numbers = Assemblies.SelectMany(name => Assembly.Load(name).GetTypes())
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .Select(method => (Method: method, Log: method.GetCustomAttribute<LoggerMessageAttribute>())).Where(found => found.Log is not null)
            .GroupBy(found => found.Log!.EventId, found => $"{found.Method.DeclaringType}.{found.Method.Name}").ToList();
        numbers.Count.ShouldBeGreaterThan(50);
        numbers.Where(number => number.Count() > 1).Select(number => $"{number.Key}: {string.Join(", ", number)}").ShouldBeEmpty();
    }

    [Fact]
    public void No_source_file_is_longer_than_a_person_reads_at_once() =>
        Sources("*.cs").Where(file => File.ReadLines(file).Count() > LongestFile).ShouldBeEmpty();

    [Fact]
    public void No_file_is_bound_to_one_place_that_packages_come_from()
    {
        string[] kinds = ["*.cs", "*.csproj", "*.props", "*.json", "*.md", "*.config", ".npmrc", "*.yml", "belfry", "test", "run", "install-test-peers"];
        kinds.SelectMany(Sources).Where(file => File.ReadLines(file).Any(line => Registry().IsMatch(line))).ShouldBeEmpty();
    }

    static IEnumerable<string> Sources(string pattern) => Directory.EnumerateFiles(Root, pattern, SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Root, file))
        .Where(file => !file.Split('/').Any(part => part is "artifacts" or "node_modules" or ".git" or "bin" or "obj" or "belfry-data") && !file.EndsWith("HouseTests.cs", StringComparison.Ordinal))
        .Select(file => Path.Combine(Root, file));

    // Lock files name what was resolved, not where from; a host would bind every clone to one network.
    [GeneratedRegex(@"registry\.|nuget\.org|npmjs|pypi\.|artifactory|""resolved"":\s*""http", RegexOptions.IgnoreCase)]
    private static partial Regex Registry();
}
