using Belfry.Core.Journal;

namespace Belfry.Sql.Postgres;

/// <summary>The journal in PostgreSQL.</summary>
sealed class PostgresJournal(PostgresReads reads) : IJournal
{
    const int VerifiedAtOnce = 5000;

    public ValueTask<long> ReadHeadAsync(CancellationToken cancellationToken) => reads.AskAsync(
        batch => batch.Add("journal_head"), async (row, stop) => (await JournalFinding.HeadAsync(reads.Store, row, stop)).Sequence, cancellationToken);

    public ValueTask<JournalPage> ReadAsync(long after, int limit, JournalFilter? filter, CancellationToken cancellationToken)
    {
        JournalRules.CheckRange(after, limit, long.MaxValue);
        return filter is null or { Chain: null, Script: null, Kinds: null, Transaction: null, Height: null, Block: null }
            ? ReadRunAsync(after, null, limit, cancellationToken)
            : ReadFilteredAsync(after, limit, filter, cancellationToken);
    }

    public ValueTask<JournalEntry?> FindAsync(string id, CancellationToken cancellationToken) => reads.AskTogetherAsync(
        batch => batch.Add("journal_head").Add("journal_by_id", id),
        async (row, stop) =>
        {
            var end = await JournalFinding.HeadAsync(reads.Store, row, stop);
            var found = (await JournalFinding.SingleAsync(reads.Store, row, end.Epoch, stop)).SingleOrDefault();
            return found is null || found.Event.Id == id ? found : throw JournalRows.Broken(reads.Store, found.Sequence);
        }, cancellationToken);

    public ValueTask<string> ReadEpochAsync(CancellationToken cancellationToken) => reads.AskTogetherAsync(
        batch => batch.Add("journal_head").Add("journal_page", 0L, 1L, 1L),
        async (row, stop) =>
        {
            var end = await JournalFinding.HeadAsync(reads.Store, row, stop);
            // the first row is chained to the epoch
            await JournalFinding.RunAsync(reads.Store, row, 0, JournalChain.Genesis(end.Epoch), stop);
            return end.Timeline is null ? end.Epoch : $"{end.Epoch}-{end.Timeline}";
        }, cancellationToken);

    /// <summary>Verifies rows <paramref name="from"/> to <paramref name="to"/>, both included, against the hash chain.</summary>
    /// <returns>How many rows were verified.</returns>
    public async ValueTask<long> VerifyAsync(long from, long to, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(from, 1);
        for (var done = from - 1; ;)
        {
            var page = await ReadRunAsync(done, to, VerifiedAtOnce, cancellationToken);
            done = page.Next;
            if (!page.More || done >= to) return done - from + 1;
        }
    }

    ValueTask<JournalPage> ReadRunAsync(long after, long? to, int limit, CancellationToken cancellationToken) => reads.AskTogetherAsync(
        batch => batch.Add("journal_head").Add("journal_hash", after).Add("journal_page", after, to, (long)limit),
        async (row, stop) =>
        {
            var end = await JournalFinding.HeadAsync(reads.Store, row, stop);
            JournalRules.CheckRange(after, limit, end.Sequence);
            var previous = await JournalFinding.HashBeforeAsync(reads.Store, row, end.Epoch, after, stop);
            var entries = await JournalFinding.RunAsync(reads.Store, row, after, previous, stop);
            var next = after + entries.Count;
            if (entries.Count < limit && next < Math.Min(to ?? long.MaxValue, end.Sequence)) throw JournalRows.Broken(reads.Store, next + 1);
            return new JournalPage(entries, next, next < end.Sequence);
        }, cancellationToken);

    async ValueTask<JournalPage> ReadFilteredAsync(long after, int limit, JournalFilter filter, CancellationToken cancellationToken)
    {
        var (statement, key) = filter switch
        {
            { Transaction: { } id } => ("journal_page_of_tx", (object)id.Value.ToArray()),
            { Block: { } block } => ("journal_page_of_block", block.Value.ToArray()),
            { Height: { } height } => ("journal_page_of_height", height),
            { Script: { } script } => ("journal_page_of_script", script.Span.ToArray()),
            _ => ("journal_page_filtered", null),
        };
        var kinds = filter.Kinds is null ? -1 : filter.Kinds.Aggregate(0, (mask, kind) => mask | (1 << (int)kind));
        // Without a key every row is looked at: so many of them, and then what was found is handed out.
        var to = key is null ? after + JournalReads.Window : long.MaxValue;
        object?[] values = [after, to, (long)limit, filter.Chain?.Value, kinds];
        return await reads.AskTogetherAsync(
            batch => batch.Add("journal_head").Add(statement, key is null ? values : [.. values, key]),
            async (row, stop) =>
            {
                var end = await JournalFinding.HeadAsync(reads.Store, row, stop);
                JournalRules.CheckRange(after, limit, end.Sequence);
                var found = await JournalFinding.SingleAsync(reads.Store, row, end.Epoch, stop);
                var next = found.Count == limit ? found[^1].Sequence : Math.Min(to, end.Sequence);
                // the few rows of one key: what else the filter asks is judged here
                return new JournalPage([.. found.Where(entry => JournalRules.Matches(filter, entry))], next, next < end.Sequence);
            }, cancellationToken);
    }
}
