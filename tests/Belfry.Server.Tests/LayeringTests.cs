using System.Reflection;
using Shouldly;

namespace Belfry.Server.Tests;

public sealed class LayeringTests
{
    [Theory]
    [InlineData("Belfry.Core", "")]
    [InlineData("Belfry.Nodes", "Belfry.Core")]
    [InlineData("Belfry.Sql", "Belfry.Core")]
    [InlineData("Belfry.Redis", "Belfry.Core")]
    [InlineData("Belfry.Client", "")]
    [InlineData("Belfry.Server", "Belfry.Core Belfry.Nodes Belfry.Sql Belfry.Redis")]
    public void A_project_refers_only_to_the_ones_below_it(string project, string allowed) =>
        Assembly.Load(project).GetReferencedAssemblies()
            .Select(assembly => assembly.Name!)
            .Where(name => name.StartsWith("Belfry.", StringComparison.Ordinal))
            .Except(allowed.Split(' '))
            .ShouldBeEmpty();
}
