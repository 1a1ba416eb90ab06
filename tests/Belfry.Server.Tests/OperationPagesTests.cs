using System.Reflection;
using System.Text.RegularExpressions;
using Belfry.Server.Tests.Cli;
using Belfry.TestKit.Nodes;
using Microsoft.Extensions.Logging;
using Shouldly;

namespace Belfry.Server.Tests;

/// <summary>docs/operate is what the program does: log events, metrics, schema.</summary>
public sealed partial class OperationPagesTests(DemoServer demo) : IClassFixture<DemoServer>
{
    static readonly string Root = Path.GetFullPath(Path.Combine(TestPeers.Folder, "..", ".."));
    static readonly string[] Assemblies = ["Belfry.Core", "Belfry.Nodes", "Belfry.Sql", "Belfry.Redis", "Belfry.Client", "Belfry.Server", "belfry"];

    [Fact]
    public async Task The_page_of_log_events_lists_each_with_its_level_and_what_to_do()
    {
        var listed = (await LinesAsync("logs.md")).Where(line => line.Length > 2 && line.StartsWith("| ", StringComparison.Ordinal) && char.IsAsciiDigit(line[2])).ToList();
        var written = Assemblies.SelectMany(name => Assembly.Load(name).GetTypes())
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()).OfType<LoggerMessageAttribute>().OrderBy(log => log.EventId)
            .Select(log => $"| {log.EventId} | {log.Level} | {log.Message.Replace('|', '/')} | ").ToList();
        written.Where(row => !listed.Exists(line => line.StartsWith(row, StringComparison.Ordinal))).ShouldBeEmpty("log events that docs/operate/logs.md lacks, or has otherwise");
        listed.Count.ShouldBe(written.Count, "rows for events that the program has not");
        listed.Select(line => line.Split('|')[1].Trim()).Select(int.Parse).ShouldBeInOrder();
        listed.Where(line => Serious().IsMatch(line) && line.Split('|')[^2].Trim().Length < 10).ShouldBeEmpty("warnings without a word on what to do");
    }

    [Fact]
    public async Task The_page_of_metrics_lists_each_instrument_and_no_other()
    {
        var listed = (await LinesAsync("health-and-metrics.md")).Where(line => line.StartsWith("| `belfry.", StringComparison.Ordinal))
            .SelectMany(line => Name().Matches(line.Split('|')[1]).Select(match => match.Value)).Order().ToList();
        var written = Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Instrument().Matches(File.ReadAllText(file)).Select(match => match.Groups["name"].Value)).Distinct().Order().ToList();
        written.Count.ShouldBeGreaterThan(30);
        listed.ShouldBe(written);

        // and the other way: what a running server shows
        var shown = Shown().Matches(await demo.Http.GetStringAsync("/metrics", TestContext.Current.CancellationToken)).Select(match => match.Groups["name"].Value).ToList();
        shown.Count.ShouldBeGreaterThan(10);
        var names = listed.Select(name => name.Replace('.', '_')).ToList();
        shown.Where(name => !names.Exists(known => name.StartsWith(known, StringComparison.Ordinal))).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_page_on_upgrades_lists_every_schema()
    {
        var listed = (await LinesAsync("upgrade.md")).Where(line => line.Length > 2 && line.StartsWith("| ", StringComparison.Ordinal) && char.IsAsciiDigit(line[2])).Select(line => int.Parse(line.Split('|')[1])).ToList();
        listed.ShouldBe(Directory.EnumerateFiles(Path.Combine(Root, "src", "Belfry.Sql", "Sqlite", "Migrations"), "*.sql").Select(file => int.Parse(Path.GetFileName(file)[..4])).Order());
    }

    [Fact]
    public async Task Every_link_between_pages_leads_somewhere()
    {
        var broken = new List<string>();
        foreach (var page in Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories).Append(Path.Combine(Root, "README.md")))
        {
            var text = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
            broken.AddRange(Link().Matches(text).Select(match => match.Groups["to"].Value).Where(to => !to.Contains("://") && !Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, to.Split('#')[0])))
                .Select(to => $"{Path.GetFileName(page)}: {to}"));
        }

        broken.ShouldBeEmpty();
    }

    static Task<string[]> LinesAsync(string page) => File.ReadAllLinesAsync(Path.Combine(Root, "docs", "operate", page), TestContext.Current.CancellationToken);

    [GeneratedRegex(@"^\| \d+ \| (Warning|Error|Critical) ", RegexOptions.ExplicitCapture)]
    private static partial Regex Serious();

    [GeneratedRegex(@"belfry\.[a-z_.]+")]
    private static partial Regex Name();

    [GeneratedRegex(@"Create(Observable)?(Counter|UpDownCounter|Histogram|Gauge)(<\w+>)?\(\s*""(?<name>belfry\.[a-z_.]+)""", RegexOptions.ExplicitCapture)]
    private static partial Regex Instrument();

    [GeneratedRegex(@"^# TYPE (?<name>belfry_\w+)", RegexOptions.ExplicitCapture | RegexOptions.Multiline)]
    private static partial Regex Shown();

    [GeneratedRegex(@"\]\((?<to>[^)#\s][^)\s]*)\)", RegexOptions.ExplicitCapture)]
    private static partial Regex Link();
}
