using System.Collections;
using System.Globalization;
using Belfry.Core.Delivery;
using Belfry.Core.Hosting;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests;

public sealed class ConfigurationPageTests
{
    [Fact]
    public void The_page_lists_every_setting_with_its_default_and_its_name_in_the_environment()
    {
        var page = File.ReadLines(Path.Combine(TestPeers.Folder, "..", "..", "docs", "operate", "configuration.md"))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('|', StringSplitOptions.TrimEntries)).ToList();
        page.Select(row => $"{row[1].Trim('`')} = {row[3].Trim('`')}").Order().ShouldBe(Settings().Order());
        page.Select(row => row[2].Trim('`')).ShouldBe(page.Select(row => "BELFRY__" + row[1].Trim('`').Replace(":", "__", StringComparison.Ordinal)));
        page.ShouldAllBe(row => row[4].Length > 0 && row[5].Length > 10);
    }

    static IEnumerable<string> Settings() =>
        Of(new BelfryOptions(), "").Concat(Of(new ChainOptions(), "Chains:{id}:")).Concat(Of(new StoreOptions(), "Store:")).Concat(Of(new LimitOptions(), "Limits:")).Concat(Of(new DeliveryOptions(), "Delivery:"));

    static IEnumerable<string> Of(object options, string prefix) => options.GetType().GetProperties()
        .Where(property => property.PropertyType.Namespace?.StartsWith("Belfry", StringComparison.Ordinal) != true && property.Name != nameof(BelfryOptions.Chains))
        .Select(property => $"{prefix}{property.Name} = {Write(property.GetValue(options))}");

    static string Write(object? value) => value switch
    {
        null => "–",
        bool flag => flag ? "true" : "false",
        TimeSpan time => time.ToString("c", CultureInfo.InvariantCulture).Replace("5000000", "5", StringComparison.Ordinal),
        string text => text,
        IEnumerable list => list.Cast<object>().ToList() is { Count: > 0 } items ? string.Join(",", items) : "–",
        _ => string.Create(CultureInfo.InvariantCulture, $"{value}"),
    };
}
