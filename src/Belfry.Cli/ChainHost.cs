using Belfry.Core.Chains;
using Belfry.Core.Hosting;
using Belfry.Core.Leadership;
using Belfry.Core.Ledger;
using Belfry.Core.Listeners;
using Belfry.Core.Runtime;
using Belfry.Core.Tracking;
using Belfry.Core.Watches;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Belfry.Cli;

/// <summary>The chains of a server: made from the settings, started and stopped with it.</summary>
sealed class ChainHost : IHostedService
{
    readonly List<(IChainTracker Tracker, bool Enabled)> trackers = [];
    bool stopped;

    /// <summary>Makes every configured chain; dials nothing yet.</summary>
    /// <exception cref="ConfigurationException">No family knows a chain.</exception>
    public ChainHost(BelfryOptions options, IEnumerable<IChainFactory> families, IServiceProvider services)
    {
        var known = families.ToList();
        var shared = services.GetService<SharedStore>();
        var leadership = new LeadershipOptions { Server = NewName(services.GetRequiredService<IEntropy>()), Lease = options.Store.Lease };
        var followed = new List<FollowedChain>();
        foreach (var (name, settings) in options.Chains)
        {
            var id = new ChainId(name);
            var parts = known.Select(family => family.Create(id, settings)).FirstOrDefault(made => made is not null)
                ?? throw new ConfigurationException([$"Chains:{id}: no such chain is known; expected btc, ltc, bch or doge."]);
            var own = new TrackerParts(
                parts, settings, services.GetRequiredService<ILedger>(), services.GetRequiredService<IWatchStore>(), services.GetRequiredService<IActiveAddresses>(),
                services.GetRequiredService<TimeProvider>());
            IChainTracker tracker = shared is null ? Open(own) : new LedChain(own, shared, leadership, Open, services.GetRequiredService<ILogger<LedChain>>());
            trackers.Add((tracker, settings.Enabled));
            followed.Add(new FollowedChain(parts.Profile, parts.Codec, tracker));
        }

        Directory = new ChainDirectory(followed);

        ChainTracker Open(TrackerParts parts) => new(
            parts, services.GetRequiredService<IEntropy>(), services.GetRequiredService<TrackingMetrics>(), services.GetRequiredService<ILogger<ChainTracker>>());
    }

    /// <summary>The chains.</summary>
    public IChainDirectory Directory { get; }

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var (tracker, enabled) in trackers)
            if (enabled) await tracker.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        // the host stops its services again when it is told to stop twice, by a signal and by us
        if (Interlocked.Exchange(ref stopped, true)) return;
        // side by side: each may have a node to take leave of
        await Task.WhenAll(trackers.Select(static async entry => await entry.Tracker.DisposeAsync()));
    }

    // Anew with each start: what is left of a former process of this machine is another server.
    static string NewName(IEntropy entropy)
    {
        Span<byte> tail = stackalloc byte[4];
        entropy.Fill(tail);
        return $"{Environment.MachineName}-{Convert.ToHexStringLower(tail)}";
    }
}
