using Belfry.Client;
using Belfry.Core.Delivery;
using Belfry.Core.Hosting;
using Belfry.Core.Runtime;
using Belfry.Core.Tracking;
using Belfry.Nodes.Bitcoin;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Readers;
using Belfry.Nodes.Simnet;
using Belfry.Server;
using Belfry.Sql.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Belfry.Cli;

/// <summary>Puts a server together and runs it until it is stopped: the one place that knows all the parts.</summary>
sealed class ServerRun(Terminal terminal, ServeRequest request)
{
    static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(10);

    /// <summary>Starts, greets, and ends with the token or the process.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var settings = ServeSettings.Read(request);
        foreach (var warning in settings.Warnings) await terminal.Error.WriteLineAsync("belfry: " + warning);
        using var disposable = settings.Simulated ? DisposableData.Take(settings.Options.Data) : null;
        using var logs = LoggerFactory.Create(Log);
        await using var store = await SqliteStore.OpenAsync(
            new SqliteStoreOptions { Folder = settings.Options.Data }, TimeProvider.System, SystemEntropy.Instance, logs.CreateLogger<SqliteStore>(), cancellationToken);
        await using var server = BelfryServer.Create(settings.Options, services => Register(services, store), Log);
        using var tail = store.Attach(server.Services.GetRequiredService<JournalTail>());
        await server.StartAsync(cancellationToken);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var traffic = Task.CompletedTask;
        try
        {
            var demo = settings.Simulated ? await WatchWalletsAsync(server, settings.Options, cancellationToken) : [];
            if (request.Banner) await terminal.Out.WriteLineAsync(Banner.Render(terminal, server.Urls[0], Chains(server), demo, Path.GetFullPath(settings.Options.Data)));
            if (settings.Simulated) traffic = server.Services.GetRequiredService<SimnetChainFactory>().RunAsync(stopping.Token);
            await server.WaitForShutdownAsync(cancellationToken);
        }
        finally
        {
            await stopping.CancelAsync();
            await traffic;
            // when the wait was cancelled from outside, the host still has to stop; otherwise this does nothing
            using var patience = new CancellationTokenSource(StopPatience, TimeProvider.System);
            await server.StopAsync(patience.Token);
        }

        return ExitCodes.Done;
    }

    static void Register(IServiceCollection services, SqliteStore store)
    {
        services.AddSingleton(store.Ledger).AddSingleton(store.Reader).AddSingleton(store.Journal).AddSingleton(store.Watches);
        services.AddSingleton<TrackingMetrics>();
        services.AddSingleton(provider => new SimnetChainFactory(
            DecoderFor, provider.GetRequiredService<TimeProvider>(), new SimnetTraffic(), provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton<IChainFactory>(provider => provider.GetRequiredService<SimnetChainFactory>());
        services.AddSingleton<INetwork>(TcpNetwork.Instance);
        services.AddSingleton<IChainFactory, BitcoinChainFactory>();
        services.AddSingleton<ChainHost>().AddHostedService(provider => provider.GetRequiredService<ChainHost>());
        services.AddSingleton(provider => provider.GetRequiredService<ChainHost>().Directory);
    }

    static BitcoinDecoder DecoderFor(BitcoinNetwork network) => new(TransactionFormats.Of(network.Chain.Value), new ClaimedScripts(network.Rules));

    /// <summary>Watches the wallets of the simulated chains by the same request that everybody uses.</summary>
    static async Task<IReadOnlyList<Banner.DemoAddress>> WatchWalletsAsync(BelfryServer server, BelfryOptions options, CancellationToken cancellationToken)
    {
        using var client = new BelfryClient(new Uri(server.Urls[0]), options.ApiKey);
        var watched = new List<Banner.DemoAddress>();
        foreach (var (id, simnet) in server.Services.GetRequiredService<SimnetChainFactory>().Chains)
            foreach (var (owner, address) in simnet.Addresses)
            {
                await client.AddWatchAsync(new NewWatch(id.Value, address, FromHeight: 0, Label: owner), cancellationToken);
                watched.Add(new Banner.DemoAddress(id.Value, owner, address));
            }

        return watched;
    }

    static IReadOnlyList<string> Chains(BelfryServer server) =>
        [.. server.Services.GetRequiredService<IChainDirectory>().All.Select(chain => $"{chain.Profile.Id} {chain.Profile.Network}  {chain.Tracker.Status.Endpoint}".TrimEnd())];

    /// <summary>A service logs what happens; a greeted person is told only of trouble.</summary>
    void Log(ILoggingBuilder logging) => logging
        .AddSimpleConsole(console => console.SingleLine = true)
        .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace)
        .SetMinimumLevel(request.Banner ? LogLevel.Warning : LogLevel.Information)
        .AddFilter("Microsoft", LogLevel.Warning)
        .AddFilter("Belfry.Core.Tracking", request.Banner ? LogLevel.Error : LogLevel.Information);
}
