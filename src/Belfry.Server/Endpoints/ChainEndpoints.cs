using Belfry.Core.Leadership;
using Belfry.Core.Tracking;
using Belfry.Server.Watches;
using Belfry.Server.Wire;

namespace Belfry.Server.Endpoints;

/// <summary><c>/api/v1/chains</c>.</summary>
static class ChainEndpoints
{
    static readonly string[] RescanFields = ["from_height"];

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/chains", (IChainDirectory chains) => TypedResults.Json(Write(chains), WireJson.Default.IReadOnlyListChainBody))
            .WithSummary("Followed chains and their standing").WithTags("chains").Produces<IReadOnlyList<ChainBody>>();
        api.MapPost("/chains/{chain}/start", (string chain, AddressReader reader, CancellationToken cancellationToken) =>
            ActAsync(chain, reader, tracker => tracker.StartAsync(cancellationToken))).WithSummary("Follow a chain").WithTags("chains").Produces<ChainBody>();
        api.MapPost("/chains/{chain}/stop", (string chain, AddressReader reader, CancellationToken cancellationToken) =>
            ActAsync(chain, reader, tracker => tracker.StopAsync(cancellationToken))).WithSummary("Stop following a chain").WithTags("chains").Produces<ChainBody>();
        api.MapPost("/chains/{chain}/rescan", RescanAsync).WithSummary("Read blocks again from a height").WithTags("chains").Produces<ChainBody>(StatusCodes.Status202Accepted);
    }

    public static IReadOnlyList<ChainBody> Write(IChainDirectory chains) => [.. chains.All.Select(chain => Write(chain.Tracker.Status))];

    static ChainBody Write(ChainStatus status) => new(
        status.Profile.Id.Value, status.Profile.Network, status.Tip?.Height, status.Tip?.Hash.ToString(), WireJson.Word(status.State), WireJson.Word(status.Feed), status.LagBlocks,
        status.Profile.Currency, status.Reason, status.Endpoint, status.MempoolSize, status.WatchedScripts, status.Since, status.RescanProgress);

    static async Task<IResult> ActAsync(string name, AddressReader reader, Func<IChainTracker, ValueTask> act, int status = StatusCodes.Status200OK)
    {
        if (reader.FindChain(name) is not { } chain) return Problems.NotFound("chain", reader.UnknownChain(name));
        try
        {
            await act(chain.Tracker);
        }
        catch (NotLeaderException problem)
        {
            return Problems.Create(StatusCodes.Status409Conflict, "Another server leads the chain", new FaultBody("chain", problem.Message, null, null));
        }

        return TypedResults.Json(Write(chain.Tracker.Status), WireJson.Default.ChainBody, statusCode: status);
    }

    static async Task<IResult> RescanAsync(string chain, HttpRequest request, AddressReader reader, CancellationToken cancellationToken)
    {
        var (document, fault) = Bodies.ReadObject(await RequestBody.ReadAsync(request, cancellationToken), RescanFields);
        if (document is null) return Problems.Create(StatusCodes.Status400BadRequest, "The request cannot be understood", fault!);
        using (document)
        {
            if (!Bodies.TryHeight(document.RootElement, "from_height", out var height) || height is null)
                return Problems.BadRequest("from_height", "missing or not a block height", "a whole number from 0");
            return await ActAsync(chain, reader, tracker => tracker.RescanAsync(height.Value, cancellationToken), StatusCodes.Status202Accepted);
        }
    }
}
