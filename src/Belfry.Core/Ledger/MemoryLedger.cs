using System.Runtime.CompilerServices;
using Belfry.Core.Chains;

namespace Belfry.Core.Ledger;

/// <summary>The ledger in memory, on a simulated disk.</summary>
sealed class MemoryLedger(MemoryStore store) : ILedger, ILedgerReader
{
    public ValueTask<ChainPosition?> ReadPositionAsync(ChainId chain, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Chain(chain, cancellationToken).Position);

    public async IAsyncEnumerable<LedgerTransaction> ReadOpenAsync(ChainId chain, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await ValueTask.CompletedTask;
        var held = Chain(chain, cancellationToken);
        foreach (var id in held.NotFinal.Values)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (held.Find(id) is { } transaction && held.IsOpen(transaction)) yield return transaction;
        }
    }

    public async IAsyncEnumerable<OutPoint> ReadUnspentAsync(ChainId chain, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await ValueTask.CompletedTask;
        var held = Chain(chain, cancellationToken);
        foreach (var coin in held.Coins.Keys)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!held.IsGone(coin)) yield return coin;
        }
    }

    public ValueTask<LedgerSlice> FindAsync(ChainId chain, LedgerQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        var state = store.Read(cancellationToken);
        var held = state.Chain(chain);
        var scripts = new Dictionary<Script, string>();
        foreach (var script in query.Scripts)
        {
            if (state.Watches.FindLive(chain, script) is { } address) scripts[script] = address;
        }

        var coins = new Dictionary<OutPoint, Coin>();
        foreach (var outPoint in query.OutPoints)
        {
            if (held.Coins.TryGetValue(outPoint, out var coin)) coins[outPoint] = coin;
        }

        var transactions = new Dictionary<TxHash, LedgerTransaction>();
        foreach (var id in query.Transactions.Concat(query.SpendersOf.SelectMany(outPoint => held.Spenders.GetValueOrDefault(outPoint) ?? [])))
        {
            if (held.Find(id) is { } transaction) transactions[id] = transaction;
        }

        var balances = new Dictionary<Script, Balance>();
        foreach (var script in query.Balances)
        {
            if (held.Balances.TryGetValue(script, out var balance)) balances[script] = balance;
        }

        return ValueTask.FromResult(new LedgerSlice { Scripts = scripts, Coins = coins, Transactions = transactions, Balances = balances });
    }

    public ValueTask<IReadOnlyList<LedgerTransaction>> ReadFromHeightAsync(ChainId chain, long height, CancellationToken cancellationToken)
    {
        var held = Chain(chain, cancellationToken);
        var found = new List<LedgerTransaction>();
        // From the top down: a reorg asks for the last few blocks of a long history.
        foreach (var (place, id) in held.InBlocks.Reverse())
        {
            if (place.Height < height) break;
            found.Add(held.Find(id)!);
        }

        found.Reverse();
        return ValueTask.FromResult<IReadOnlyList<LedgerTransaction>>(found);
    }

    public ValueTask<BlockHeader?> ReadBlockAsync(ChainId chain, long height, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Chain(chain, cancellationToken).Blocks.GetValueOrDefault(height));

    public async ValueTask<CommitResult> CommitAsync(LedgerBatch batch, CancellationToken cancellationToken)
    {
        LedgerRules.Check(batch);
        var result = default(CommitResult);
        await store.WriteAsync(state =>
        {
            LedgerRules.CheckNetwork(store.Name, batch.Chain, state.Chain(batch.Chain).Position, batch.Position);
            var next = state with { Chains = state.Chains.SetItem(batch.Chain, state.Chain(batch.Chain).Apply(batch)), Watches = batch.Activated.Aggregate(state.Watches, (held, script) => held.Activate(batch.Chain, script)) };
            next = next.Append(batch.Chain, batch.Events, out var duplicates);
            result = new CommitResult(next.Head, duplicates);
            return next;
        }, cancellationToken);
        return result;
    }

    public ValueTask<AddressView> ReadAddressAsync(ChainId chain, Script script, CancellationToken cancellationToken)
    {
        var state = store.Read(cancellationToken);
        return ValueTask.FromResult(new AddressView(state.Chain(chain).Balances.GetValueOrDefault(script) ?? Balance.Empty, state.Head));
    }

    public ValueTask<IReadOnlyList<LedgerTransaction>> ReadHistoryAsync(
        ChainId chain, Script script, TxHash? before, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        var held = Chain(chain, cancellationToken);
        if (!held.History.TryGetValue(script, out var history)) return ValueTask.FromResult<IReadOnlyList<LedgerTransaction>>([]);
        var bound = long.MaxValue;
        if (before is { } id) bound = held.Transactions.TryGetValue(id, out var last) ? last.Ordinal : 0;
        return ValueTask.FromResult<IReadOnlyList<LedgerTransaction>>(
            [.. history.Reverse().SkipWhile(pair => pair.Key >= bound).Take(limit).Select(pair => held.Find(pair.Value)!)]);
    }

    public ValueTask<LedgerTransaction?> ReadTransactionAsync(ChainId chain, TxHash id, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Chain(chain, cancellationToken).Find(id));

    MemoryChain Chain(ChainId chain, CancellationToken cancellationToken) => store.Read(cancellationToken).Chain(chain);
}
