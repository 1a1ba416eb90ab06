using Belfry.Core.Chains;
using Belfry.Core.Delivery;
using Belfry.Core.Watches;
using Belfry.Server.Auth;
using Belfry.Server.Watches;
using Belfry.Server.Wire;

namespace Belfry.Server.Endpoints;

/// <summary><c>/api/v1/watches</c>.</summary>
static class WatchEndpoints
{
    const int LargestPage = 1000;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/watches", AddAsync).WithSummary("Watch an address").WithTags("watches").Produces<WatchBody>(StatusCodes.Status201Created).Produces<WatchBody>();
        api.MapGet("/watches", ListAsync).WithSummary("The account's watches").WithTags("watches").Produces<WatchPageBody>();
        api.MapDelete("/watches/{id}", RemoveAsync).WithSummary("Stop watching").WithTags("watches").Produces(StatusCodes.Status204NoContent);
        api.MapPost("/watches/import", WatchImport.RunAsync).WithSummary("Watch many addresses: NDJSON in, NDJSON out, in order").WithTags("watches")
            .WithMetadata(new UnboundedBody());
    }

    static async Task<IResult> AddAsync(HttpContext context, AddressReader reader, WatchRegistry watches, DeliveryHub hub, CancellationToken cancellationToken)
    {
        var (request, fault) = WatchBodies.Read(await RequestBody.ReadAsync(context.Request, cancellationToken), reader);
        if (request is null) return Problems.Create(StatusCodes.Status400BadRequest, "The watch cannot be stored", fault!);
        var (watch, created) = (await watches.AddAsync(context.GetAccount(), [request], cancellationToken))[0];
        if (created) context.Response.Headers.Location = $"/api/v1/watches/{watch.Id}";
        return TypedResults.Json(
            WatchBodies.Write(watch, hub.Head, created), WireJson.Default.WatchBody, statusCode: created ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    static async Task<IResult> ListAsync(
        HttpContext context, IWatchStore store, AddressReader reader, DeliveryHub hub, string? chain, string? after, int? limit, CancellationToken cancellationToken)
    {
        if (limit is < 1 or > LargestPage) return Problems.BadRequest("limit", "out of range", $"1 to {LargestPage}");
        ChainId? only = null;
        if (chain is not null)
        {
            if (reader.FindChain(chain) is not { } followed) return Problems.BadRequest("chain", reader.UnknownChain(chain));
            only = followed.Profile.Id;
        }

        var size = limit ?? 100;
        var page = await store.ListAsync(context.GetAccount().Id, only, after, size + 1, cancellationToken);
        var shown = page.Take(size).Select(watch => WatchBodies.Write(watch, hub.Head, created: false)).ToList();
        var more = page.Count > size;
        return TypedResults.Json(new WatchPageBody(shown, more ? shown[^1].Id : null, more), WireJson.Default.WatchPageBody);
    }

    static async Task<IResult> RemoveAsync(HttpContext context, WatchRegistry watches, string id, CancellationToken cancellationToken) =>
        await watches.RemoveAsync(context.GetAccount(), id, cancellationToken) is null
            ? Problems.NotFound("id", "you have no watch of this id", "an id from GET /api/v1/watches")
            : TypedResults.NoContent();
}
