using Belfry.Core.Hosting;
using Belfry.Core.Journal;
using Belfry.Core.Leadership;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;
using Belfry.Sql.Postgres;
using Belfry.Sql.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Belfry.Cli;

/// <summary>The store that a server runs on: PostgreSQL where it is configured, otherwise SQLite in the data folder. Simulated chains always have a folder of their own.</summary>
sealed class ServerStore : IAsyncDisposable
{
    readonly IAsyncDisposable opened;

    ServerStore(SqliteStore store, string place)
    {
        Place = place;
        opened = store;
        (Ledger, Reader, Journal, Watches, Attach) = (store.Ledger, store.Reader, store.Journal, store.Watches, store.Attach);
        Leases = new InProcessLease(store.Ledger, TimeProvider.System);
    }

    ServerStore(PostgresStore store)
    {
        Place = store.Name;
        opened = store;
        (Ledger, Reader, Journal, Watches, Attach) = (store.Ledger, store.Reader, store.Journal, store.Watches, store.Attach);
        (Leases, WatchFeed) = (store.Leases, store.WatchFeed);
    }

    /// <summary>Where the data are: a folder, or host, port and database.</summary>
    public string Place { get; }

    public ILedger Ledger { get; }

    public ILedgerReader Reader { get; }

    public IJournal Journal { get; }

    public IWatchStore Watches { get; }

    public IChainLease Leases { get; }

    /// <summary>What other servers change; null where there are none.</summary>
    public IWatchFeed? WatchFeed { get; }

    /// <summary>Tells a listener of the journal's entries.</summary>
    public Func<IJournalListener, IDisposable> Attach { get; }

    public static async Task<ServerStore> OpenAsync(ServeSettings settings, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        var options = settings.Options;
        if (settings.Postgres is { } setting)
        {
            return new ServerStore(await PostgresStore.OpenAsync(
                Options(options, setting), TimeProvider.System, SystemEntropy.Instance, logs.CreateLogger<PostgresStore>(), cancellationToken));
        }

        return new ServerStore(await SqliteStore.OpenAsync(
            new SqliteStoreOptions { Folder = options.Data }, TimeProvider.System, SystemEntropy.Instance, logs.CreateLogger<SqliteStore>(), cancellationToken), Path.GetFullPath(options.Data));
    }

    /// <summary>The settings of the shared store.</summary>
    public static PostgresStoreOptions Options(BelfryOptions options, string setting) => new()
    {
        Connection = options.Postgres!,
        Setting = setting,
        Connections = options.Store.Connections,
        CommandTimeout = options.Store.CommandTimeout,
        Patience = options.Store.Patience,
        PollInterval = options.Store.PollInterval,
    };

    public void Register(IServiceCollection services)
    {
        services.AddSingleton(Ledger).AddSingleton(Reader).AddSingleton(Journal).AddSingleton(Watches).AddSingleton(Leases);
        if (WatchFeed is not null) services.AddSingleton(WatchFeed);
    }

    public ValueTask DisposeAsync() => opened.DisposeAsync();
}
