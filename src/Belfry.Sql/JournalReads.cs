using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Runtime;

namespace Belfry.Sql;

/// <summary>Reads of the journal, each row verified against the hash chain, within the caller's transaction.</summary>
static class JournalReads
{
    /// <summary>Rows that a filtered read looks at before it returns what it has.</summary>
    public const int Window = 50_000;

    /// <summary>Epoch, last sequence number and its hash, verified.</summary>
    public static (string Epoch, long Sequence, byte[] Hash) Head(string store, SqlSession session)
    {
        using var row = session.Query("journal_head");
        if (!row.Read()) throw new StoreException(store, "the journal has no head; restore a backup");
        var (epoch, sequence, hash) = (row.GetString(0), row.GetInt64(1), row.Bytes(2));
        var held = sequence == 0 ? JournalChain.Genesis(epoch) : row.IsDBNull(3) ? [] : row.Bytes(3);
        if (!hash.AsSpan().SequenceEqual(held) || (row.Number(4) ?? 0) != sequence) throw JournalRows.Broken(store, sequence);
        return (epoch, sequence, hash);
    }

    /// <summary>The epoch, verified: the first row, or the head of an empty journal, is chained to it; behind it the word of the last restore.</summary>
    public static string Epoch(string store, SqlSession session)
    {
        var (epoch, head, _) = Head(store, session);
        if (head > 0) Run(store, session, 0, 1, 1, JournalChain.Genesis(epoch));
        return session.Scalar("journal_timeline") is string timeline ? $"{epoch}-{timeline}" : epoch;
    }

    public static JournalPage Page(string store, SqlSession session, long after, int limit, JournalFilter? filter)
    {
        var (epoch, head, _) = Head(store, session);
        JournalRules.CheckRange(after, limit, head);
        if (filter is null or { Chain: null, Script: null, Kinds: null, Transaction: null, Height: null, Block: null })
        {
            var entries = Run(store, session, after, head, limit, HashBefore(store, session, epoch, after));
            var end = entries.Count == 0 ? after : entries[^1].Sequence;
            if (entries.Count < limit && end != head) throw JournalRows.Broken(store, end + 1);
            return new JournalPage(entries, end, end < head);
        }

        return Filtered(store, session, (after, head, limit), epoch, filter);
    }

    public static JournalEntry? Find(string store, SqlSession session, string id)
    {
        using var row = session.Query("journal_by_id", id);
        if (!row.Read()) return null;
        var entry = JournalRows.Verified(store, row, row.GetInt64(0), row.GetInt64(0) == 1 ? null : JournalRows.PreviousHash, Head(store, session).Epoch);
        return entry.Event.Id == id ? entry : throw JournalRows.Broken(store, entry.Sequence);
    }

    /// <summary>Verifies a run of rows.</summary>
    /// <returns>The last row verified.</returns>
    public static long Verify(string store, SqlSession session, long after, long to, int limit)
    {
        var (epoch, head, _) = Head(store, session);
        var entries = Run(store, session, after, Math.Min(to, head), limit, HashBefore(store, session, epoch, after));
        var end = entries.Count == 0 ? after : entries[^1].Sequence;
        if (entries.Count < limit && end < Math.Min(to, head)) throw JournalRows.Broken(store, end + 1);
        return end;
    }

    static JournalPage Filtered(string store, SqlSession session, (long After, long Head, int Limit) range, string epoch, JournalFilter filter)
    {
        var nothing = new JournalPage([], range.Head, More: false);
        long? chain = null;
        if (filter.Chain is { } chainId && (chain = LedgerReads.ChainKey(session, chainId)) is null) return nothing;
        var kinds = filter.Kinds is null ? -1L : filter.Kinds.Aggregate(0L, (mask, kind) => mask | (1L << (int)kind));
        if (kinds != 0 && KeyOf(filter) is var (statement, value)) return OfKey(store, session, range, epoch, filter, statement, [chain, kinds, value]);
        var keys = filter.Script is null ? null : ScriptKeys(session, filter.Script);
        if (kinds == 0 || keys is { Count: 0 }) return nothing;
        var end = keys is null ? Math.Min(range.After + Window, range.Head) : range.Head;
        var entries = keys is null
            ? Read(store, session, "journal_page_filtered", epoch, range.After, end, range.Limit, chain, kinds, null)
            // The same bytes can be a script of several chains.
            : [.. keys.SelectMany(key => Read(store, session, "journal_page_of_script", epoch, range.After, end, range.Limit, chain, kinds, key))
                .OrderBy(entry => entry.Sequence).Take(range.Limit)];
        var next = entries.Count == range.Limit ? entries[^1].Sequence : end;
        return new JournalPage(entries, next, next < range.Head);
    }

    /// <summary>The rarest thing that a filter names, by the index that finds it.</summary>
    static (string Statement, object Value)? KeyOf(JournalFilter filter) => filter switch
    {
        { Transaction: { } id } => ("journal_page_of_tx", id.Value.ToArray()),
        { Block: { } hash } => ("journal_page_of_block", hash.ToString()),
        { Height: { } height } => ("journal_page_of_height", height),
        _ => null,
    };

    static JournalPage OfKey(
        string store, SqlSession session, (long After, long Head, int Limit) range, string epoch, JournalFilter filter, string statement, object?[] values)
    {
        var found = Read(store, session, statement, epoch, [range.After, range.Head, range.Limit, .. values]);
        var next = found.Count == range.Limit ? found[^1].Sequence : range.Head;
        // the few rows of one key: what else the filter asks is judged here
        return new JournalPage([.. found.Where(entry => JournalRules.Matches(filter, entry))], next, next < range.Head);
    }

    static List<long> ScriptKeys(SqlSession session, Script script) => LedgerReads.Keys(session, "scripts_of", script.Span.ToArray());

    static List<JournalEntry> Read(string store, SqlSession session, string statement, string epoch, params ReadOnlySpan<object?> values)
    {
        var entries = new List<JournalEntry>();
        using var row = session.Query(statement, values);
        while (row.Read()) entries.Add(JournalRows.Verified(store, row, row.GetInt64(0), row.GetInt64(0) == 1 ? null : JournalRows.PreviousHash, epoch));
        return entries;
    }

    static List<JournalEntry> Run(string store, SqlSession session, long after, long to, int limit, byte[] previous)
    {
        var entries = new List<JournalEntry>();
        using var row = session.Query("journal_page", after, to, limit);
        while (row.Read())
        {
            var entry = JournalRows.Entry(store, row, after + entries.Count + 1);
            var hash = JournalChain.Hash(previous, entry);
            if (!hash.AsSpan().SequenceEqual(row.Bytes(11))) throw JournalRows.Broken(store, entry.Sequence);
            previous = hash;
            entries.Add(entry);
        }

        return entries;
    }

    static byte[] HashBefore(string store, SqlSession session, string epoch, long sequence) => sequence == 0
        ? JournalChain.Genesis(epoch)
        : session.Scalar("journal_hash", sequence) as byte[] ?? throw JournalRows.Broken(store, sequence);
}
