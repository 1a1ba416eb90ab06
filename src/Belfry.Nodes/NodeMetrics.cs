using System.Diagnostics.Metrics;

namespace Belfry.Nodes;

/// <summary>What node connections count.</summary>
static class NodeMetrics
{
    static readonly Meter Meter = new("Belfry");

    public static readonly Histogram<double> RpcDuration =
        Meter.CreateHistogram<double>("belfry.node.rpc.duration", "s", "Time until a node's RPC answer was read, by method.");

    public static readonly Counter<long> RpcFailures =
        Meter.CreateCounter<long>("belfry.node.rpc.failures", "{request}", "RPC requests without a readable answer, by method and fault.");

    public static readonly Counter<long> FeedLost =
        Meter.CreateCounter<long>("belfry.node.feed.lost", "{loss}", "Times a feed was lost or had a hole, by chain and reason.");

    public static readonly Counter<long> SignalsDropped =
        Meter.CreateCounter<long>("belfry.node.feed.signals_dropped", "{signal}", "News dropped because the pipeline did not keep up; told as overflow and read back.");
}
