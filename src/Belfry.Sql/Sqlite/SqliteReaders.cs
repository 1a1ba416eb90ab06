using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace Belfry.Sql.Sqlite;

/// <summary>A few connections that only read, each read in one snapshot.</summary>
sealed class SqliteReaders : IDisposable
{
    readonly Channel<SqlSession> idle = Channel.CreateUnbounded<SqlSession>();
    readonly string store;
    readonly int count;

    public SqliteReaders(string store, int count, Func<SqlSession> open)
    {
        this.store = store;
        this.count = count;
        for (var i = 0; i < count; i++) idle.Writer.TryWrite(open());
    }

    /// <summary>Runs <paramref name="read"/> in a read transaction, on the caller's thread once a connection is free.</summary>
    public async ValueTask<T> ReadAsync<T>(Func<SqlSession, T> read, CancellationToken cancellationToken)
    {
        SqlSession session;
        try
        {
            session = await idle.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException problem)
        {
            throw new Core.Runtime.StoreException(store, "the store is closed", problem);
        }

        try
        {
            session.Execute("begin");
            try
            {
                return read(session);
            }
            finally
            {
                // After an I/O error SQLite may have ended the transaction by itself.
                if (SQLitePCL.raw.sqlite3_get_autocommit(((SqliteConnection)session.Connection).Handle) == 0) session.Execute("rollback");
            }
        }
        catch (SqliteException problem)
        {
            throw SqliteErrors.Translate(store, problem);
        }
        catch (Exception problem) when (SqliteErrors.IsOfDamagedRow(problem))
        {
            throw SqliteErrors.Damaged(store, problem);
        }
        finally
        {
            if (!idle.Writer.TryWrite(session)) session.Dispose();
        }
    }

    public void Dispose()
    {
        idle.Writer.TryComplete();
        for (var i = 0; i < count && idle.Reader.TryRead(out var session); i++) session.Dispose();
    }
}
