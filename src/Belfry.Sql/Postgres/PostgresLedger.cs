using System.Runtime.CompilerServices;
using Belfry.Core.Chains;
using Belfry.Core.Leadership;
using Belfry.Core.Ledger;

namespace Belfry.Sql.Postgres;

/// <summary>The ledger in PostgreSQL: each question is one way to the server and back, of one moment.</summary>
sealed class PostgresLedger(PostgresReads reads, PostgresCommits commits) : ILedger, ILedgerReader
{
    const int PageSize = 2000;

    public async ValueTask<ChainPosition?> ReadPositionAsync(ChainId chain, CancellationToken cancellationToken)
    {
        await commits.SettleAsync(cancellationToken);
        return await reads.AskAsync(batch => batch.Add("position", chain.Value), async (row, stop) => await row.ReadAsync(stop) ? row.Position() : null, cancellationToken);
    }

    public async IAsyncEnumerable<LedgerTransaction> ReadOpenAsync(ChainId chain, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await commits.SettleAsync(cancellationToken);
        for (long after = 0; ;)
        {
            var from = after;
            var page = await reads.AskTogetherAsync(
                batch => batch.AddTransactions("keys_open", chain.Value, from, (long)PageSize, (long)LedgerRules.UntrackedRivalDepth),
                (row, stop) => row.ReadTransactionsAsync(chain, stop), cancellationToken);
            foreach (var transaction in page.Values) yield return transaction;
            if (page.Count < PageSize) yield break;
            after = page.Keys.Last();
        }
    }

    public async IAsyncEnumerable<OutPoint> ReadUnspentAsync(ChainId chain, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await commits.SettleAsync(cancellationToken);
        for ((long, long)? after = (0, -1); after is { } from;)
        {
            (var page, after) = await ReadCoinsAsync(chain, from, cancellationToken);
            var spent = page.Count == 0 ? [] : await reads.AskAsync(
                batch => batch.Add("spent_for_good", chain.Value, page.Select(Columns.Wire).ToArray()),
                async (row, stop) =>
                {
                    var gone = new HashSet<OutPoint>();
                    while (await row.ReadAsync(stop)) gone.Add(OutPoint.FromWire(row.Bytes(0)));
                    return gone;
                }, cancellationToken);
            foreach (var coin in page.Where(coin => !spent.Contains(coin))) yield return coin;
        }
    }

    public async ValueTask<LedgerSlice> FindAsync(ChainId chain, LedgerQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        await commits.SettleAsync(cancellationToken);
        return await LedgerFinding.FindAsync(reads, chain, query, cancellationToken);
    }

    public async ValueTask<IReadOnlyList<LedgerTransaction>> ReadFromHeightAsync(ChainId chain, long height, CancellationToken cancellationToken)
    {
        await commits.SettleAsync(cancellationToken);
        var found = await reads.AskTogetherAsync(
            batch => batch.AddTransactions("keys_from_height", chain.Value, height), (row, stop) => row.ReadTransactionsAsync(chain, stop), cancellationToken);
        return [.. found.OrderBy(pair => pair.Value.Block!.Value.Height).ThenBy(pair => pair.Value.Position).ThenBy(pair => pair.Key).Select(pair => pair.Value)];
    }

    public async ValueTask<BlockHeader?> ReadBlockAsync(ChainId chain, long height, CancellationToken cancellationToken)
    {
        await commits.SettleAsync(cancellationToken);
        return await reads.AskAsync(batch => batch.Add("block", chain.Value, height), async (row, stop) => await row.ReadAsync(stop) ? row.Block() : null, cancellationToken);
    }

    public ValueTask<CommitResult> CommitAsync(LedgerBatch batch, CancellationToken cancellationToken) => CommitAsync(null, batch, cancellationToken);

    /// <summary>Commits in the epoch of a lease; null: without one.</summary>
    public async ValueTask<CommitResult> CommitAsync(Lease? lease, LedgerBatch batch, CancellationToken cancellationToken)
    {
        LedgerRules.Check(batch);
        return await commits.CommitAsync(lease, batch, cancellationToken);
    }

    public ValueTask<AddressView> ReadAddressAsync(ChainId chain, Script script, CancellationToken cancellationToken) => reads.AskTogetherAsync(
        batch => batch.Add("balances_found", chain.Value, new[] { script.Span.ToArray() }).Add("journal_head"),
        async (row, stop) =>
        {
            var balance = await row.ReadAsync(stop) ? LedgerFinding.Balance(row) : Balance.Empty;
            await row.NextResultAsync(stop);
            return new AddressView(balance, (await JournalFinding.HeadAsync(reads.Store, row, stop)).Sequence);
        }, cancellationToken);

    public async ValueTask<IReadOnlyList<LedgerTransaction>> ReadHistoryAsync(
        ChainId chain, Script script, TxHash? before, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        var found = await reads.AskTogetherAsync(
            batch => batch.AddTransactions("keys_of_script", chain.Value, script.Span.ToArray(), before?.Value.ToArray(), (long)limit),
            (row, stop) => row.ReadTransactionsAsync(chain, stop), cancellationToken);
        return [.. found.Values.Reverse()];
    }

    public async ValueTask<LedgerTransaction?> ReadTransactionAsync(ChainId chain, TxHash id, CancellationToken cancellationToken)
    {
        var found = await reads.AskTogetherAsync(
            batch => batch.AddTransactions("keys_found", chain.Value, new[] { id.Value.ToArray() }, Array.Empty<byte[]>()),
            (row, stop) => row.ReadTransactionsAsync(chain, stop), cancellationToken);
        return found.Values.SingleOrDefault();
    }

    ValueTask<(List<OutPoint> Coins, (long, long)? Next)> ReadCoinsAsync(ChainId chain, (long Transaction, long Index) after, CancellationToken cancellationToken) => reads.AskAsync(
        batch => batch.Add("coins_after", chain.Value, after.Transaction, after.Index, (long)PageSize, (long)LedgerRules.UntrackedRivalDepth),
        async (row, stop) =>
        {
            var (coins, read, last) = (new List<OutPoint>(), 0, after);
            for (; await row.ReadAsync(stop); read++)
            {
                last = (row.GetInt64(0), row.GetInt64(2));
                // null: whether it is gone cannot be told, as of a rival in no block
                if (row.IsNull(3) || !row.GetBoolean(3)) coins.Add(new OutPoint(new TxHash(row.Hash(1)), (uint)last.Index));
            }

            return (coins, read < PageSize ? null : ((long, long)?)last);
        }, cancellationToken);
}
