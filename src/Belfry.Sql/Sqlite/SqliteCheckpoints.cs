using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Belfry.Sql.Sqlite;

/// <summary>
/// Moves the write-ahead log into the database, with a connection and a thread of its own: a commit then costs one sync, never the two or three of a checkpoint.
/// Only a log that grows faster than it is moved makes the writer wait.
/// </summary>
sealed class SqliteCheckpoints : IDisposable
{
    /// <summary>Pages in the log at which it is moved: 16 MB.</summary>
    public const int DuePages = 4000;

    /// <summary>Pages in the log at which the writer waits until it is moved: 64 MB.</summary>
    public const int OverduePages = 16_000;

    readonly Lock gate = new();
    readonly AutoResetEvent due = new(initialState: false);
    readonly Thread thread;
    readonly SqlSession session;
    readonly ILogger log;
    volatile bool stopping;
    long pages;

    public SqliteCheckpoints(SqlSession session, ILogger log)
    {
        (this.session, this.log) = (session, log);
        thread = new Thread(Loop) { IsBackground = true, Name = "belfry sqlite checkpoint" };
        thread.Start();
    }

    /// <summary>The writer has put so many pages into the log. Called between two of its transactions; returns at once unless the log is far too long.</summary>
    public void Wrote(int written)
    {
        var waiting = Interlocked.Add(ref pages, written);
        if (waiting < DuePages) return;
        if (waiting < OverduePages) due.Set();
        else Run();
    }

    public void Dispose()
    {
        stopping = true;
        due.Set();
        thread.Join();
        due.Dispose();
        session.Dispose();
    }

    void Loop()
    {
        while (true)
        {
            due.WaitOne();
            if (stopping) return;
            Run();
        }
    }

    // Passive: waits for nobody. Readers of an old snapshot, or commits that come meanwhile, leave a rest for the next time.
    void Run()
    {
        lock (gate)
        {
            if (stopping) return;
            var before = Volatile.Read(ref pages);
            try
            {
                using var row = session.Query("checkpoint");
                if (!row.Read()) return;
                var (inLog, moved) = (row.GetInt32(1), row.GetInt32(2));
                // What is left starts the count anew; a rest that a reader holds back must not make every later commit try again.
                Interlocked.Add(ref pages, Math.Min(inLog - moved, DuePages / 2) - before);
            }
            catch (SqliteException problem)
            {
                // Every commit is durable in the log already: a checkpoint that fails takes nothing along, and is tried again.
                Interlocked.Add(ref pages, (DuePages / 2) - before);
                SqlLog.CheckpointFailed(log, problem);
            }
        }
    }
}
