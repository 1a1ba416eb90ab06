using Belfry.Core.Journal;

namespace Belfry.Sql;

/// <summary>The journal in a relational store.</summary>
sealed class SqlJournal(ISqlExecutor executor) : IJournal
{
    const int PageSize = 5000;

    public ValueTask<long> ReadHeadAsync(CancellationToken cancellationToken) =>
        executor.ReadAsync(session => JournalReads.Head(executor.Store, session).Sequence, cancellationToken);

    public ValueTask<JournalPage> ReadAsync(long after, int limit, JournalFilter? filter, CancellationToken cancellationToken)
    {
        // Refused before a connection is waited for; the upper bound needs one.
        JournalRules.CheckRange(after, limit, long.MaxValue);
        return executor.ReadAsync(session => JournalReads.Page(executor.Store, session, after, limit, filter), cancellationToken);
    }

    public ValueTask<JournalEntry?> FindAsync(string id, CancellationToken cancellationToken) =>
        executor.ReadAsync(session => JournalReads.Find(executor.Store, session, id), cancellationToken);

    public ValueTask<string> ReadEpochAsync(CancellationToken cancellationToken) =>
        executor.ReadAsync(session => JournalReads.Epoch(executor.Store, session), cancellationToken);

    /// <summary>Verifies rows <paramref name="from"/> to <paramref name="to"/>, both included, against the hash chain.</summary>
    /// <returns>How many rows were verified.</returns>
    public async ValueTask<long> VerifyAsync(long from, long to, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(from, 1);
        var done = from - 1;
        while (true)
        {
            var after = done;
            done = await executor.ReadAsync(session => JournalReads.Verify(executor.Store, session, after, to, PageSize), cancellationToken);
            if (done - after < PageSize) return done - from + 1;
        }
    }
}
