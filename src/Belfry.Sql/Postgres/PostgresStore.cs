using System.Globalization;
using Belfry.Core.Journal;
using Belfry.Core.Leadership;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Belfry.Sql.Postgres;

/// <summary>
/// Ledger, journal, watches and chain leases in one PostgreSQL database, for any number of servers. A write returns when PostgreSQL has it on its disk; numbers of
/// the journal are given in the order of commits, without gaps, over all servers.
/// </summary>
public sealed class PostgresStore : IAsyncDisposable
{
    readonly NpgsqlDataSource source;
    readonly PostgresJournal journal;
    readonly PostgresTail tail;
    readonly PostgresBell bell;
    readonly PostgresCommits commits;
    readonly PostgresWatchStore watches;
    int disposed;

    internal PostgresStore(NpgsqlDataSource source, Func<string, NpgsqlDataSource> connect, PostgresErrors errors, OpenedDatabase database, StoreParts parts)
    {
        this.source = source;
        Name = errors.Store;
        EngineVersion = database.Engine;
        var (options, clock, entropy, log) = (parts.Options, parts.Clock, parts.Entropy, parts.Log);
        var reads = new PostgresReads(source, errors, clock, options.Patience);
        journal = new PostgresJournal(reads);
        tail = new PostgresTail(journal, reads, database.Head, options.PollInterval, clock, log);
        var lane = Lane(connect, errors, parts);
        commits = new PostgresCommits(lane, tail, errors, (options.PartitionSize, database.Room), clock, entropy, parts.CrashPoints, log);
        var ledger = new PostgresLedger(reads, commits);
        watches = new PostgresWatchStore(reads, Lane(connect, errors, parts), errors, clock, entropy);
        var feed = new PostgresWatchFeed(reads, clock);
        var leases = new PostgresLeases(reads, ledger, clock, lane.Name);
        (Ledger, Reader, Leases, Acknowledgements, WatchFeed) = (ledger, ledger, leases, leases, feed);
        bell = new PostgresBell(connect("belfry-bell"), (channel, word) =>
        {
            if (channel is "belfry_journal" or "") tail.Hear(word);
            if (channel is "belfry_watches" or "") feed.Stir();
            if (channel is "belfry_acknowledged" or "") leases.Stir();
        }, errors.Store, clock, log);
    }

    /// <summary>Host, port and database.</summary>
    public string Name { get; }

    /// <summary>The server's version, for instance <c>15.18</c>.</summary>
    public string EngineVersion { get; }

    /// <summary>The ledger as trackers write it, without a lease: for a server that is the only one.</summary>
    public ILedger Ledger { get; }

    /// <summary>The ledger as people and programs read it.</summary>
    public ILedgerReader Reader { get; }

    /// <summary>The journal.</summary>
    public IJournal Journal => journal;

    /// <summary>Standing interests.</summary>
    public IWatchStore Watches => watches;

    /// <summary>What changes among them, also by other servers.</summary>
    public IWatchFeed WatchFeed { get; }

    /// <summary>Who leads which chain, and the ledger for who does.</summary>
    public IChainLease Leases { get; }

    /// <summary>What the leaders have taken in of the watches.</summary>
    public IWatchAcknowledgements Acknowledgements { get; }

    /// <summary>Opens the database, and brings it to this program's schema.</summary>
    /// <exception cref="StoreException">It cannot be reached or used; one line that says what to do.</exception>
    /// <exception cref="Core.Hosting.ConfigurationException">The connection's settings cannot be read.</exception>
    public static Task<PostgresStore> OpenAsync(
        PostgresStoreOptions options, TimeProvider? clock = null, IEntropy? entropy = null, ILogger<PostgresStore>? log = null, CancellationToken cancellationToken = default) =>
        OpenAsync(new StoreParts(options, clock ?? TimeProvider.System, entropy ?? SystemEntropy.Instance, EnvironmentCrashPoints.Read(), log ?? NullLogger<PostgresStore>.Instance), cancellationToken);

    /// <summary>Run between reading entries and telling the listeners; what it throws keeps them back, to be tried again. For what listeners must know beforehand.</summary>
    public Func<CancellationToken, ValueTask>? BeforeTelling
    {
        get => tail.BeforeTelling;
        set => tail.BeforeTelling = value;
    }

    /// <summary>Tells <paramref name="listener"/> of every entry from now on, whichever server wrote it, until the result is disposed.</summary>
    public IDisposable Attach(IJournalListener listener) => tail.Attach(listener);

    /// <summary>Verifies journal entries <paramref name="from"/> to <paramref name="to"/>, both included, against the hash chain.</summary>
    /// <returns>How many there were.</returns>
    /// <exception cref="StoreException">One does not verify; the message names its sequence number.</exception>
    public ValueTask<long> VerifyAsync(long from, long to, CancellationToken cancellationToken) => journal.VerifyAsync(from, to, cancellationToken);

    /// <summary>Ends what is queued and closes every connection.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0) return;
        await bell.DisposeAsync();
        await tail.DisposeAsync();
        await commits.DisposeAsync();
        await watches.DisposeAsync();
        await source.DisposeAsync();
    }

    internal static Task<PostgresStore> OpenAsync(StoreParts parts, CancellationToken cancellationToken) => PostgresOpening.OpenAsync(parts, cancellationToken);

    static PostgresLane Lane(Func<string, NpgsqlDataSource> connect, PostgresErrors errors, StoreParts parts)
    {
        Span<byte> name = stackalloc byte[12];
        parts.Entropy.Fill(name);
        var writer = string.Create(CultureInfo.InvariantCulture, $"belfry-{Convert.ToHexStringLower(name)}");
        return new PostgresLane(writer, connect(writer), errors, parts.Options, parts.Clock, parts.Log);
    }
}

/// <summary>What a store is made of besides its database.</summary>
sealed record StoreParts(PostgresStoreOptions Options, TimeProvider Clock, IEntropy Entropy, ICrashPoints CrashPoints, ILogger Log);

/// <summary>A database that is ready.</summary>
sealed record OpenedDatabase(string Engine, long Head, long Room);
