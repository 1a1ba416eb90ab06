using Belfry.Contracts;
using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Core.Tests;

/// <summary>Row F05 of the fault matrix on the simulated disk: what was not synced may be lost, as a suffix, and nothing else.</summary>
public sealed class PowerLossTests
{
    /// <summary>The row's 100 000 take a minute: the long run.</summary>
    static readonly int PowerCuts = Environment.GetEnvironmentVariable("BELFRY_TEST_LONG") == "1" ? 100_000 : 5000;

    static readonly ChainId Btc = new("btc");

    static readonly MemoryStoreOptions OnlyWhenTold = new() { SyncTime = Timeout.InfiniteTimeSpan };

    [Fact]
    [Trait("Fault", "F05")]
    public async Task Of_thousands_of_power_cuts_every_one_keeps_what_was_acknowledged_and_a_prefix_of_the_rest()
    {
        for (var seed = 0; seed < PowerCuts; seed++)
        {
            var random = new Random(seed);
            var disk = new MemoryDisk();
            long number = 0;
            for (var life = 0; life < 3; life++)
            {
                var store = new MemoryStore(disk, OnlyWhenTold);
                var heard = new Ear(await store.Journal.ReadHeadAsync(default));
                store.Attach(heard);
                var waiting = new List<(long Number, Task<CommitResult> Commit)>();
                for (var i = random.Next(12); i > 0; i--)
                {
                    waiting.Add((++number, store.Ledger.CommitAsync(new LedgerBatch { Chain = Btc, Position = Samples.Position(number), Events = [Samples.Event($"e{number}")] }, default).AsTask()));
                    if (random.Next(4) == 0) store.Sync();
                }

                var acked = await store.Journal.ReadHeadAsync(default);
                heard.Head.ShouldBe(acked);
                var kept = random.Next(store.Unsynced + 1);
                store.Crash(kept);
                foreach (var (told, commit) in waiting)
                {
                    if (told > acked) await Should.ThrowAsync<StoreException>(commit);
                    else (await commit).Head.ShouldBe(told);
                }

                await Should.ThrowAsync<StoreException>(async () => await store.Journal.ReadHeadAsync(default));
                number = acked + kept;
                var next = new MemoryStore(disk);
                (await next.Journal.ReadHeadAsync(default)).ShouldBe(number, $"seed {seed}");
                ((await next.Ledger.ReadPositionAsync(Btc, default))?.Cursor.Block.Height ?? 0).ShouldBe(number, $"seed {seed}");
                await next.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task Nobody_sees_or_hears_of_a_write_before_its_sync()
    {
        await using var store = new MemoryStore(options: OnlyWhenTold);
        var ear = new Ear(0);
        store.Attach(ear);
        var commit = store.Ledger.CommitAsync(Samples.Events(Btc, Samples.Event("e")), default);
        (commit.IsCompleted, await store.Journal.ReadHeadAsync(default), ear.Head, store.Unsynced).ShouldBe((false, 0, 0, 1));
        store.Sync();
        (await commit).ShouldBe(new CommitResult(1, 0));
        (await store.Journal.ReadHeadAsync(default), ear.Head, store.Unsynced).ShouldBe((1, 1, 0));
    }

    [Fact]
    public async Task Writes_that_arrive_during_a_sync_share_it()
    {
        var clock = new ManualClock();
        await using var store = new MemoryStore(options: new MemoryStoreOptions { SyncTime = TimeSpan.FromMilliseconds(5), Clock = clock });
        var commits = Enumerable.Range(0, 10).Select(i => store.Ledger.CommitAsync(Samples.Events(Btc, Samples.Event($"e{i}")), default).AsTask()).ToList();
        clock.Advance(TimeSpan.FromMilliseconds(4));
        commits.ShouldAllBe(commit => !commit.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        (await Task.WhenAll(commits)).Select(result => result.Head).ShouldBe(Enumerable.Range(1, 10).Select(head => (long)head));
    }

    [Fact]
    public async Task A_full_disk_refuses_writes_and_heals_and_a_disk_has_one_owner()
    {
        var disk = new MemoryDisk();
        await using var store = new MemoryStore(disk);
        Should.Throw<StoreException>(() => new MemoryStore(disk));
        disk.IsFull = true;
        await Should.ThrowAsync<StoreException>(async () => await store.Ledger.CommitAsync(Samples.Events(Btc, Samples.Event("e")), default));
        (await store.Journal.ReadHeadAsync(default)).ShouldBe(0);
        disk.IsFull = false;
        (await store.Ledger.CommitAsync(Samples.Events(Btc, Samples.Event("e")), default)).Head.ShouldBe(1);
    }

    sealed class Ear(long head) : IJournalListener
    {
        public long Head { get; private set; } = head;

        public void Appended(IReadOnlyList<JournalEntry> entries)
        {
            foreach (var entry in entries) entry.Sequence.ShouldBe(++Head);
        }
    }
}
