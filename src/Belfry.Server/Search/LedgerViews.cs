using Belfry.Core.Chains;
using Belfry.Core.Delivery;
using Belfry.Core.Ledger;
using Belfry.Core.Listeners;
using Belfry.Core.Tracking;
using Belfry.Core.Watches;
using Belfry.Server.Auth;
using Belfry.Server.Watches;
using Belfry.Server.Wire;

namespace Belfry.Server.Search;

/// <summary>Addresses and transactions as a caller may see them: of what only another account watches, nothing is told.</summary>
sealed class LedgerViews(ILedgerReader ledger, IActiveAddresses active, IWatchStore store, DeliveryHub hub)
{
    /// <summary>An address with its balance, and the journal position at which it holds.</summary>
    public async ValueTask<AddressBody> AddressAsync(HttpContext context, WatchRequest address, CancellationToken cancellationToken)
    {
        var profile = address.Chain.Profile;
        var watched = await store.FindAsync(context.GetAccount().Id, profile.Id, address.Script, cancellationToken) is not null;
        // An address that only another account watches looks like one that nobody watches.
        var (balance, sequence) = context.Sees(profile.Id, address.Script)
            ? await ledger.ReadAddressAsync(profile.Id, address.Script, cancellationToken) is var view ? (view.Balance, view.Sequence) : default
            : (Balance.Empty, hub.Head);
        string Text(Amount amount) => amount.ToDecimal(profile.Decimals);
        return new AddressBody(
            profile.Id.Value, address.Address, new BalanceBody(Text(balance.Confirmed), Text(balance.Unconfirmed), Text(balance.Immature)), Text(balance.Received), Text(balance.Sent),
            balance.Transactions, active.IsActive(profile.Id, address.Script), sequence, profile.Currency, watched);
    }

    /// <summary>A transaction with what it does to addresses that the caller may see; null when there is none.</summary>
    public async ValueTask<TransactionBody?> TransactionAsync(HttpContext context, FollowedChain chain, TxHash id, CancellationToken cancellationToken) =>
        await ledger.ReadTransactionAsync(chain.Profile.Id, id, cancellationToken) is { } transaction && Write(context, chain, transaction) is { Movements.Count: > 0 } body ? body : null;

    /// <summary>Transactions of an address, newest first.</summary>
    public async ValueTask<IReadOnlyList<TransactionBody>> HistoryAsync(HttpContext context, WatchRequest address, TxHash? before, int limit, CancellationToken cancellationToken)
    {
        if (!context.Sees(address.Chain.Profile.Id, address.Script)) return [];
        var page = await ledger.ReadHistoryAsync(address.Chain.Profile.Id, address.Script, before, limit, cancellationToken);
        return [.. page.Select(transaction => Write(context, address.Chain, transaction))];
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
}
