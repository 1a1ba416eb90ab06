using System.Text.Json;
using Belfry.Core.Runtime;
using Belfry.Core.Tracking;
using Belfry.Nodes.Simnet;
using Belfry.Server.Simulation;
using Belfry.Server.Watches;
using Belfry.Server.Wire;

namespace Belfry.Server.Endpoints;

/// <summary>
/// <c>/api/v1/chains/{chain}/simulate</c>: makes something happen on a simulated chain. A chain that follows a node has no such thing: the request is refused, whatever it asks.
/// </summary>
static class SimulationEndpoints
{
    static readonly string[] Fields = ["deed", "to", "amount", "tx_hash", "pays_you", "blocks", "empty", "depth", "keep"];

    public static void Map(IEndpointRouteBuilder api) => api.MapPost("/chains/{chain}/simulate", RunAsync)
        .WithSummary("Make something happen on a simulated chain: {\"deed\":\"pay\",\"to\":\"…\",\"amount\":\"0.05\"}; address, pay, replace, double_spend, drop, mine, reorg, release")
        .WithTags("chains").Produces<DeedBody>();

    static async Task<IResult> RunAsync(string chain, HttpContext context, AddressReader reader, CancellationToken cancellationToken)
    {
        if (reader.FindChain(chain) is not { } followed) return Problems.NotFound("chain", reader.UnknownChain(chain));
        // Asked of what runs, not of a setting: only a chain that the simulation itself made can be acted on.
        var simulated = context.RequestServices.GetService<SimnetChainFactory>()?.Chains.GetValueOrDefault(followed.Profile.Id);
        if (simulated is null || followed.Profile.Network != SimnetChainFactory.NetworkName) return RefuseReal(followed);
        var (document, fault) = Bodies.ReadObject(await RequestBody.ReadAsync(context.Request, cancellationToken), Fields);
        if (document is null) return Problems.Create(StatusCodes.Status400BadRequest, "The request cannot be understood", fault!);
        using (document) return Run(new Deeds(simulated, followed), document.RootElement);
    }

    static IResult RefuseReal(FollowedChain chain) => Problems.Create(
        StatusCodes.Status409Conflict, "This chain is not simulated",
        new FaultBody("chain", $"{chain.Profile.Id} follows a real network ({chain.Profile.Network}): nothing can be made to happen there by Belfry", "a chain with Network=simnet, as in: belfry demo", null));

    static IResult Run(Deeds deeds, JsonElement body)
    {
        if (!Bodies.TryString(body, "deed", out var name) || name is null) return Problems.BadRequest("deed", "missing or not text", string.Join(", ", Deeds.Names));
        if (!Deeds.Names.Contains(name)) return Problems.BadRequest("deed", $"'{AddressReader.Clean(name)}' is no deed", string.Join(", ", Deeds.Names), Spelling.Closest(name, Deeds.Names));
        var (done, fault) = deeds.Do(name, body);
        return done is not null
            ? TypedResults.Json(done, WireJson.Default.DeedBody)
            : Problems.Create(StatusCodes.Status422UnprocessableEntity, "The request cannot be carried out", fault!);
    }
}
