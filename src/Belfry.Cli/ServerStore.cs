using Belfry.Core.Delivery;
using Belfry.Core.Hosting;
using Belfry.Core.Journal;
using Belfry.Core.Leadership;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;
using Belfry.Server;
using Belfry.Sql.Postgres;
using Belfry.Sql.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Belfry.Cli;

/// <summary>The store that a server runs on: PostgreSQL where it is configured, otherwise SQLite in the data folder. Simulated chains always have a folder of their own.</summary>
sealed class ServerStore : IAsyncDisposable
{
    readonly IAsyncDisposable opened;
    readonly PostgresStore? postgres;

    ServerStore(SqliteStore store, string place)
    {
        Place = place;
        opened = store;
        (Ledger, Reader, Journal, Watches, AttachListener) = (store.Ledger, store.Reader, store.Journal, store.Watches, store.Attach);
    }

    ServerStore(PostgresStore store)
    {
        postgres = store;
        Place = store.Name;
        opened = store;
        (Ledger, Reader, Journal, Watches, AttachListener) = (store.Ledger, store.Reader, store.Journal, store.Watches, store.Attach);
        Shared = new SharedStore(store.Leases, store.WatchFeed, store.Acknowledgements);
    }

    /// <summary>Where the data are: a folder, or host, port and database.</summary>
    public string Place { get; }

    public ILedger Ledger { get; }

    public ILedgerReader Reader { get; }

    public IJournal Journal { get; }

    public IWatchStore Watches { get; }

    /// <summary>What servers on it share; null where there is only one.</summary>
    public SharedStore? Shared { get; }

    Func<IJournalListener, IDisposable> AttachListener { get; }

    /// <summary>Tells a server of the journal's entries; where others share the store, it takes in before what they have changed.</summary>
    public IDisposable Attach(BelfryServer server, bool hasAccounts)
    {
        if (postgres is not null && hasAccounts) postgres.BeforeTelling = server.PrepareToTellAsync;
        return AttachListener(server.Services.GetRequiredService<JournalTail>());
    }

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
        services.AddSingleton(Ledger).AddSingleton(Reader).AddSingleton(Journal).AddSingleton(Watches);
        if (Shared is not null) services.AddSingleton(Shared);
    }

    public ValueTask DisposeAsync() => opened.DisposeAsync();
}
