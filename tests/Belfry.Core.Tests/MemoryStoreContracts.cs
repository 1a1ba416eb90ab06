using Belfry.Contracts;
using Belfry.Core.Ledger;

namespace Belfry.Core.Tests;

public sealed class MemoryLedgerTests : LedgerContract
{
    protected override ValueTask<IStoreUnderTest> CreateAsync() => new(new MemoryUnderTest());
}

public sealed class MemoryJournalTests : JournalContract
{
    protected override ValueTask<IStoreUnderTest> CreateAsync() => new(new MemoryUnderTest());
}

public sealed class MemoryWatchStoreTests : WatchStoreContract
{
    protected override ValueTask<IStoreUnderTest> CreateAsync() => new(new MemoryUnderTest());
}

sealed class MemoryUnderTest : IStoreUnderTest
{
    readonly MemoryDisk disk = new();
    readonly MemoryStore neighbour = new();
    MemoryStore store;

    public MemoryUnderTest() => store = new MemoryStore(disk);

    public StoreHandle First => Handle(store);

    public StoreHandle Second => Handle(store);

    public StoreHandle Neighbour => Handle(neighbour);

    public async ValueTask RestartAsync()
    {
        await store.DisposeAsync();
        store = new MemoryStore(disk);
    }

    public async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        await neighbour.DisposeAsync();
    }

    static StoreHandle Handle(MemoryStore store) => new(store.Ledger, store.Reader, store.Journal, store.Watches, store.Attach);
}
