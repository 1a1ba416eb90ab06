using Belfry.Contracts;
using Belfry.Core.Runtime;
using Belfry.Sql;
using Belfry.Sql.Postgres;
using Belfry.TestKit.Postgres;
using Microsoft.Extensions.Logging.Abstractions;

namespace Belfry.Stores.Tests;

public sealed class PostgresLedgerTests : LedgerContract
{
    protected override int HistoryCount => PostgresUnderTest.HistoryCount;

    protected override async ValueTask<IStoreUnderTest> CreateAsync() => await PostgresUnderTest.CreateAsync(twoServers: true);
}

public sealed class PostgresJournalTests : JournalContract
{
    protected override int HistoryCount => PostgresUnderTest.HistoryCount;

    protected override async ValueTask<IStoreUnderTest> CreateAsync() => await PostgresUnderTest.CreateAsync(twoServers: false);
}

public sealed class PostgresWatchStoreTests : WatchStoreContract
{
    protected override int HistoryCount => PostgresUnderTest.HistoryCount;

    protected override async ValueTask<IStoreUnderTest> CreateAsync() => await PostgresUnderTest.CreateAsync(twoServers: true);
}

public sealed class PostgresLeaseTests : ChainLeaseContract
{
    protected override int HistoryCount => PostgresUnderTest.HistoryCount;

    protected override async ValueTask<ILeasesUnderTest> CreateAsync() => await PostgresUnderTest.CreateAsync(twoServers: true);
}

/// <summary>Two servers on one database, and one on another; small partitions, so that every suite crosses some.</summary>
sealed class PostgresUnderTest : IStoreUnderTest, ILeasesUnderTest
{
    public static readonly int HistoryCount = Environment.GetEnvironmentVariable("BELFRY_TEST_LONG") == "1" ? 100 : 6;

    readonly bool twoServers;
    PostgresDatabase database = null!;
    PostgresDatabase other = null!;
    PostgresStore store = null!;
    PostgresStore second = null!;
    PostgresStore neighbour = null!;

    PostgresUnderTest(bool twoServers) => this.twoServers = twoServers;

    public StoreHandle First => Handle(store);

    public StoreHandle Second => Handle(second);

    public StoreHandle Neighbour => Handle(neighbour);

    LeaseHandle ILeasesUnderTest.First => Leases(store);

    LeaseHandle ILeasesUnderTest.Second => Leases(second);

    LeaseHandle ILeasesUnderTest.Neighbour => Leases(neighbour);

    public static async ValueTask<PostgresUnderTest> CreateAsync(bool twoServers)
    {
        var made = new PostgresUnderTest(twoServers) { database = await PostgresTemplate.CreateAsync(), other = await PostgresTemplate.CreateAsync() };
        await made.OpenAsync();
        made.neighbour = await OpenAsync(made.other);
        return made;
    }

    /// <summary>Opens a store as a server would.</summary>
    public static Task<PostgresStore> OpenAsync(PostgresDatabase database, long partition = 50) => OpenAsync(database.ConnectionString, partition);

    /// <summary>Opens a store as a server would.</summary>
    public static Task<PostgresStore> OpenAsync(string connection, long partition = 50, TimeSpan? patience = null) => PostgresStore.OpenAsync(
        new StoreParts(
            new PostgresStoreOptions { Connection = connection, Connections = 4, PartitionSize = partition, Patience = patience ?? TimeSpan.FromSeconds(3) },
            TimeProvider.System, SystemEntropy.Instance, EnvironmentCrashPoints.Read(), NullLogger.Instance), default);

    public static StoreHandle Handle(PostgresStore store) => new(store.Ledger, store.Reader, store.Journal, store.Watches, store.Attach);

    public async ValueTask RestartAsync()
    {
        await CloseAsync();
        await OpenAsync();
    }

    // Nobody can move the database's clock: all leases are moved the other way.
    public async ValueTask PassAsync(TimeSpan time) =>
        await database.ExecuteAsync(FormattableString.Invariant($"UPDATE belfry.chain_leases SET until = until - interval '{time.TotalSeconds} s'"));

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        await neighbour.DisposeAsync();
        await database.DisposeAsync();
        await other.DisposeAsync();
    }

    async Task OpenAsync()
    {
        store = await OpenAsync(database);
        second = twoServers ? await OpenAsync(database) : store;
    }

    async Task CloseAsync()
    {
        if (twoServers) await second.DisposeAsync();
        await store.DisposeAsync();
    }

    static LeaseHandle Leases(PostgresStore store) => new(store.Leases, store.Ledger, store.Journal);
}

/// <summary>Databases with Belfry's schema, copied from one.</summary>
static class PostgresTemplate
{
    const string Name = "belfry_template";

    static readonly Lock Gate = new();
    static Task? made;

    public static async Task<PostgresDatabase> CreateAsync()
    {
        var server = await PostgresServer.SharedAsync();
        Task ready;
        lock (Gate) ready = made ??= MakeAsync(server);
        await ready;
        return await server.CreateDatabaseAsync(Name);
    }

    static async Task MakeAsync(PostgresServer server)
    {
        await server.ExecuteAsync("postgres", $"CREATE DATABASE {Name} TEMPLATE template0");
        await PostgresOpening.MigrateAsync(new PostgresStoreOptions { Connection = server.ConnectionString(Name) }, default);
    }
}
