using System.Diagnostics.CodeAnalysis;
using Belfry.Core.Journal;
using Belfry.Core.Runtime;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Belfry.Sql.Sqlite;

/// <summary>
/// The one writer, on a thread of its own because SQLite blocks. Whatever waits when it is free becomes one transaction and one sync; each member has a
/// savepoint, so that a refused one takes nobody along.
/// </summary>
sealed class SqliteWriter : IAsyncDisposable
{
    const int MaxMembers = 1024;
    static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(1);

    // A lock and an event that sleeps at once, not a collection whose taker spins first: between two commits there are milliseconds.
    readonly Lock gate = new();
    readonly Queue<WriteJob> queue = new();
    readonly AutoResetEvent arrived = new(initialState: false);
    readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly Action<IReadOnlyList<JournalEntry>> tell;
    readonly TimeProvider clock;
    readonly ILogger log;
    readonly WriteTurn turn;
    readonly SqliteCheckpoints checkpoints;
    int companions;
    bool closed;

    public SqliteWriter(WriteTurn turn, SqliteCheckpoints checkpoints, Action<IReadOnlyList<JournalEntry>> tell, TimeProvider clock, ILogger log)
    {
        (this.turn, this.checkpoints, this.tell, this.clock, this.log) = (turn, checkpoints, tell, clock, log);
        new Thread(Loop) { IsBackground = true, Name = "belfry sqlite writer" }.Start();
    }

    SqlSession Session => turn.Session;

    /// <summary>Queues a write; completes after the sync that covers it.</summary>
    public Task<T> WriteAsync<T>(Func<WriteTurn, T> work, CancellationToken cancellationToken)
    {
        var job = new WriteJob<T>(work, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            if (closed) throw new StoreException(turn.Store, "the store is closed");
            queue.Enqueue(job);
        }

        arrived.Set();
        return job.Task;
    }

    public async ValueTask DisposeAsync()
    {
        lock (gate) closed = true;
        arrived.Set();
        await stopped.Task;
        arrived.Dispose();
    }

    void Loop()
    {
        var batch = new List<WriteJob>();
        while (WaitForFirst() is { } first)
        {
            batch.Add(first);
            Gather(batch);
            batch.RemoveAll(job => job.IsCancelled());
            if (batch.Count > 0) RunBatch(batch);
            companions = batch.Count - 1;
            batch.Clear();
            checkpoints.Wrote(PagesWritten());
        }

        Session.Dispose();
        stopped.SetResult();
    }

    // Null: closed, and everything is written.
    WriteJob? WaitForFirst()
    {
        while (true)
        {
            lock (gate)
            {
                if (queue.TryDequeue(out var job)) return job;
                if (closed) return null;
            }

            arrived.WaitOne();
        }
    }

    void TakeWaiting(List<WriteJob> batch)
    {
        lock (gate)
        {
            while (batch.Count < MaxMembers && queue.TryDequeue(out var job)) batch.Add(job);
        }
    }

    // Those who shared the last sync come back together, a few microseconds apart: without a moment's patience the first of them would get a sync of its own and
    // the rest would wait for it, twice the syncs for the same work. A lone writer never waits.
    void Gather(List<WriteJob> batch)
    {
        TakeWaiting(batch);
        var started = clock.GetTimestamp();
        while (batch.Count <= companions && clock.GetElapsedTime(started) < Patience && arrived.WaitOne(Patience)) TakeWaiting(batch);
    }

    [SuppressMessage("Design", "CA1031", Justification = "The error is handed to everyone who waits; the writer must live on.")]
    void RunBatch(List<WriteJob> batch)
    {
        var started = clock.GetTimestamp();
        turn.Begin();
        var mark = turn.Mark();
        try
        {
            Session.Execute("begin_write");
            foreach (var job in batch) RunMember(job, isAlone: batch.Count == 1);
            if (turn.Appended.Count > 0) Session.Execute("journal_head_set", turn.Head, turn.HeadHash);
            turn.CrashPoints.Reach("ledger.before_commit");
            Session.Execute("commit");
            turn.CrashPoints.Reach("ledger.after_commit");
        }
        catch (Exception problem)
        {
            Undo(mark);
            var error = Translate(problem);
            if (error is StoreException) SqlLog.WriteRefused(log, error.Message);
            foreach (var job in batch) job.Fail(error);
            return;
        }

        SqlMetrics.Committed(batch.Count, turn.Appended.Count, clock.GetElapsedTime(started));
        if (turn.Appended.Count > 0) tell([.. turn.Appended]);
        foreach (var job in batch) job.Complete();
    }

    void RunMember(WriteJob job, bool isAlone)
    {
        if (isAlone)
        {
            job.Run(turn);
            return;
        }

        var mark = turn.Mark();
        Session.Execute("savepoint");
        try
        {
            job.Run(turn);
        }
        catch (Exception problem) when (problem is not SqliteException error || !SqliteErrors.IsOfTheDisk(error))
        {
            Session.Execute("savepoint_rollback");
            turn.Rewind(mark);
            job.Fail(Translate(problem));
        }

        Session.Execute("savepoint_release");
    }

    [SuppressMessage("Design", "CA1031", Justification = "A failed rollback adds nothing to the error that is being told; SQLite rolls back by itself at the next open.")]
    void Undo((long Head, byte[] Hash, int Appended) mark)
    {
        turn.Rewind(mark);
        try
        {
            if (SQLitePCL.raw.sqlite3_get_autocommit(((SqliteConnection)Session.Connection).Handle) == 0) Session.Execute("rollback");
        }
        catch (Exception problem)
        {
            SqlLog.RollbackFailed(log, problem);
        }
    }

    // Since the last time it was asked; a page that is written twice counts twice, as it does in the log.
    int PagesWritten()
    {
        _ = SQLitePCL.raw.sqlite3_db_status(((SqliteConnection)Session.Connection).Handle, SQLitePCL.raw.SQLITE_DBSTATUS_CACHE_WRITE, out var pages, out _, resetFlg: 1);
        return pages;
    }

    Exception Translate(Exception problem) => problem switch
    {
        SqliteException error => SqliteErrors.Translate(turn.Store, error),
        _ when SqliteErrors.IsOfDamagedRow(problem) => SqliteErrors.Damaged(turn.Store, problem),
        _ => problem,
    };
}

/// <summary>Something to write, and whoever waits for it.</summary>
abstract class WriteJob
{
    /// <summary>Answers the waiter when it has given up before the write began; later it is too late to tell whether it happened.</summary>
    public abstract bool IsCancelled();

    public abstract void Run(WriteTurn turn);

    public abstract void Complete();

    public abstract void Fail(Exception problem);
}

sealed class WriteJob<T>(Func<WriteTurn, T> work, CancellationToken cancellationToken) : WriteJob
{
    readonly TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    T? result;

    public Task<T> Task => done.Task;

    public override bool IsCancelled() => cancellationToken.IsCancellationRequested && done.TrySetCanceled(cancellationToken);

    public override void Run(WriteTurn turn) => result = work(turn);

    // A member that failed has been answered already.
    public override void Complete() => done.TrySetResult(result!);

    public override void Fail(Exception problem) => done.TrySetException(problem);
}
