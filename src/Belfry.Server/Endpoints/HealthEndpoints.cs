using System.Reflection;
using Belfry.Core.Delivery;
using Belfry.Core.Tracking;
using Belfry.Server.Sockets;
using Belfry.Server.Telemetry;
using Belfry.Server.Wire;

namespace Belfry.Server.Endpoints;

/// <summary><c>/health</c>, <c>/health/live</c>, <c>/health/ready</c>, <c>/metrics</c>.</summary>
static class HealthEndpoints
{
    static readonly string Version = typeof(HealthEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health", Health).WithSummary("How the server is").WithTags("health").Produces<HealthBody>();
        routes.MapGet("/health/live", () => TypedResults.Json(new ReadyBody("alive", null), WireJson.Default.ReadyBody))
            .WithSummary("The process answers").WithTags("health").Produces<ReadyBody>();
        routes.MapGet("/health/ready", Ready).WithSummary("The server takes work").WithTags("health").Produces<ReadyBody>().Produces<ReadyBody>(StatusCodes.Status503ServiceUnavailable);
        routes.MapGet("/metrics", (PrometheusWriter writer) => TypedResults.Text(writer.Write(), PrometheusWriter.ContentType)).WithSummary("Metrics as Prometheus text").WithTags("health");
    }

    static IResult Health(IChainDirectory chains, ConnectionRegistry connections, DeliveryHub hub)
    {
        var states = chains.All.Select(chain => chain.Tracker.Status.State).ToList();
        var degraded = states.Exists(state => state is ChainState.Degraded or ChainState.Behind);
        return TypedResults.Json(
            new HealthBody(
                connections.IsClosing ? "stopping" : degraded ? "degraded" : "healthy", states.Exists(state => state != ChainState.Stopped), connections.Count, Version, hub.Epoch, hub.Head,
                ChainEndpoints.Write(chains)),
            WireJson.Default.HealthBody);
    }

    // A chain whose node is away does not make the server unready: its events wait, everything else is served.
    static IResult Ready(ConnectionRegistry connections) => connections.IsClosing
        ? TypedResults.Json(new ReadyBody("stopping", "the server is shutting down"), WireJson.Default.ReadyBody, statusCode: StatusCodes.Status503ServiceUnavailable)
        : TypedResults.Json(new ReadyBody("ready", null), WireJson.Default.ReadyBody);
}
