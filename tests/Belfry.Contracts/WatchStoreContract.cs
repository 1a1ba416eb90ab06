using Belfry.Core.Chains;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;
using Shouldly;

namespace Belfry.Contracts;

/// <summary>What every store of watches keeps.</summary>
public abstract class WatchStoreContract : StoreContract
{
    [Fact]
    public async Task W01_a_watch_is_read_back_as_stored_even_after_a_restart()
    {
        await using var store = await CreateAsync();
        Watch[] watches =
        [
            Samples.Watch("w1", 1, label: "rent"), Samples.Watch("w2", 2, fromHeight: 0, active: false), Samples.Watch("w3", 1, chain: Ltc),
            Samples.Watch("w4", 3) with { Spelling = Samples.Address(3), Label = "" },
        ];
        (await store.First.Watches.AddAsync(watches, Never)).ShouldBe(watches.Select(watch => new StoredWatch(watch, Created: true)));
        await store.RestartAsync();
        (await store.Second.Watches.ListAsync("alice", null, null, 10, Never)).ShouldBe(watches);
        (await store.Second.Watches.FindAsync("alice", Btc, Samples.Script(1), Never)).ShouldBe(watches[0]);
        (await store.Second.Watches.FindAsync("alice", Ltc, Samples.Script(2), Never)).ShouldBeNull();
        (await store.Second.Watches.FindAsync("bob", Btc, Samples.Script(1), Never)).ShouldBeNull();
    }

    [Fact]
    public async Task W02_a_second_watch_of_an_account_on_a_script_is_answered_with_the_first()
    {
        await using var store = await CreateAsync();
        var first = Samples.Watch("w1", 1, label: "first");
        (await store.First.Watches.AddAsync([first, Samples.Watch("w2", 1, label: "second")], Never))
            .ShouldBe([new StoredWatch(first, Created: true), new StoredWatch(first, Created: false)]);
        (await store.Second.Watches.AddAsync([Samples.Watch("w3", 1, fromHeight: 3)], Never)).ShouldBe([new StoredWatch(first, Created: false)]);
        (await store.First.Watches.ListAsync("alice", null, null, 10, Never)).ShouldBe([first]);
    }

    [Fact]
    public async Task W03_a_script_of_many_accounts_is_read_once_with_the_lowest_height()
    {
        await using var store = await CreateAsync();
        await store.First.Watches.AddAsync(
        [
            Samples.Watch("w1", 1, "alice", fromHeight: 9, active: false), Samples.Watch("w2", 1, "bob", fromHeight: 4, active: false),
            Samples.Watch("w3", 1, "carol"), Samples.Watch("w4", 2, "alice"),
        ], Never);
        (await store.First.Watches.ReadScriptsAsync(Btc, active: false, Never).ToListAsync()).ShouldBe([new WatchedScript(Samples.Script(1), Samples.Address(1), 4)]);
        (await store.First.Watches.ReadScriptsAsync(Btc, active: true, Never).ToListAsync())
            .ShouldBe([new WatchedScript(Samples.Script(1), Samples.Address(1), null), new WatchedScript(Samples.Script(2), Samples.Address(2), null)], ignoreOrder: true);
        (await store.First.Watches.CountAsync(Btc, Never)).ShouldBe(2);
    }

    [Fact]
    public async Task W04_removal_says_whether_anybody_else_still_watches()
    {
        await using var store = await CreateAsync();
        var (alice, bob) = (Samples.Watch("w1", 1), Samples.Watch("w2", 1, "bob"));
        await store.First.Watches.AddAsync([alice, bob], Never);
        (await store.First.Watches.RemoveAsync("alice", "w1", Never)).ShouldBe(new RemovedWatch(alice, StillWatched: true));
        (await store.First.Watches.CountAsync(Btc, Never)).ShouldBe(1);
        (await store.Second.Watches.RemoveAsync("bob", "w2", Never)).ShouldBe(new RemovedWatch(bob, StillWatched: false));
        (await store.First.Watches.CountAsync(Btc, Never)).ShouldBe(0);
        (await store.First.Watches.ReadScriptsAsync(Btc, active: true, Never).ToListAsync()).ShouldBeEmpty();
        (await store.First.Watches.AddAsync([Samples.Watch("w3", 1)], Never))[0].Created.ShouldBeTrue();
        (await store.First.Watches.CountAsync(Btc, Never)).ShouldBe(1);
    }

    [Fact]
    public async Task W05_nobody_removes_what_is_not_his()
    {
        await using var store = await CreateAsync();
        await store.First.Watches.AddAsync([Samples.Watch("w1", 1), Samples.Watch("w2", 2, "bob")], Never);
        (await store.First.Watches.RemoveAsync("bob", "w1", Never)).ShouldBeNull();
        (await store.First.Watches.RemoveAsync("carol", "w1", Never)).ShouldBeNull();
        (await store.First.Watches.RemoveAsync("alice", "w9", Never)).ShouldBeNull();
        (await store.First.Watches.CountAsync(Btc, Never)).ShouldBe(2);
    }

