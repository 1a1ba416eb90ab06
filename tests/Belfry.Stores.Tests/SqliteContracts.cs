using Belfry.Contracts;
using Belfry.Sql.Sqlite;

namespace Belfry.Stores.Tests;

public sealed class SqliteLedgerTests : LedgerContract
{
    protected override async ValueTask<IStoreUnderTest> CreateAsync() => await SqliteUnderTest.CreateAsync();
}

public sealed class SqliteJournalTests : JournalContract
{
    protected override async ValueTask<IStoreUnderTest> CreateAsync() => await SqliteUnderTest.CreateAsync();
}

public sealed class SqliteWatchStoreTests : WatchStoreContract
{
    protected override async ValueTask<IStoreUnderTest> CreateAsync() => await SqliteUnderTest.CreateAsync();
}

sealed class SqliteUnderTest : IStoreUnderTest
{
    readonly TemporaryFolder folder = new();
    SqliteStore store = null!;
    SqliteStore neighbour = null!;

    public StoreHandle First => Handle(store);

    public StoreHandle Second => Handle(store);

    public StoreHandle Neighbour => Handle(neighbour);

    public static async ValueTask<SqliteUnderTest> CreateAsync()
    {
        var made = new SqliteUnderTest();
        made.store = await made.OpenAsync("first");
        made.neighbour = await made.OpenAsync("neighbour");
        return made;
    }

    public static StoreHandle Handle(SqliteStore store) => new(store.Ledger, store.Reader, store.Journal, store.Watches, store.Attach);

    public async ValueTask RestartAsync()
    {
        await store.DisposeAsync();
        store = await OpenAsync("first");
    }

    public async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        await neighbour.DisposeAsync();
        folder.Dispose();
    }

    ValueTask<SqliteStore> OpenAsync(string name) => SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = Path.Combine(folder.Path, name) });
}
