using System.Text.RegularExpressions;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.Faults;

/// <summary>The table of faults and the tests say the same.</summary>
public sealed partial class FaultMatrixTests
{
    static readonly string Tests = Path.GetFullPath(Path.Combine(TestPeers.Folder, ".."));

    // Rows of systems that are not there yet (webhooks, server-sent events, what is kept in Redis) come with them; of Redis there is the client.
    static readonly string[] Rows =
    [
        .. Numbered("F", 8), .. Numbered("P", 6), .. Numbered("S", 5), .. Numbered("N", 10), .. Numbered("C", 6), .. Numbered("T", 2), .. Numbered("D", 3),
    ];

    [Fact]
    public void Each_row_has_a_test_and_each_test_of_a_row_stands_in_the_table()
    {
        var table = ReadTable();
        var code = ReadCode();
        table.Select(static line => line.Row).Where(static row => row[0] != 'R').Distinct().Order().ShouldBe(Rows.Order());
        table.Order().ShouldBe(code.Order());
        foreach (var cells in File.ReadLines(Readme).Where(static line => RowLine().IsMatch(line)).Select(static line => line.Split('|')))
            cells[4].Trim().ShouldNotBeEmpty($"{cells[1]} says when it passes");
    }

    static string Readme => Path.Combine(Tests, "Belfry.Server.Tests", "Faults", "README.md");

    static IEnumerable<string> Numbered(string letter, int count) => Enumerable.Range(1, count).Select(number => $"{letter}{number:00}");

    static List<(string Row, string Test)> ReadTable() =>
        [.. File.ReadLines(Readme).Select(static line => RowLine().Match(line)).Where(static match => match.Success).Select(static match => (match.Groups[1].Value, match.Groups[2].Value))];

    static List<(string Row, string Test)> ReadCode()
    {
        var found = new List<(string, string)>();
        foreach (var file in Directory.EnumerateFiles(Tests, "*Tests.cs", SearchOption.AllDirectories).Where(static file => !file.Contains("node_modules", StringComparison.Ordinal)))
        {
            foreach (Match match in Trait().Matches(File.ReadAllText(file))) found.Add((match.Groups[1].Value, $"{Path.GetFileNameWithoutExtension(file)}.{match.Groups[2].Value}"));
        }

        return found;
    }

    [GeneratedRegex(@"^\| ([A-Z]\d\d) \|[^|]*\| `([^`]+)` \|")]
    private static partial Regex RowLine();

    [GeneratedRegex(@"\[Trait\(""Fault"", ""([A-Z]\d\d)""\)\]\s+(?:\[[^\n]*\]\s+)*public (?:async )?(?:Task|void) (\w+)\(")]
    private static partial Regex Trait();
}
