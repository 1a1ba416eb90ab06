using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;

namespace Belfry.Sql;

/// <summary>How watches go into the tables, within the writer's transaction.</summary>
static class WatchWrites
{
    public static IReadOnlyList<StoredWatch> Add(WriteTurn turn, IReadOnlyList<Watch> watches)
    {
        var session = turn.Session;
        var ordinal = (long)session.Scalar("watch_ordinal")!;
        var answers = new StoredWatch[watches.Count];
        var accounts = new Dictionary<string, long>();
        var added = new Dictionary<long, long>();
        for (var i = 0; i < watches.Count; i++)
        {
            var watch = watches[i];
            var chain = turn.ChainKey(watch.Chain);
            if (!accounts.TryGetValue(watch.Account, out var account)) accounts[watch.Account] = account = AccountKey(session, watch.Account);
            var (script, address, isNew) = Script(turn, chain, watch, added);
            if (!isNew && Find(session, account, watch.Account, script) is { } held)
            {
                answers[i] = new StoredWatch(held, Created: false);
                continue;
            }

            if (session.Scalar("watch_id_removed", watch.Id) is not null || session.Scalar("watch_ordinal_of", watch.Id) is not null)
                throw new StoreException(turn.Store, $"watch id {watch.Id} has been used before");
            session.Execute("watch_add", account, ++ordinal, watch.Id, script, watch.Address == address ? null : watch.Address,
                watch.Spelling == watch.Address ? null : watch.Spelling, watch.Label, watch.FromHeight, watch.Active, Columns.Of(watch.CreatedAt));
            if (!isNew) session.Execute("script_recount", script);
            answers[i] = new StoredWatch(watch, Created: true);
        }

        session.Execute("watch_ordinal_set", ordinal);
        foreach (var (chain, count) in added) session.Execute("scripts_counted", chain, count);
        return answers;
    }

    public static RemovedWatch? Remove(WriteTurn turn, string account, string id)
    {
        var session = turn.Session;
        if ((long?)session.Scalar("account_id", account) is not { } owner) return null;
        Watch watch;
        long ordinal, script, chain;
        using (var row = session.Query("watch_by_id", owner, id))
        {
            if (!row.Read()) return null;
            (watch, ordinal, script, chain) = (row.Watch(account), row.GetInt64(9), row.GetInt64(10), row.GetInt64(11));
        }

        session.Execute("watch_drop", owner, ordinal);
        session.Execute("watch_id_removed_add", id, ordinal);
        session.Execute("script_recount", script);
        var isStillWatched = Watchers(session, chain, watch.Script) > 0;
        if (!isStillWatched) session.Execute("scripts_counted", chain, -1);
        return new RemovedWatch(watch, isStillWatched);
    }

    public static void Activate(WriteTurn turn, long chain, IReadOnlyList<Script> scripts)
    {
        var session = turn.Session;
        foreach (var script in scripts)
        {
            if (LedgerReads.ScriptKey(session, chain, script) is not { } key) continue;
            if (session.Execute("watches_activate", key) > 0) session.Execute("script_recount", key);
        }
    }

    public static Watch? Find(SqlSession session, long account, string name, long script)
    {
        using var row = session.Query("watch_of_script", account, script);
        return row.Read() ? row.Watch(name) : null;
    }

    // A script nobody has heard of is written with its counts at once: that is what a bulk import consists of.
    static (long Key, string Address, bool IsNew) Script(WriteTurn turn, long chain, Watch watch, Dictionary<long, long> added)
    {
        var session = turn.Session;
        var bytes = watch.Script.Span.ToArray();
        long key, watchers;
        using (var row = session.Query("script", chain, bytes)) (key, watchers) = row.Read() ? (row.GetInt64(0), row.GetInt64(2)) : (0, 0);
        if (watchers == 0) added[chain] = added.GetValueOrDefault(chain) + 1;
        if (key != 0)
        {
            (key, var address) = turn.ScriptKey(chain, watch.Script, watch.Address);
            return (key, address, false);
        }

        key = (long)session.Scalar("script_add", chain, bytes, watch.Address, 1, watch.Active ? 1 : 0, watch.Active ? watch.FromHeight : null,
            watch.Active ? null : watch.FromHeight)!;
        return (key, watch.Address, true);
    }

    static long Watchers(SqlSession session, long chain, Script script)
    {
        using var row = session.Query("script", chain, script.Span.ToArray());
        return row.Read() ? row.GetInt64(2) : 0;
    }

    static long AccountKey(SqlSession session, string name) => (long)(session.Scalar("account_id", name) ?? session.Scalar("account_add", name)!);
}