    [Fact]
    public async Task W06_pages_follow_the_order_of_creation_and_go_on_after_a_removed_watch()
    {
        await using var store = await CreateAsync();
        for (var i = 1; i <= 9; i++) await store.First.Watches.AddAsync([Samples.Watch($"w{i}", 100 - i, chain: i % 3 == 0 ? Ltc : Btc), Samples.Watch($"b{i}", i, "bob")], Never);
        async Task<IEnumerable<string>> PageAsync(ChainId? chain, string? after, int limit) =>
            (await store.First.Watches.ListAsync("alice", chain, after, limit, Never)).Select(watch => watch.Id);
        (await PageAsync(null, null, 4)).ShouldBe(["w1", "w2", "w3", "w4"]);
        await store.First.Watches.RemoveAsync("alice", "w4", Never);
        (await PageAsync(null, "w4", 3)).ShouldBe(["w5", "w6", "w7"]);
        (await PageAsync(Ltc, null, 9)).ShouldBe(["w3", "w6", "w9"]);
        (await PageAsync(Ltc, "w3", 1)).ShouldBe(["w6"]);
        (await PageAsync(null, "w9", 9)).ShouldBeEmpty();
        (await PageAsync(null, "unknown", 9)).ShouldBeEmpty();
        await Should.ThrowAsync<ArgumentOutOfRangeException>(async () => await PageAsync(null, null, 0));
    }

    [Fact]
    public async Task W07_a_script_becomes_live_when_its_history_has_been_read()
    {
        await using var store = await CreateAsync();
        await store.First.Watches.AddAsync([Samples.Watch("w1", 1, fromHeight: 5, active: false), Samples.Watch("w2", 2, fromHeight: 6, active: false)], Never);
        await store.First.Ledger.CommitAsync(new LedgerBatch { Chain = Btc, Activated = [Samples.Script(1), Samples.Script(99)] }, Never);
        await store.First.Ledger.CommitAsync(new LedgerBatch { Chain = new ChainId("doge"), Activated = [Samples.Script(2)] }, Never);
        (await store.First.Watches.ReadScriptsAsync(Btc, active: true, Never).ToListAsync()).ShouldBe([new WatchedScript(Samples.Script(1), Samples.Address(1), 5)]);
        (await store.First.Watches.ReadScriptsAsync(Btc, active: false, Never).ToListAsync()).ShouldBe([new WatchedScript(Samples.Script(2), Samples.Address(2), 6)]);
        (await store.First.Watches.FindAsync("alice", Btc, Samples.Script(1), Never))!.Active.ShouldBeTrue();
    }

    [Fact]
    public async Task W08_an_id_is_never_used_twice_and_a_refused_call_stores_nothing()
    {
        await using var store = await CreateAsync();
        await store.First.Watches.AddAsync([Samples.Watch("w1", 1)], Never);
        await Should.ThrowAsync<StoreException>(async () => await store.First.Watches.AddAsync([Samples.Watch("w2", 2), Samples.Watch("w1", 3)], Never));
        await store.First.Watches.RemoveAsync("alice", "w1", Never);
        await Should.ThrowAsync<StoreException>(async () => await store.First.Watches.AddAsync([Samples.Watch("w2", 2), Samples.Watch("w1", 3)], Never));
        (await store.First.Watches.ListAsync("alice", null, null, 10, Never)).ShouldBeEmpty();
        (await store.First.Watches.CountAsync(Btc, Never)).ShouldBe(0);
    }

    [Fact]
    public async Task W09_thousands_are_stored_at_once_and_streamed_each_once()
    {
        await using var store = await CreateAsync();
        await store.First.Watches.AddAsync([.. Enumerable.Range(0, 25_000).Select(i => Samples.Watch($"w{i}", i))], Never);
        (await store.First.Watches.CountAsync(Btc, Never)).ShouldBe(25_000);
        var scripts = await store.First.Watches.ReadScriptsAsync(Btc, active: true, Never).ToListAsync();
        scripts.Count.ShouldBe(25_000);
        scripts.Select(script => script.Script).ToHashSet().Count.ShouldBe(25_000);
    }

    [Fact]
    public async Task W10_neighbours_share_nothing()
    {
        await using var store = await CreateAsync();
        await store.First.Watches.AddAsync([Samples.Watch("w1", 1)], Never);
        (await store.Neighbour.Watches.CountAsync(Btc, Never)).ShouldBe(0);
        (await store.Neighbour.Watches.AddAsync([Samples.Watch("w1", 1)], Never))[0].Created.ShouldBeTrue();
    }

    [Fact]
    public void W11_any_history_is_what_a_plain_model_makes_of_it() => Histories.Check(HistoryCount, async steps =>
    {
        await using var store = await CreateAsync();
        var model = new WatchModel();
        foreach (var step in steps)
        {
            await model.StepAsync(store.First, step >>> 1);
            if (step % 37 == 0) await store.RestartAsync();
        }

        await model.CompareAsync(store.Second.Watches);
    });
}
