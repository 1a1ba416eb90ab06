using Belfry.Core.Chains;
using Belfry.Core.Ledger;
using Belfry.Core.Listeners;
using Belfry.Core.Tracking;
using Belfry.Core.Watches;
using Belfry.Server.Auth;
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

    static async Task<IResult> AddressAsync(
        HttpContext context, string chain, string address, AddressReader reader, ILedgerReader ledger, IActiveAddresses active, IWatchStore store, CancellationToken cancellationToken)
    {
        if (!TryFind(chain, address, reader, out var found, out var problem)) return problem!;
        var account = context.GetAccount();
        var followed = found!.Chain.Profile;
        var watched = await store.FindAsync(account.Id, followed.Id, found.Script, cancellationToken) is not null;
        // Of an address that only another account watches, nothing is told: it looks like one that nobody watches.
        var (balance, sequence) = context.Sees(followed.Id, found.Script)
            ? await ledger.ReadAddressAsync(followed.Id, found.Script, cancellationToken) is var view ? (view.Balance, view.Sequence) : default
            : (Balance.Empty, context.RequestServices.GetRequiredService<Core.Delivery.DeliveryHub>().Head);
        string Text(Amount amount) => amount.ToDecimal(followed.Decimals);
        return TypedResults.Json(
            new AddressBody(
                followed.Id.Value, found.Address, new BalanceBody(Text(balance.Confirmed), Text(balance.Unconfirmed), Text(balance.Immature)), Text(balance.Received), Text(balance.Sent),
                balance.Transactions, active.IsActive(followed.Id, found.Script), sequence, followed.Currency, watched),
            WireJson.Default.AddressBody);
    }

    static async Task<IResult> HistoryAsync(
        HttpContext context, string chain, string address, string? after, int? limit, AddressReader reader, ILedgerReader ledger, CancellationToken cancellationToken)
    {
        if (!TryFind(chain, address, reader, out var found, out var problem)) return problem!;
        if (limit is < 1 or > LargestPage) return Problems.BadRequest("limit", "out of range", $"1 to {LargestPage}");
        if (!TryHash(after, out var before)) return Problems.BadRequest("after", "not a transaction id", "64 hexadecimal digits: the tx_hash of the last transaction of the page before");
        var size = limit ?? 50;
        var page = context.Sees(found!.Chain.Profile.Id, found.Script)
            ? await ledger.ReadHistoryAsync(found.Chain.Profile.Id, found.Script, before, size + 1, cancellationToken)
            : [];
        var shown = page.Take(size).Select(transaction => Write(context, found.Chain, transaction)).ToList();
        return TypedResults.Json(new TransactionPageBody(shown, page.Count > size ? shown[^1].TxHash : null, page.Count > size), WireJson.Default.TransactionPageBody);
    }

    static async Task<IResult> TransactionAsync(HttpContext context, string chain, string hash, AddressReader reader, ILedgerReader ledger, CancellationToken cancellationToken)
    {
        if (reader.FindChain(chain) is not { } followed) return Problems.NotFound("chain", reader.UnknownChain(chain));
        if (!TryHash(hash, out var id)) return Problems.BadRequest("hash", "not a transaction id", "64 hexadecimal digits");
        var transaction = await ledger.ReadTransactionAsync(followed.Profile.Id, id!.Value, cancellationToken);
        var body = transaction is null ? null : Write(context, followed, transaction);
        return body is not { Movements.Count: > 0 }
            ? Problems.NotFound("hash", "no transaction of this id touches an address that you watch", "a transaction that was told as an event")
            : TypedResults.Json(body, WireJson.Default.TransactionBody);
    }

    static async Task<IResult> ActiveAsync(HttpContext context, string chain, AddressReader reader, IActiveAddresses active, CancellationToken cancellationToken)
    {
        if (reader.FindChain(chain) is not { } followed) return Problems.NotFound("chain", reader.UnknownChain(chain));
        var all = await active.ReadAllAsync(followed.Profile.Id, cancellationToken);
        var seen = all.Where(entry => followed.Codec.Read(entry.Key).Script is not { } script || context.Sees(followed.Profile.Id, script)).ToDictionary();
        return TypedResults.Json(new ActiveAddressesBody(followed.Profile.Id.Value, seen.Count, seen.Values.Sum(), seen), WireJson.Default.ActiveAddressesBody);
    }

    static TransactionBody Write(HttpContext context, FollowedChain chain, LedgerTransaction transaction)
    {
        var profile = chain.Profile;
        var inBlock = transaction.State is TxState.Confirmed or TxState.Final;
        var confirmations = inBlock && transaction.Block is { } block && chain.Tracker.Status.Tip is { } tip ? Math.Max(1, tip.Height - block.Height + 1) : 0;
        string Text(Amount amount) => amount.ToDecimal(profile.Decimals);
        var movements = transaction.Movements.Where(movement => context.Sees(profile.Id, movement.Script)).Select(movement => new MovementBody(
            movement.Address, movement.Net.Sign < 0 ? "out" : "in", Text(movement.Net.Abs), Text(movement.Received), Text(movement.Sent), movement.From, movement.To)).ToList();
        return new TransactionBody(
            profile.Id.Value, transaction.Id.ToString(), profile.Currency, WireJson.Word(transaction.State), confirmations, transaction.Block?.Height, transaction.Block?.Hash.ToString(),
            transaction.Fee?.ToFullDecimal(profile.Decimals), transaction.IsCoinbase, transaction.FirstSeen, transaction.Cause?.ToString(), movements);
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
