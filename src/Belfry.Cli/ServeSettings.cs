using Belfry.Core.Hosting;
using Belfry.Nodes.Simnet;

namespace Belfry.Cli;

/// <summary>The settings that a server starts with, from file, environment and command line.</summary>
/// <param name="Options">Checked.</param>
/// <param name="Simulated">Whether the chains are simulated: then the data are of this run only.</param>
/// <param name="Warnings">Settings that are not known.</param>
/// <param name="Postgres">Where PostgreSQL was configured, when the server runs on it; null: on SQLite in the data folder.</param>
sealed record ServeSettings(BelfryOptions Options, bool Simulated, IReadOnlyList<string> Warnings, string? Postgres)
{
    /// <summary>Folder below the data folder for what a simulated chain leaves behind.</summary>
    const string SimulatedFolder = "simnet";

    /// <summary>Reads appsettings.json in the working folder, then the environment, then <paramref name="request"/>; later ones win.</summary>
    /// <exception cref="ConfigurationException">A setting cannot be used.</exception>
    public static ServeSettings Read(ServeRequest request)
    {
        var configuration = Settings.Build([.. Flags(request)]);
        var options = BelfryConfiguration.Read(configuration, out var warnings);
        if (request.Demo ?? options.Chains.Count == 0)
        {
            var chain = new ChainOptions { Network = SimnetChainFactory.NetworkName };
            options = options with { Chains = new Dictionary<string, ChainOptions> { ["btc"] = chain } };
        }

        var simulated = options.Chains.Values.Count(chain => chain.Network == SimnetChainFactory.NetworkName);
        if (simulated == 0) return new ServeSettings(options, false, warnings, PostgresVariables.Find(configuration)?.Setting);
        if (simulated < options.Chains.Count)
            throw new ConfigurationException(["Chains: a simulated chain (Network=simnet) cannot stand beside a real one, because its data are thrown away at the next start."]);
        return new ServeSettings(options with { Data = Path.Combine(options.Data, SimulatedFolder) }, true, warnings, Postgres: null);
    }

    static IEnumerable<KeyValuePair<string, string?>> Flags(ServeRequest request)
    {
        if (request.Urls is { } urls) yield return new(BelfryConfiguration.Section + ":Urls", urls);
        if (request.Data is { } data) yield return new(BelfryConfiguration.Section + ":Data", data);
    }
}
