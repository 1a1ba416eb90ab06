using System.Diagnostics.Metrics;
using Belfry.Core.Tracking;
using Belfry.Server.Sockets;

namespace Belfry.Server.Telemetry;

/// <summary>What the host itself shows: the chains' standing and the connections.</summary>
sealed class ServerMetrics
{
    public ServerMetrics(Meter meter, IChainDirectory chains, ConnectionRegistry connections, TimeProvider time)
    {
        meter.CreateObservableGauge("belfry.connections", () => connections.Count, "{connection}", "Open WebSocket connections.");
        meter.CreateObservableGauge("belfry.chain.height", () => PerChain(chains, status => status.Tip?.Height ?? 0), "{block}", "Height of the best block worked in.");
        meter.CreateObservableGauge("belfry.chain.lag", () => PerChain(chains, status => status.LagBlocks), "{block}", "Blocks that the node has and Belfry has not worked in.");
        meter.CreateObservableGauge("belfry.chain.mempool", () => PerChain(chains, status => status.MempoolSize), "{transaction}", "Transactions in the node's mempool.");
        meter.CreateObservableGauge("belfry.chain.watched_scripts", () => PerChain(chains, status => status.WatchedScripts), "{script}", "Watched scripts.");
        meter.CreateObservableGauge("belfry.chain.live", () => PerChain(chains, status => status.State == ChainState.Live ? 1 : 0), "", "1 when the chain is followed at its tip.");
        meter.CreateObservableGauge("belfry.chain.leads", () => PerChain(chains, status => status.Leads ? 1 : 0), "", "1 on the server that follows the chain's node; the others tell what it writes.");
        meter.CreateObservableGauge("belfry.chain.state_age", () => PerChain(chains, status => (long)(time.GetUtcNow() - status.Since).TotalSeconds), "s", "How long the chain's state has lasted.");
    }

    static IEnumerable<Measurement<long>> PerChain(IChainDirectory chains, Func<ChainStatus, long> value) =>
        chains.All.Select(chain => new Measurement<long>(value(chain.Tracker.Status), new KeyValuePair<string, object?>("chain", chain.Profile.Id.Value)));
}
