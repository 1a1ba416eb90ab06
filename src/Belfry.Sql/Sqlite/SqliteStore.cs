using System.Collections.Immutable;
using Belfry.Core.Journal;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Belfry.Sql.Sqlite;

/// <summary>Settings of the embedded store.</summary>
public sealed record SqliteStoreOptions
{
    /// <summary>The data folder; created when missing. Holds <c>belfry.db</c> and belongs to one process at a time.</summary>
    public required string Folder { get; init; }

    /// <summary>How many reads may run at once.</summary>
    public int Readers { get; init; } = 4;

    /// <summary>Memory for the writer's page cache, MiB.</summary>
    public int CacheMegabytes { get; init; } = 64;
}

/// <summary>
/// Ledger, journal and watches in one SQLite file (write-ahead log, synced at every commit). A write returns when it is on the disk; writes that arrive
/// together share a sync. One process per data folder.
/// </summary>
public sealed class SqliteStore : IAsyncDisposable, ISqlExecutor
{
    /// <summary>The database inside a data folder.</summary>
    const string FileName = "belfry.db";

    readonly DataFolder folder;
    readonly SqliteReaders readers;
    readonly SqliteWriter writer;
    readonly SqliteCheckpoints checkpoints;
    readonly SqlJournal journal;
    readonly ILogger log;
    ImmutableArray<IJournalListener> listeners = [];
    int disposed;

    SqliteStore(DataFolder folder, WriteTurn turn, SqliteStoreOptions options, TimeProvider clock, ILogger log)
    {
        this.folder = folder;
        this.log = log;
        FilePath = turn.Store;
        readers = new SqliteReaders(FilePath, options.Readers, () => OpenReader(FilePath));
        checkpoints = new SqliteCheckpoints(OpenCheckpoints(FilePath), log);
        writer = new SqliteWriter(turn, checkpoints, Tell, clock, log);
        journal = new SqlJournal(this);
        var ledger = new SqlLedger(this);
        (Ledger, Reader, Watches) = (ledger, ledger, new SqlWatchStore(this));
    }

    /// <summary>Version of the SQLite library and where it is from, for instance <c>3.40.1 (system)</c>.</summary>
    public static string EngineVersion => SqliteEngine.Version;

    /// <summary>The database file.</summary>
    public string FilePath { get; }

    /// <summary>The ledger as trackers write it.</summary>
    public ILedger Ledger { get; }

    /// <summary>The ledger as people and programs read it.</summary>
    public ILedgerReader Reader { get; }

    /// <summary>The journal.</summary>
    public IJournal Journal => journal;

    /// <summary>Standing interests.</summary>
    public IWatchStore Watches { get; }

    string ISqlExecutor.Store => FilePath;

    /// <summary>Opens the data folder, and brings its database to this program's schema.</summary>
    /// <exception cref="StoreException">The folder is in use or cannot be written, or the database is damaged, newer or not Belfry's; one line that says what to do.</exception>
    public static ValueTask<SqliteStore> OpenAsync(
        SqliteStoreOptions options, TimeProvider? clock = null, IEntropy? entropy = null, ILogger<SqliteStore>? log = null, CancellationToken cancellationToken = default) =>
        OpenAsync(options, Migration.In("Sqlite/Migrations/"), EnvironmentCrashPoints.Read(), clock, entropy, log, cancellationToken);

    /// <summary>Tells <paramref name="listener"/> of every entry from now on, until the result is disposed. It is called on the writer's thread.</summary>
    public IDisposable Attach(IJournalListener listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        ImmutableInterlocked.Update(ref listeners, static (all, added) => all.Add(added), listener);
        return new Attachment(this, listener);
    }

    /// <summary>Verifies journal entries <paramref name="from"/> to <paramref name="to"/>, both included, against the hash chain.</summary>
    /// <returns>How many there were.</returns>
    /// <exception cref="StoreException">One does not verify; the message names its sequence number.</exception>
    public ValueTask<long> VerifyAsync(long from, long to, CancellationToken cancellationToken) => journal.VerifyAsync(from, to, cancellationToken);

