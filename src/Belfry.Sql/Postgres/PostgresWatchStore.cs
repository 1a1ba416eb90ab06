using System.Runtime.CompilerServices;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;
using Npgsql;

namespace Belfry.Sql.Postgres;

/// <summary>Watches in PostgreSQL, shared by all servers. Changes are functions of the schema, one way to the server and back however many watches there are.</summary>
sealed class PostgresWatchStore(PostgresReads reads, PostgresLane lane, PostgresErrors errors, TimeProvider clock, IEntropy entropy) : IWatchStore, IAsyncDisposable
{
    const int PageSize = 10_000;
    const int MaxAttempts = 8;

    readonly SemaphoreSlim turn = new(1, 1);

    public async ValueTask<IReadOnlyList<StoredWatch>> AddAsync(IReadOnlyList<Watch> watches, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(watches);
        if (watches.Count == 0) return [];
        var answers = watches.Select(watch => new StoredWatch(watch, Created: true)).ToArray();
        var held = await WriteAsync(
            pipeline => pipeline.Add("watches_add", Of(watches, one => one.Account), Of(watches, one => one.Chain.Value), Of(watches, one => one.Script.Span.ToArray()),
                Of(watches, one => one.Address), Of(watches, one => one.Id), Of(watches, one => one.Spelling), Of(watches, one => one.Label), Of(watches, one => one.FromHeight),
                Of(watches, one => one.Active), Of(watches, one => Columns.Of(one.CreatedAt))),
            async row =>
            {
                var found = new List<(int Place, Watch Watch)>();
                while (await row.ReadAsync(CancellationToken.None)) found.Add(((int)row.GetInt64(0) - 1, Watch(row, watches[(int)row.GetInt64(0) - 1].Account, first: 1)));
                return found;
            },
            () => FindStoredAsync(watches), cancellationToken);
        foreach (var (place, watch) in held) answers[place] = new StoredWatch(watch, Created: false);
        return answers;
    }

    public ValueTask<RemovedWatch?> RemoveAsync(string account, string id, CancellationToken cancellationToken) => WriteAsync(
        pipeline => pipeline.Add("watches_remove", account, id),
        async row => await row.ReadAsync(CancellationToken.None) ? new RemovedWatch(Watch(row, account, first: 0), row.GetInt32(9) != 0) : null,
        // It was removed, and whether it had been there cannot be told any more: who asks again hears that it is not.
        () => throw errors.Of("the connection broke while a watch was removed; ask again"), cancellationToken);

    public ValueTask<IReadOnlyList<Watch>> ListAsync(string account, ChainId? chain, string? afterId, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return reads.AskAsync<IReadOnlyList<Watch>>(
            batch => batch.Add("watches_page", account, chain?.Value, afterId, (long)limit),
            async (row, stop) =>
            {
                var page = new List<Watch>();
                while (await row.ReadAsync(stop)) page.Add(Watch(row, account, first: 0));
                return page;
            }, cancellationToken);
    }

    public ValueTask<Watch?> FindAsync(string account, ChainId chain, Script script, CancellationToken cancellationToken) => reads.AskAsync(
        batch => batch.Add("watch_of_account", account, chain.Value, script.Span.ToArray()),
        async (row, stop) => await row.ReadAsync(stop) ? Watch(row, account, first: 0) : null, cancellationToken);

    public async IAsyncEnumerable<WatchedScript> ReadScriptsAsync(ChainId chain, bool active, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (long after = 0; ;)
        {
            var from = after;
            var (page, last) = await reads.AskAsync(
                batch => batch.Add(active ? "scripts_with_live" : "scripts_with_pending", chain.Value, from, (long)PageSize),
                async (row, stop) =>
                {
                    var (scripts, key) = (new List<WatchedScript>(), from);
                    while (await row.ReadAsync(stop))
                    {
                        key = row.GetInt64(0);
                        scripts.Add(new WatchedScript(new Script(row.Bytes(1)), row.GetString(2), row.Number(3)));
                    }

                    return (scripts, key);
                }, cancellationToken);
            foreach (var script in page) yield return script;
            if (page.Count < PageSize) yield break;
            after = last;
        }
    }

