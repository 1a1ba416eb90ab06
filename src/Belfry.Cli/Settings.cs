using Belfry.Core.Hosting;
using Microsoft.Extensions.Configuration;

namespace Belfry.Cli;

/// <summary>The settings as a server started here would read them.</summary>
static class Settings
{
    /// <summary>appsettings.json in the working folder, then the environment, then <paramref name="flags"/>; later ones win.</summary>
    /// <exception cref="InvalidDataException">The file is not JSON.</exception>
    public static IConfiguration Build(params IReadOnlyList<KeyValuePair<string, string?>> flags) => new ConfigurationBuilder()
        .SetBasePath(Directory.GetCurrentDirectory())
        .AddJsonFile("appsettings.json", optional: true)
        .AddEnvironmentVariables()
        .AddInMemoryCollection(flags)
        .Build();

    /// <summary>One chain's settings, or null when it is not configured here.</summary>
    /// <exception cref="ConfigurationException">A setting cannot be used.</exception>
    public static ChainOptions? ReadChain(string chain) => BelfryConfiguration.Read(Build(), out _).Chains.GetValueOrDefault(chain);
}
