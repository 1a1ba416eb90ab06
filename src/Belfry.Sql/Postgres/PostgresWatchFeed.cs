using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;

namespace Belfry.Sql.Postgres;

/// <summary>Changes of watches, read by the version that each script carries; the database's word wakes who waits.</summary>
sealed class PostgresWatchFeed(PostgresReads reads, TimeProvider clock) : IWatchFeed
{
    readonly Bell bell = new(clock);

    public long Stirrings => bell.Rung;

    public ValueTask<long> ReadVersionAsync(ChainId chain, CancellationToken cancellationToken) => reads.AskAsync(
        batch => batch.Add("watches_version", chain.Value), async (row, stop) => await row.ReadAsync(stop) ? row.GetInt64(0) : 0, cancellationToken);

    public ValueTask<IReadOnlyList<WatchChange>> ReadChangesAsync(ChainId chain, long after, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return reads.AskAsync<IReadOnlyList<WatchChange>>(
            batch => batch.Add("watches_changed", chain.Value, after, (long)limit),
            async (row, stop) =>
            {
                var changes = new List<WatchChange>();
                while (await row.ReadAsync(stop))
                {
                    var (watchers, live) = (row.GetInt64(3), row.GetInt64(4));
                    changes.Add(new WatchChange(row.GetInt64(0), new Script(row.Bytes(1)), row.GetString(2), watchers > 0, live > 0, watchers > live, row.Number(5)));
                }

                return changes;
            }, cancellationToken);
    }

    public ValueTask WaitAsync(long known, TimeSpan atMost, CancellationToken cancellationToken) => bell.WaitAsync(known, atMost, cancellationToken);

    /// <summary>Some watch has changed.</summary>
    public void Stir() => bell.Ring();
}