    public ValueTask<long> CountAsync(ChainId chain, CancellationToken cancellationToken) => reads.AskAsync(
        batch => batch.Add("scripts_counted", chain.Value), async (row, stop) => await row.ReadAsync(stop) ? row.GetInt64(0) : 0, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        // whoever writes now comes to its end first
        await turn.WaitAsync();
        await lane.DisposeAsync();
        turn.Dispose();
    }

    /// <summary>Runs a change; when its answer was lost and the change was not, <paramref name="again"/> finds the answer.</summary>
    async ValueTask<T> WriteAsync<T>(Action<PostgresBatch> change, Func<NpgsqlDataReader, ValueTask<T>> read, Func<ValueTask<T>> again, CancellationToken cancellationToken)
    {
        await TakeTurnAsync(cancellationToken);
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    // From here on it is too late to give up: nobody could tell whether it happened.
                    var outcome = await lane.TransactAsync((pipeline, writer, number) =>
                    {
                        pipeline.Add("mark_set", writer, number);
                        change(pipeline);
                    }, read);
                    return outcome.Mark is null ? outcome.Answer! : await again();
                }
                catch (PostgresException refusal) when (PostgresErrors.IsInTheWay(refusal) && attempt < MaxAttempts)
                {
                    await Task.Delay(PostgresErrors.Pause(attempt, entropy), clock, CancellationToken.None);
                }
                catch (PostgresException refusal)
                {
                    throw refusal.SqlState == PostgresErrors.UsedId ? errors.Of($"watch id {refusal.MessageText} has been used before", refusal)
                        : refusal.ConstraintName == "watches_by_id" ? errors.Of("a watch id has been used before", refusal)
                        : errors.Translate(refusal);
                }
            }
        }
        finally
        {
            turn.Release();
        }
    }

    async ValueTask TakeTurnAsync(CancellationToken cancellationToken)
    {
        try
        {
            await turn.WaitAsync(cancellationToken);
        }
        catch (ObjectDisposedException problem)
        {
            throw errors.Of("the store is closed", problem);
        }
    }

    // Everything is stored; what is there under another id was there before.
    async ValueTask<List<(int Place, Watch Watch)>> FindStoredAsync(IReadOnlyList<Watch> watches)
    {
        var stored = await reads.AskAsync(
            batch => batch.Add("watches_answer", Of(watches, one => one.Account), Of(watches, one => one.Chain.Value), Of(watches, one => one.Script.Span.ToArray())),
            async (row, stop) =>
            {
                var found = new Dictionary<(string, ChainId, Script), Watch>();
                while (await row.ReadAsync(stop))
                {
                    var watch = Watch(row, row.GetString(9), first: 0);
                    found[(watch.Account, watch.Chain, watch.Script)] = watch;
                }

                return found;
            }, CancellationToken.None);
        return [.. watches.Select((watch, place) => (Place: place, Stored: stored[(watch.Account, watch.Chain, watch.Script)]))
            .Where(pair => pair.Stored.Id != watches[pair.Place].Id).Select(pair => (pair.Place, pair.Stored))];
    }

    static Watch Watch(NpgsqlDataReader row, string account, int first)
    {
        var address = row.GetString(first + 3);
        return new Watch(row.GetString(first), account, new ChainId(row.GetString(first + 1)), new Script(row.Bytes(first + 2)), address, row.Text(first + 4) ?? address,
            row.Text(first + 5), row.Number(first + 6), row.GetInt32(first + 7) != 0, row.Time(first + 8));
    }

    static TColumn[] Of<T, TColumn>(IReadOnlyList<T> rows, Func<T, TColumn> column)
    {
        var values = new TColumn[rows.Count];
        for (var i = 0; i < values.Length; i++) values[i] = column(rows[i]);
        return values;
    }
}
