using System.Runtime.CompilerServices;
using Belfry.Core.Chains;
using Belfry.Core.Ledger;

namespace Belfry.Sql;

/// <summary>The ledger in a relational store.</summary>
sealed class SqlLedger(ISqlExecutor executor) : ILedger, ILedgerReader
{
    // Streams are read in pages: a snapshot that lives for minutes keeps the log of changes from being cleared.
    const int PageSize = 2000;

    public ValueTask<ChainPosition?> ReadPositionAsync(ChainId chain, CancellationToken cancellationToken) =>
        ReadAsync(chain, null, (session, key) => LedgerReads.Position(session, key), cancellationToken);

    public async IAsyncEnumerable<LedgerTransaction> ReadOpenAsync(ChainId chain, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (long after = 0; ;)
        {
            var from = after;
            var (page, last) = await ReadAsync<(IReadOnlyList<LedgerTransaction>, long)>(chain, ([], 0), (session, key) =>
            {
                var keys = LedgerReads.Keys(session, "tx_open", key, from, PageSize, LedgerRules.UntrackedRivalDepth);
                return (LedgerReads.Transactions(session, chain, keys), keys.Count < PageSize ? 0 : keys[^1]);
            }, cancellationToken);
            foreach (var transaction in page) yield return transaction;
            if (last == 0) yield break;
            after = last;
        }
    }

    public async IAsyncEnumerable<OutPoint> ReadUnspentAsync(ChainId chain, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for ((long, long)? after = (0, -1); after is { } from;)
        {
            (var page, after) = await ReadAsync<(List<OutPoint>, (long, long)?)>(
                chain, ([], null), (session, key) => LedgerReads.Unspent(session, key, from, PageSize), cancellationToken);
            foreach (var coin in page) yield return coin;
        }
    }

    public ValueTask<LedgerSlice> FindAsync(ChainId chain, LedgerQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        return ReadAsync(chain, new LedgerSlice(), (session, key) => LedgerReads.Find(session, chain, key, query), cancellationToken);
    }

    public ValueTask<IReadOnlyList<LedgerTransaction>> ReadFromHeightAsync(ChainId chain, long height, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<LedgerTransaction>>(chain, [], (session, key) =>
            LedgerReads.Transactions(session, chain, LedgerReads.Keys(session, "tx_from_height", key, height)), cancellationToken);

    public ValueTask<BlockHeader?> ReadBlockAsync(ChainId chain, long height, CancellationToken cancellationToken) =>
        ReadAsync(chain, null, (session, key) => LedgerReads.Block(session, key, height), cancellationToken);

    public async ValueTask<CommitResult> CommitAsync(LedgerBatch batch, CancellationToken cancellationToken)
    {
        LedgerRules.Check(batch);
        return await executor.WriteAsync(turn => LedgerWrites.Commit(turn, batch), cancellationToken);
    }

    public ValueTask<AddressView> ReadAddressAsync(ChainId chain, Script script, CancellationToken cancellationToken) => executor.ReadAsync(session =>
    {
        var balance = LedgerReads.ChainKey(session, chain) is { } key ? LedgerReads.Balance(session, key, script) : null;
        return new AddressView(balance ?? Balance.Empty, JournalReads.Head(executor.Store, session).Sequence);
    }, cancellationToken);

    public ValueTask<IReadOnlyList<LedgerTransaction>> ReadHistoryAsync(
        ChainId chain, Script script, TxHash? before, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return ReadAsync<IReadOnlyList<LedgerTransaction>>(chain, [], (session, key) =>
        {
            var bound = before is { } id ? LedgerReads.TransactionKey(session, key, id) ?? 0 : long.MaxValue;
            return LedgerReads.ScriptKey(session, key, script) is { } scriptKey
                ? LedgerReads.Transactions(session, chain, LedgerReads.Keys(session, "history", scriptKey, bound, limit))
                : [];
        }, cancellationToken);
    }

    public ValueTask<LedgerTransaction?> ReadTransactionAsync(ChainId chain, TxHash id, CancellationToken cancellationToken) =>
        ReadAsync(chain, null, (session, key) =>
            LedgerReads.TransactionKey(session, key, id) is { } transaction ? LedgerReads.Transaction(session, chain, transaction) : null, cancellationToken);

    ValueTask<T> ReadAsync<T>(ChainId chain, T absent, Func<SqlSession, long, T> read, CancellationToken cancellationToken) =>
        executor.ReadAsync(session => LedgerReads.ChainKey(session, chain) is { } key ? read(session, key) : absent, cancellationToken);
}
