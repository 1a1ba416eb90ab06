using System.Runtime.CompilerServices;
using Belfry.Core.Chains;
using Belfry.Core.Watches;

namespace Belfry.Sql;

/// <summary>Watches in a relational store.</summary>
sealed class SqlWatchStore(ISqlExecutor executor) : IWatchStore
{
    const int PageSize = 10_000;

    public async ValueTask<IReadOnlyList<StoredWatch>> AddAsync(IReadOnlyList<Watch> watches, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(watches);
        return await executor.WriteAsync(turn => WatchWrites.Add(turn, watches), cancellationToken);
    }

    public async ValueTask<RemovedWatch?> RemoveAsync(string account, string id, CancellationToken cancellationToken) =>
        await executor.WriteAsync(turn => WatchWrites.Remove(turn, account, id), cancellationToken);

    public ValueTask<IReadOnlyList<Watch>> ListAsync(string account, ChainId? chain, string? afterId, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return executor.ReadAsync<IReadOnlyList<Watch>>(session =>
        {
            if ((long?)session.Scalar("account_id", account) is not { } owner) return [];
            long after = 0;
            if (afterId is not null)
            {
                if ((long?)(session.Scalar("watch_ordinal_of", afterId) ?? session.Scalar("watch_id_removed", afterId)) is not { } ordinal) return [];
                after = ordinal;
            }

            long? only = null;
            if (chain is { } id && (only = LedgerReads.ChainKey(session, id)) is null) return [];
            var watches = new List<Watch>();
            using var row = session.Query("watches_after", owner, after, only, limit);
            while (row.Read()) watches.Add(row.Watch(account));
            return watches;
        }, cancellationToken);
    }

    public ValueTask<Watch?> FindAsync(string account, ChainId chain, Script script, CancellationToken cancellationToken) => executor.ReadAsync(session =>
        (long?)session.Scalar("account_id", account) is { } owner
        && LedgerReads.ChainKey(session, chain) is { } chainKey
        && LedgerReads.ScriptKey(session, chainKey, script) is { } key
            ? WatchWrites.Find(session, owner, account, key)
            : null, cancellationToken);

    public async IAsyncEnumerable<WatchedScript> ReadScriptsAsync(ChainId chain, bool active, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (long after = 0; ;)
        {
            var from = after;
            var (page, last) = await executor.ReadAsync(session => Page(session, chain, active, from), cancellationToken);
            foreach (var script in page) yield return script;
            if (page.Count < PageSize) yield break;
            after = last;
        }
    }

    public ValueTask<long> CountAsync(ChainId chain, CancellationToken cancellationToken) => executor.ReadAsync(session =>
        LedgerReads.ChainKey(session, chain) is { } key ? (long)session.Scalar("scripts_watched", key)! : 0, cancellationToken);

    static (List<WatchedScript> Scripts, long Last) Page(SqlSession session, ChainId chain, bool active, long after)
    {
        var scripts = new List<WatchedScript>();
        if (LedgerReads.ChainKey(session, chain) is not { } key) return (scripts, 0);
        using var row = session.Query(active ? "scripts_live" : "scripts_pending", key, after, PageSize);
        while (row.Read())
        {
            after = row.GetInt64(0);
            scripts.Add(new WatchedScript(new Script(row.Bytes(1)), row.GetString(2), row.Number(3)));
        }

        return (scripts, after);
    }
}
