using System.Reflection;
using System.Text.RegularExpressions;
using Belfry.Contracts;
using Shouldly;

namespace Belfry.Core.Tests;

public sealed partial class ContractListTests
{
    [Fact]
    public async Task The_list_of_contracts_in_the_documentation_is_the_code()
    {
        var listed = Line().Matches(await File.ReadAllTextAsync(Find("docs/contracts.md"))).Select(match => match.Groups["name"].Value).ToList();
        var written = typeof(StoreContract).Assembly.GetTypes()
            .Where(type => type.IsAbstract && type.Name.EndsWith("Contract", StringComparison.Ordinal))
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .Where(method => method.GetCustomAttribute<FactAttribute>() is not null)
            .Select(method => method.Name).ToList();
        written.Count.ShouldBeGreaterThan(30);
        listed.ShouldBe(written, ignoreOrder: true);
        written.Select(name => name[..3]).ShouldBeUnique();
    }

    static string Find(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, path);
            if (File.Exists(candidate)) return candidate;
        }

        throw new FileNotFoundException(path);
    }

    [GeneratedRegex("^- `(?<name>[A-Z]+[0-9]{2}_[a-z0-9_]+)`", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Line();
}
