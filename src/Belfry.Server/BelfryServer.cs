using System.Diagnostics.Metrics;
using System.Security.Cryptography.X509Certificates;
using Belfry.Core.Delivery;
using Belfry.Core.Hosting;
using Belfry.Core.Journal;
using Belfry.Core.Leadership;
using Belfry.Core.Listeners;
using Belfry.Core.Runtime;
using Belfry.Core.Tracking;
using Belfry.Core.Watches;
using Belfry.Server.Auth;
using Belfry.Server.Endpoints;
using Belfry.Server.Search;
using Belfry.Server.Sockets;
using Belfry.Server.Telemetry;
using Belfry.Server.Watches;
using Belfry.Server.Wire;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Belfry.Server;

/// <summary>
/// The server on Kestrel. The caller brings the store (ILedgerReader, IJournal, IWatchStore), the chains (IChainDirectory) and the hosted services that run them, and
/// attaches the <see cref="JournalTail"/> (registered as IJournalListener) to the store before anything is committed.
/// </summary>
public sealed class BelfryServer : IAsyncDisposable
{
    readonly WebApplication app;

    BelfryServer(WebApplication app) => this.app = app;

    /// <summary>Everything that was registered.</summary>
    public IServiceProvider Services => app.Services;

    /// <summary>The addresses that it really listens on; port 0 is resolved.</summary>
    public IReadOnlyList<string> Urls => [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? []];

    /// <summary>
    /// To be called by a store that several servers share, between reading events and telling them to the listeners: takes in what accounts watch through other servers.
    /// </summary>
    public ValueTask PrepareToTellAsync(CancellationToken cancellationToken) => Services.GetRequiredService<AccountScopes>().CatchUpAsync(cancellationToken);

    /// <summary>Builds a server; nothing listens yet.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="configure">Registers the store, the chains and their hosted services.</param>
    /// <param name="logging">Sets up logging; null: the console.</param>
    /// <exception cref="ConfigurationException">Settings cannot be used; all faults are told.</exception>
    public static BelfryServer Create(BelfryOptions options, Action<IServiceCollection> configure, Action<ILoggingBuilder>? logging = null)
    {
        if (BelfryConfiguration.Validate(options) is { Count: > 0 } faults) throw new ConfigurationException(faults);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        // No other source may move the endpoints away from what was checked (ASPNETCORE_URLS, Kestrel:Endpoints).
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection();
        builder.Logging.ClearProviders();
        if (logging is null) builder.Logging.AddSimpleConsole(console => console.SingleLine = true).AddFilter("Microsoft", LogLevel.Warning);
        else logging(builder.Logging);
        // The host's own request log opens an activity and a scope for every request; a connection that lives for days would carry them along.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.WebHost.UseKestrelHttpsConfiguration();
        var certificate = ServerCertificate.Load(options);
        builder.WebHost.ConfigureKestrel(kestrel => Limit(kestrel.Limits, options.Limits, kestrel, certificate));
        builder.WebHost.UseUrls(options.Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.Limits.ShutdownTimeout);
        AddServices(builder.Services, options);
        builder.Services.AddHostedService<ShutdownDrain>();
        configure(builder.Services);
        var built = builder.Build();
        Map(built);
        return new BelfryServer(built);
    }

    /// <summary>Opens delivery, starts the hosted services and listens.</summary>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        var hub = Services.GetRequiredService<DeliveryHub>();
        await hub.StartAsync(cancellationToken);
        await Services.GetRequiredService<AccountScopes>().LoadAsync(cancellationToken);
        // Before the first measurement: what is counted while nobody listens is lost.
        _ = Services.GetRequiredService<PrometheusWriter>();
        _ = Services.GetRequiredService<ServerMetrics>();
        _ = Services.GetRequiredService<ClientMetrics>();
        var log = Services.GetRequiredService<ServerLog>();
        await app.StartAsync(cancellationToken);
        log.Listening(string.Join(", ", Urls), hub.Epoch, hub.Head);
    }

    /// <summary>Closes every connection with 3001 and its cursor, then stops; at most the shutdown timeout.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => app.StopAsync(cancellationToken);

    /// <summary>Returns when the process is told to end (SIGTERM, Ctrl+C) and the server has stopped.</summary>
    public Task WaitForShutdownAsync(CancellationToken cancellationToken = default) => app.WaitForShutdownAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => app.DisposeAsync();

    static void Limit(KestrelServerLimits limits, LimitOptions options, KestrelServerOptions kestrel, X509Certificate2? certificate)
    {
        kestrel.AddServerHeader = false;
        limits.MaxRequestLineSize = options.RequestLineBytes;
        limits.MaxRequestHeadersTotalSize = options.HeaderBytes;
        limits.MaxRequestHeaderCount = options.HeaderCount;
        limits.MaxRequestBodySize = options.BodyBytes;
        limits.RequestHeadersTimeout = options.HeadTimeout;
        limits.KeepAliveTimeout = options.IdleTimeout;
        limits.MinRequestBodyDataRate = limits.MinResponseDataRate = new MinDataRate(options.MinBytesPerSecond, options.MinPaceGrace);
        // A connection that only opens also has to say hello in time.
        kestrel.ConfigureHttpsDefaults(https => (https.HandshakeTimeout, https.ServerCertificate) = (options.HeadTimeout, certificate));
        kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Use(endpoint.ApplicationServices.GetRequiredService<TcpGate>().Guard));
    }

    static void AddServices(IServiceCollection services, BelfryOptions options)
    {
        services.AddSingleton(options).AddSingleton(options.Delivery).AddSingleton(TimeProvider.System);
        services.AddSingleton<IEntropy>(SystemEntropy.Instance);
        services.AddSingleton(_ => new Meter(new MeterOptions(PrometheusWriter.MeterName) { Scope = new object() }));
        services.AddSingleton<PrometheusWriter>().AddSingleton<DeliveryMetrics>().AddSingleton<ServerMetrics>();
        services.AddSingleton<JournalTail>().AddSingleton<IJournalListener>(provider => provider.GetRequiredService<JournalTail>());
        services.AddSingleton<ClientMetrics>().AddSingleton<TcpGate>().AddSingleton<DeliveryHub>().AddSingleton<ConnectionRegistry>().AddSingleton<IActiveAddresses, ActiveAddresses>();
        services.AddSingleton<Accounts>().AddSingleton<OriginRules>().AddSingleton<WatchRegistry>().AddSingleton<AddressReader>().AddSingleton<ServerLog>();
        services.AddSingleton(provider => new AccountScopes(
            provider.GetRequiredService<IWatchStore>(), provider.GetRequiredService<IChainDirectory>(), provider.GetRequiredService<Accounts>(), provider.GetService<SharedStore>()?.Changes));
        services.AddSingleton<ProtocolParts>().AddSingleton<JournalSearch>().AddSingleton<LedgerViews>();
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, WireJson.Default));
        services.AddOpenApi("v1");
    }

    static void Map(WebApplication app)
    {
        app.UseMiddleware<Guard>();
        HealthEndpoints.Map(app);
        SocketEndpoints.Map(app);
        PageEndpoints.Map(app);
        // One document: any other name is answered as everything is that does not exist.
        app.MapOpenApi("/openapi/v1.json");
        var api = app.MapGroup("/api/v1");
        ChainEndpoints.Map(api);
        SimulationEndpoints.Map(api);
        WatchEndpoints.Map(api);
        LedgerEndpoints.Map(api);
        EventEndpoints.Map(api);
        SearchEndpoints.Map(api);
    }
}
