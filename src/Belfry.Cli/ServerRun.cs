using Belfry.Client;
using Belfry.Core.Hosting;
using Belfry.Core.Runtime;
using Belfry.Core.Tracking;
using Belfry.Nodes.Bitcoin;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Readers;
using Belfry.Nodes.Simnet;
using Belfry.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Belfry.Cli;

/// <summary>Puts a server together and runs it until it is stopped: the one place that knows all the parts.</summary>
sealed class ServerRun(Terminal terminal, ServeRequest request)
{
    static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(10);
    static readonly TimeSpan GreetingPatience = TimeSpan.FromSeconds(2);
    bool simulated;

    /// <summary>Starts, greets, and ends with the token or the process.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var settings = ServeSettings.Read(request);
        simulated = settings.Simulated;
        foreach (var warning in settings.Warnings) await terminal.Error.WriteLineAsync("belfry: " + warning);
        using var disposable = settings.Simulated ? DisposableData.Take(settings.Options.Data) : null;
        using var logs = LoggerFactory.Create(Log);
        await using var store = await ServerStore.OpenAsync(settings, logs, cancellationToken);
        await using var server = BelfryServer.Create(settings.Options, services => Register(services, store), Log);
        using var tail = store.Attach(server, hasAccounts: settings.Options.ApiKeys.Count > 0);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var traffic = Task.CompletedTask;
        try
        {
            await ListenAsync(server, cancellationToken);
            var demo = settings.Simulated ? await WatchWalletsAsync(server, settings.Options, cancellationToken) : [];
            if (request.Banner) await GreetAsync(server, store.Place, demo, cancellationToken);
            else if (settings.Options.Chains.Count == 0) await terminal.Error.WriteLineAsync("belfry: no chain is configured, so nothing will happen; set for instance BELFRY__Chains__btc__Rpc");
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

    static async Task ListenAsync(BelfryServer server, CancellationToken cancellationToken)
    {
        try
        {
            await server.StartAsync(cancellationToken);
        }
        catch (Exception problem) when (problem is IOException { InnerException: not null } or InvalidOperationException)
        {
            // Kestrel's: a port in use, an address that is not this machine's, https without a certificate
            throw new ConfigurationException([$"Belfry:Urls: {problem.Message.Split('\n')[0].TrimEnd()} Choose another address with --urls."]);
        }
    }

    async Task GreetAsync(BelfryServer server, string place, IReadOnlyList<Banner.DemoAddress> demo, CancellationToken cancellationToken)
    {
        var chains = server.Services.GetRequiredService<IChainDirectory>().All;
        // Whether a node can be used is known in a moment; a person wants to read it here and not find it out later.
        var time = server.Services.GetRequiredService<TimeProvider>();
        for (var begun = time.GetTimestamp(); chains.Any(chain => IsUndecided(chain.Tracker.Status)) && time.GetElapsedTime(begun) < GreetingPatience;)
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellationToken);
        await terminal.Out.WriteLineAsync(Banner.Render(terminal, server.Urls[0], [.. chains.Select(chain => Describe(chain.Tracker.Status))], demo, place));
    }

    static bool IsUndecided(ChainStatus status) => status is { State: ChainState.CatchingUp, Reason: null };

    static string Describe(ChainStatus status)
    {
        var state = status.State.ToString().ToLowerInvariant();
        if (status.State == ChainState.CatchingUp) state = status.Tip is null ? "connecting" : $"catching up, at block {status.Tip.Value.Height}";
        else if (status.Tip is { } tip) state += $" at block {tip.Height}";
        return string.Join("  ", new[] { $"{status.Profile.Id} {status.Profile.Network}", status.Endpoint, state, status.Reason ?? "" }.Where(part => part.Length > 0));
    }

    static void Register(IServiceCollection services, ServerStore store)
    {
        store.Register(services);
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

    /// <summary>A service logs what happens, with category and id; a person at a terminal reads sentences, and only of what matters.</summary>
    void Log(ILoggingBuilder logging)
    {
        if (request.Banner) logging.AddConsole(console => console.FormatterName = PlainLog.FormatterName).AddConsoleFormatter<PlainLog, ConsoleFormatterOptions>();
        else logging.AddSimpleConsole(console => console.SingleLine = true);
        logging
            .AddConsole(console =>
            {
                console.LogToStandardErrorThreshold = LogLevel.Trace;
                // whoever reads the log may have stopped reading: lines are lost then, and said to be, but nothing waits for them
                console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
            })
            .SetMinimumLevel(request.Banner ? LogLevel.Warning : LogLevel.Information)
            .AddFilter("Microsoft", LogLevel.Warning)
            // what stops the start is said once, in words
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        // a simulated chain is restless on purpose: its reorgs are events, not trouble
        if (request.Banner && simulated) logging.AddFilter("Belfry.Core.Tracking", LogLevel.Error);
        else if (request.Banner) logging.AddFilter("Belfry.Core.Tracking", LogLevel.Information);
    }
}
