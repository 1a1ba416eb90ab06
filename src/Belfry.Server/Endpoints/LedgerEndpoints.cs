using Belfry.Core.Chains;
using Belfry.Core.Listeners;
using Belfry.Server.Auth;
using Belfry.Server.Search;
using Belfry.Server.Watches;
using Belfry.Server.Wire;

namespace Belfry.Server.Endpoints;

/// <summary><c>/api/v1/addresses</c>, <c>/api/v1/transactions</c>, <c>/api/v1/active-addresses</c>.</summary>
static class LedgerEndpoints
{
    const int LargestPage = 500;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/addresses/{chain}/{address}", AddressAsync).WithSummary("Balance of a watched address, and the journal position at which it holds").WithTags("ledger").Produces<AddressBody>();
        api.MapGet("/addresses/{chain}/{address}/transactions", HistoryAsync).WithSummary("Transactions of a watched address, newest first").WithTags("ledger").Produces<TransactionPageBody>();
        api.MapGet("/transactions/{chain}/{hash}", TransactionAsync).WithSummary("A transaction that touches a watched address").WithTags("ledger").Produces<TransactionBody>();
        api.MapGet("/active-addresses/{chain}", ActiveAsync).WithSummary("Addresses that somebody listens to now").WithTags("listeners").Produces<ActiveAddressesBody>();
    }

    static async Task<IResult> AddressAsync(HttpContext context, string chain, string address, AddressReader reader, LedgerViews views, CancellationToken cancellationToken) =>
        TryFind(chain, address, reader, out var found, out var problem) ? TypedResults.Json(await views.AddressAsync(context, found!, cancellationToken), WireJson.Default.AddressBody) : problem!;

    static async Task<IResult> HistoryAsync(
        HttpContext context, string chain, string address, string? after, int? limit, AddressReader reader, LedgerViews views, CancellationToken cancellationToken)
    {
        if (!TryFind(chain, address, reader, out var found, out var problem)) return problem!;
        if (limit is < 1 or > LargestPage) return Problems.BadRequest("limit", "out of range", $"1 to {LargestPage}");
        if (!TryHash(after, out var before)) return Problems.BadRequest("after", "not a transaction id", "64 hexadecimal digits: the tx_hash of the last transaction of the page before");
        var size = limit ?? 50;
        var page = await views.HistoryAsync(context, found!, before, size + 1, cancellationToken);
        var shown = page.Take(size).ToList();
        return TypedResults.Json(new TransactionPageBody(shown, page.Count > size ? shown[^1].TxHash : null, page.Count > size), WireJson.Default.TransactionPageBody);
    }

    static async Task<IResult> TransactionAsync(HttpContext context, string chain, string hash, AddressReader reader, LedgerViews views, CancellationToken cancellationToken)
    {
        if (reader.FindChain(chain) is not { } followed) return Problems.NotFound("chain", reader.UnknownChain(chain));
        if (!TryHash(hash, out var id)) return Problems.BadRequest("hash", "not a transaction id", "64 hexadecimal digits");
        return await views.TransactionAsync(context, followed, id!.Value, cancellationToken) is { } body
            ? TypedResults.Json(body, WireJson.Default.TransactionBody)
            : Problems.NotFound("hash", "no transaction of this id touches an address that you watch", "a transaction that was told as an event");
    }

    static async Task<IResult> ActiveAsync(HttpContext context, string chain, AddressReader reader, IActiveAddresses active, CancellationToken cancellationToken)
    {
        if (reader.FindChain(chain) is not { } followed) return Problems.NotFound("chain", reader.UnknownChain(chain));
        var all = await active.ReadAllAsync(followed.Profile.Id, cancellationToken);
        var seen = all.Where(entry => followed.Codec.Read(entry.Key).Script is not { } script || context.Sees(followed.Profile.Id, script)).ToDictionary();
        return TypedResults.Json(new ActiveAddressesBody(followed.Profile.Id.Value, seen.Count, seen.Values.Sum(), seen), WireJson.Default.ActiveAddressesBody);
    }

    static bool TryFind(string chain, string address, AddressReader reader, out WatchRequest? found, out IResult? problem)
    {
        (found, problem) = (null, null);
        if (reader.FindChain(chain) is not { } followed)
        {
            problem = Problems.NotFound("chain", reader.UnknownChain(chain));
            return false;
        }

        found = reader.Read(address, [followed], out var error) is [var only, ..] ? only : null;
        if (found is null) problem = Problems.Unprocessable("address", error!, $"an address of {followed.Profile.Id} {followed.Profile.Network}");
        return found is not null;
    }

    static bool TryHash(string? text, out TxHash? hash)
    {
        hash = null;
        if (text is null) return true;
        if (!Hash256.TryParse(text, out var value)) return false;
        hash = new TxHash(value);
        return true;
    }
}