    /// <summary>Writes a consistent copy of the whole database while work goes on; appears under its name when it is complete and synced.</summary>
    /// <param name="path">A file that does not exist yet.</param>
    /// <param name="cancellationToken">Not heard once copying has begun.</param>
    public async ValueTask BackupAsync(string path, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // SQLite blocks for the whole copy: a thread of its own, and a connection of its own so that readers go on.
        await Task.Factory.StartNew(() => SqliteBackup.Write(FilePath, path), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        SqlLog.BackedUp(log, FilePath, path);
    }

    /// <summary>Writes a consistent copy of a data folder's database, also while another process uses the folder.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="path">A file that does not exist yet.</param>
    /// <returns>How many bytes the copy has.</returns>
    /// <exception cref="StoreException">There is no database in the folder, or the copy cannot be written.</exception>
    public static async Task<long> CopyAsync(string folder, string path)
    {
        var file = Path.Combine(folder, FileName);
        if (!File.Exists(file)) throw new StoreException(folder, $"there is no {FileName} in it; name the data folder of a server");
        _ = EngineVersion;
        await Task.Factory.StartNew(() => SqliteBackup.Write(file, path), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return new FileInfo(path).Length;
    }

    /// <summary>
    /// Makes a data folder of a copy: checks every row of its journal, and gives the journal a new epoch, so that clients whose cursor is of the time after the copy are told
    /// so instead of skipping what the restored one tells under the same numbers.
    /// </summary>
    /// <param name="copy">The copy; not changed.</param>
    /// <param name="folder">Where to; must not have a store yet.</param>
    /// <param name="entropy">Chooses the epoch.</param>
    /// <param name="cancellationToken">Stops; the folder is then as it was.</param>
    /// <returns>The journal's last sequence number.</returns>
    /// <exception cref="StoreException">The copy is damaged or none of Belfry's, or the folder has a store.</exception>
    public static async Task<long> RestoreAsync(string copy, string folder, IEntropy entropy, CancellationToken cancellationToken)
    {
        var target = SqliteBackup.Place(copy, folder, FileName);
        try
        {
            long head;
            await using (var store = await OpenAsync(new SqliteStoreOptions { Folder = folder }, cancellationToken: cancellationToken))
            {
                head = await store.Journal.ReadHeadAsync(cancellationToken);
                if (head > 0) await store.VerifyAsync(1, head, cancellationToken);
            }

            using var session = Connect(target, SqliteOpenMode.ReadWrite);
            session.Run($"UPDATE journal_head SET timeline = '{JournalRules.NewEpoch(entropy)[..8]}'");
            return head;
        }
        catch
        {
            foreach (var suffix in (string[])["", "-wal", "-shm"]) File.Delete(target + suffix);
            throw;
        }
    }

    /// <summary>Ends what is queued and lets go of the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0) return;
        readers.Dispose();
        await writer.DisposeAsync();
        checkpoints.Dispose();
        folder.Dispose();
    }

    ValueTask<T> ISqlExecutor.ReadAsync<T>(Func<SqlSession, T> read, CancellationToken cancellationToken) => readers.ReadAsync(read, cancellationToken);

    Task<T> ISqlExecutor.WriteAsync<T>(Func<WriteTurn, T> write, CancellationToken cancellationToken) => writer.WriteAsync(write, cancellationToken);

    internal static async ValueTask<SqliteStore> OpenAsync(SqliteStoreOptions options, IReadOnlyList<Migration> migrations, ICrashPoints crashPoints,
        TimeProvider? clock, IEntropy? entropy, ILogger<SqliteStore>? log, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        cancellationToken.ThrowIfCancellationRequested();
        // Opening may replay a long log, and blocks.
        return await Task.Factory.StartNew(
            () => Open(options, migrations, crashPoints, clock ?? TimeProvider.System, entropy ?? SystemEntropy.Instance, log ?? NullLogger<SqliteStore>.Instance),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    static SqliteStore Open(
        SqliteStoreOptions options, IReadOnlyList<Migration> migrations, ICrashPoints crashPoints, TimeProvider clock, IEntropy entropy, ILogger log)
    {
        _ = SqliteEngine.Version;
        var data = DataFolder.Take(options.Folder);
        var file = Path.Combine(options.Folder, FileName);
        SqlSession? session = null;
        try
        {
            WriteAheadLog.Verify(file);
            session = OpenWriter(file, options.CacheMegabytes);
            var (before, after) = new MigrationRunner(file, migrations, crashPoints).Apply(session);
            if (before != after) SqlLog.Migrated(log, file, before, after);
            var (head, hash) = Start(file, session, entropy);
            var turn = new WriteTurn(file, session, crashPoints);
            turn.Start(head, hash);
            SqlLog.Opened(log, file, SqliteEngine.Version, after, head);
            return new SqliteStore(data, turn, options, clock, log);
        }
        catch (Exception problem)
        {
            session?.Dispose();
            data.Dispose();
            if (problem is SqliteException error) throw SqliteErrors.Translate(file, error);
            if (SqliteErrors.IsOfDamagedRow(problem)) throw SqliteErrors.Damaged(file, problem);
            throw;
        }
    }

    static (long Head, byte[] Hash) Start(string file, SqlSession session, IEntropy entropy)
    {
        if (session.Ask("SELECT count(*) FROM journal_head") is 0L)
        {
            // A new journal beside an old ledger would have forgotten what was told of it.
            if (session.Ask("SELECT (SELECT count(*) FROM journal) + (SELECT count(*) FROM chains) + (SELECT count(*) FROM transactions)") is not 0L) throw new StoreException(file, "the journal has no head: the file is damaged; restore a backup");
            var epoch = JournalRules.NewEpoch(entropy);
            session.Execute("journal_create", epoch, JournalChain.Genesis(epoch));
        }

        var (_, head, hash) = JournalReads.Head(file, session);
        return (head, hash);
    }

    static SqlSession OpenWriter(string file, int cacheMegabytes)
    {
        var session = Connect(file, SqliteOpenMode.ReadWriteCreate);
        try
        {
            session.Run("PRAGMA journal_mode = WAL");
            session.Run("PRAGMA synchronous = FULL");
            session.Run($"PRAGMA cache_size = -{cacheMegabytes * 1024}");
            // Checkpoints happen beside the commits, see SqliteCheckpoints; no more than 64 MB of log is left behind by a burst.
            session.Run("PRAGMA wal_autocheckpoint = 0");
            session.Run("PRAGMA journal_size_limit = 67108864");
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    static SqlSession OpenCheckpoints(string file)
    {
        var session = Connect(file, SqliteOpenMode.ReadWrite);
        session.Run("PRAGMA synchronous = FULL");
        return session;
    }

    internal static SqlSession OpenReader(string file)
    {
        var session = Connect(file, SqliteOpenMode.ReadWrite);
        session.Run("PRAGMA query_only = 1");
        return session;
    }

    static SqlSession Connect(string file, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, Pooling = false, DefaultTimeout = 5 }.ConnectionString);
        try
        {
            connection.Open();
            var session = new SqlSession(connection);
            // Cheap checks of every page read: damage is found where it is, not three rows later.
            session.Run("PRAGMA cell_size_check = 1");
            session.Run("PRAGMA temp_store = MEMORY");
            return session;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    void Tell(IReadOnlyList<JournalEntry> entries)
    {
        foreach (var listener in listeners)
        {
            try
            {
                listener.Appended(entries);
            }
#pragma warning disable CA1031 // a listener's fault must not stop the writer, nor the other listeners
            catch (Exception problem)
#pragma warning restore CA1031
            {
                SqlLog.ListenerThrew(log, problem);
            }
        }
    }

    sealed class Attachment(SqliteStore store, IJournalListener listener) : IDisposable
    {
        public void Dispose() => ImmutableInterlocked.Update(ref store.listeners, static (all, gone) => all.Remove(gone), listener);
    }
}
