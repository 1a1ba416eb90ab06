using System.Text;
using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Ledger;
using Shouldly;

namespace Belfry.Contracts;

/// <summary>What every journal keeps.</summary>
public abstract class JournalContract : StoreContract
{
    [Fact]
    public async Task J01_an_empty_journal_ends_at_0()
    {
        await using var store = await CreateAsync();
        (await store.First.Journal.ReadHeadAsync(Never)).ShouldBe(0);
        var page = await store.First.Journal.ReadAsync(0, 10, null, Never);
        page.Entries.ShouldBeEmpty();
        (page.Next, page.More).ShouldBe((0, false));
        (await store.First.Journal.FindAsync("e", Never)).ShouldBeNull();
    }

    [Fact]
    public async Task J02_sequence_numbers_have_no_gap_and_follow_the_commits_of_all_chains()
    {
        await using var store = await CreateAsync();
        var heads = new System.Collections.Concurrent.ConcurrentBag<long>();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(chain => Task.Run(async () =>
        {
            for (var i = 0; i < 25; i++)
            {
                var result = await store.First.Ledger.CommitAsync(
                    Samples.Events(new ChainId($"c{chain}"), Samples.Event($"{chain} {i} a"), Samples.Event($"{chain} {i} b")), Never);
                heads.Add(result.Head);
            }
        }, Never)));
        var entries = (await store.Second.Journal.ReadAsync(0, 1000, null, Never)).Entries;
        entries.Select(entry => entry.Sequence).ShouldBe(Enumerable.Range(1, 200).Select(number => (long)number));
        foreach (var chain in entries.GroupBy(entry => entry.Chain.Value))
            chain.Select(entry => entry.Event.Id).ShouldBe(Enumerable.Range(0, 25).SelectMany(i => new[] { $"{chain.Key[1..]} {i} a", $"{chain.Key[1..]} {i} b" }));
        heads.Order().ShouldBe(Enumerable.Range(1, 100).Select(number => 2L * number));
    }

    [Fact]
    public async Task J03_an_event_is_read_back_to_the_last_byte()
    {
        await using var store = await CreateAsync();
        PendingEvent[] events =
        [
            Samples.Event("full", EventKind.NewPayment, 1, Samples.Tx(1), 0),
            Samples.Event("bare", EventKind.FeedDegraded, script: null) with { Data = ReadOnlyMemory<byte>.Empty },
            Samples.Event("no address") with { Address = null },
            Samples.Event("other address") with { Address = "another spelling" },
            Samples.Event("address without script", script: null) with { Address = "a" },
            Samples.Event("ünïcødé \u2028 'quoted'", EventKind.NewBlock, null, null, long.MaxValue) with { Data = "{\"x\":\"\\u0000\"}"u8.ToArray() },
        ];
        await store.First.Ledger.CommitAsync(Samples.Events(Btc, events), Never);
        await store.RestartAsync();
        var expected = events.Select((told, i) => new JournalEntry(i + 1, Btc, told).Text()).ToList();
        (await store.First.Journal.ReadAsync(0, 10, null, Never)).Entries.Select(entry => entry.Text()).ShouldBe(expected);
        foreach (var (told, text) in events.Zip(expected)) (await store.First.Journal.FindAsync(told.Id, Never))!.Text().ShouldBe(text);
    }

    [Fact]
    public async Task J04_an_id_is_told_once_whoever_tells_it_again()
    {
        await using var store = await CreateAsync();
        (await store.First.Ledger.CommitAsync(Samples.Events(Btc, Samples.Event("a"), Samples.Event("b"), Samples.Event("a")), Never)).ShouldBe(new CommitResult(2, 1));
        await store.RestartAsync();
        (await store.First.Ledger.CommitAsync(Samples.Events(Ltc, Samples.Event("b"), Samples.Event("c")), Never)).ShouldBe(new CommitResult(3, 1));
        (await store.First.Journal.ReadAsync(0, 10, null, Never)).Entries.Select(entry => entry.Event.Id).ShouldBe(["a", "b", "c"]);
    }

    [Fact]
    public async Task J05_a_filter_never_looks_like_a_gap()
    {
        await using var store = await CreateAsync();
        for (var i = 1; i <= 40; i++)
        {
            await store.First.Ledger.CommitAsync(
                Samples.Events(i % 4 == 0 ? Ltc : Btc, Samples.Event($"e{i}", i % 2 == 0 ? EventKind.NewBlock : EventKind.NewPayment, script: i % 5, i % 3 == 0 ? null : Samples.Tx(i % 7), i % 6)), Never);
        }

        JournalFilter[] filters =
        [
            new(Chain: Ltc), new(Script: Samples.Script(3)), new(Kinds: new HashSet<EventKind> { EventKind.NewPayment }), new(Btc, Samples.Script(1)),
            new(Btc, Samples.Script(2), new HashSet<EventKind> { EventKind.NewBlock }), new(Chain: new ChainId("doge")), new(Script: Samples.Script(77)),
            new(Height: 3), new(Btc, Height: 4), new(Transaction: Samples.Tx(2)), new(Ltc, Samples.Script(3), Transaction: Samples.Tx(3)), new(Kinds: new HashSet<EventKind>(), Height: 3),
            new(Kinds: new HashSet<EventKind>()), new(Kinds: new HashSet<EventKind> { EventKind.NewBlock, EventKind.ContractEvent }), new(),
        ];
        var all = (await store.First.Journal.ReadAsync(0, 100, null, Never)).Entries;
        foreach (var filter in filters)
        {
            var (read, next, more) = (new List<JournalEntry>(), 0L, true);
            while (more)
            {
                var page = await store.First.Journal.ReadAsync(next, 3, filter, Never);
                page.Next.ShouldBeGreaterThan(next);
                page.Entries.ShouldAllBe(entry => entry.Sequence > next && entry.Sequence <= page.Next);
                page.Entries.Count.ShouldBeLessThanOrEqualTo(3);
                read.AddRange(page.Entries);
                (next, more) = (page.Next, page.More);
            }

            next.ShouldBe(40);
            read.Select(entry => entry.Text()).ShouldBe(all.Where(entry => JournalRules.Matches(filter, entry)).Select(entry => entry.Text()));
        }
    }

    [Fact]
    public async Task J06_a_page_holds_at_most_the_limit_and_says_whether_more_exists()
    {
        await using var store = await CreateAsync();
        await store.First.Ledger.CommitAsync(Samples.Events(Btc, [.. Enumerable.Range(1, 5).Select(i => Samples.Event($"e{i}"))]), Never);
        var page = await store.First.Journal.ReadAsync(1, 2, null, Never);
        page.Entries.Select(entry => entry.Sequence).ShouldBe([2, 3]);
        (page.Next, page.More).ShouldBe((3, true));
        page = await store.First.Journal.ReadAsync(3, 2, null, Never);
        (page.Entries.Count, page.Next, page.More).ShouldBe((2, 5, false));
    }

    [Fact]
    public async Task J07_a_position_that_was_never_given_out_is_refused()
    {
        await using var store = await CreateAsync();
        await store.First.Ledger.CommitAsync(Samples.Events(Btc, Samples.Event("e")), Never);
        foreach (var (after, limit) in new[] { (2L, 1), (long.MaxValue, 1), (-1L, 1), (0L, 0), (0L, -5) })
            await Should.ThrowAsync<ArgumentOutOfRangeException>(async () => await store.First.Journal.ReadAsync(after, limit, null, Never));
        (await store.First.Journal.ReadAsync(1, 1, null, Never)).Next.ShouldBe(1);
    }

    [Fact]
    public async Task J08_the_epoch_is_the_journals_own_for_ever()
    {
        await using var store = await CreateAsync();
        var epoch = await store.First.Journal.ReadEpochAsync(Never);
        epoch.ShouldNotBeNullOrWhiteSpace();
        await store.First.Ledger.CommitAsync(Samples.Events(Btc, Samples.Event("e")), Never);
        await store.RestartAsync();
        (await store.Second.Journal.ReadEpochAsync(Never)).ShouldBe(epoch);
        (await store.Neighbour.Journal.ReadEpochAsync(Never)).ShouldNotBe(epoch);
    }

    [Fact]
    public async Task J09_listeners_hear_everything_in_order_and_after_it_can_be_read()
    {
        await using var store = await CreateAsync();
        var (early, late) = (new Ear(), new Ear());
        using var first = store.First.Attach(early);
        await store.First.Ledger.CommitAsync(Samples.Events(Btc, Samples.Event("before")), Never);
        using var second = store.Second.Attach(late);
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(async () =>
        {
            var result = await store.First.Ledger.CommitAsync(Samples.Events(i % 2 == 0 ? Btc : Ltc, Samples.Event($"a{i}"), Samples.Event($"b{i}")), Never);
            early.Head.ShouldBeGreaterThanOrEqualTo(result.Head);
        }, Never)));
        early.Entries.Select(entry => entry.Sequence).ShouldBe(Enumerable.Range(1, 101).Select(number => (long)number));
        late.Entries.Select(entry => entry.Sequence).ShouldBe(Enumerable.Range(2, 100).Select(number => (long)number));
        var read = await store.First.Journal.ReadAsync(0, 1000, null, Never);
        read.Entries.Select(entry => entry.Text()).ShouldBe(early.Entries.Select(entry => entry.Text()));
    }

    [Fact]
    public async Task J10_who_has_left_hears_nothing_more()
    {
        await using var store = await CreateAsync();
        var ear = new Ear();
        store.First.Attach(ear).Dispose();
        await store.First.Ledger.CommitAsync(Samples.Events(Btc, Samples.Event("e")), Never);
        ear.Entries.ShouldBeEmpty();
    }

    [Fact]
    public void J11_any_history_is_what_a_plain_model_makes_of_it() => Histories.Check(HistoryCount, async steps =>
    {
        await using var store = await CreateAsync();
        var told = new List<string>();
        var ear = new Ear();
        var attached = store.First.Attach(ear);
        foreach (var step in steps)
        {
            var rest = step;
            var chain = new ChainId($"c{Histories.Take(ref rest, 3)}");
            if (Histories.Take(ref rest, 25) == 0)
            {
                attached.Dispose();
                await store.RestartAsync();
                attached = store.First.Attach(ear);
            }

            var events = Enumerable.Range(0, Histories.Take(ref rest, 4)).Select(_ => Samples.Event($"e{Histories.Take(ref rest, 30)}")).ToList();
            var fresh = events.Select(pending => pending.Id).Distinct().Except(told).ToList();
            told.AddRange(fresh);
            (await store.First.Ledger.CommitAsync(Samples.Events(chain, events), Never)).ShouldBe(new CommitResult(told.Count, events.Count - fresh.Count));
        }

        attached.Dispose();
        (await store.First.Journal.ReadAsync(0, 1000, null, Never)).Entries.Select(entry => entry.Event.Id).ShouldBe(told);
        ear.Entries.Select(entry => entry.Event.Id).ShouldBe(told);
        for (var i = 0; i < told.Count; i++) (await store.Second.Journal.FindAsync(told[i], Never))!.Sequence.ShouldBe(i + 1);
    });

    [Fact]
    public async Task J12_a_block_is_found_by_its_hash_whenever_it_joined_or_left()
    {
        await using var store = await CreateAsync();
        PendingEvent Block(string id, EventKind kind, BlockHash hash) => Samples.Event(id, kind, script: null) with { Data = Encoding.UTF8.GetBytes($$"""{"event":"x","nested":{"block_hash":"no"},"block_hash":"{{hash}}"}""") };
        await store.First.Ledger.CommitAsync(
            Samples.Events(
                Btc, Block("joined", EventKind.NewBlock, Samples.BlockId(1)), Block("other", EventKind.NewBlock, Samples.BlockId(2)), Block("left", EventKind.BlockDisconnected, Samples.BlockId(1)),
                Block("inside", EventKind.VerifiedTx, Samples.BlockId(1)), Samples.Event("torn", EventKind.NewBlock) with { Data = "{\"block_hash\":"u8.ToArray() },
                Samples.Event("number", EventKind.NewBlock) with { Data = "{\"block_hash\":7}"u8.ToArray() }, Samples.Event("list", EventKind.NewBlock) with { Data = "[]"u8.ToArray() }),
            Never);
        await store.First.Ledger.CommitAsync(Samples.Events(Ltc, Block("elsewhere", EventKind.NewBlock, Samples.BlockId(1))), Never);
        (await FindAsync(new JournalFilter(Block: Samples.BlockId(1)))).ShouldBe(["joined", "left", "elsewhere"]);
        (await FindAsync(new JournalFilter(Btc, Kinds: new HashSet<EventKind> { EventKind.NewBlock }, Block: Samples.BlockId(1)))).ShouldBe(["joined"]);
        (await FindAsync(new JournalFilter(Block: Samples.BlockId(3)))).ShouldBeEmpty();

        async Task<IEnumerable<string>> FindAsync(JournalFilter filter) => (await store.First.Journal.ReadAsync(0, 100, filter, Never)).Entries.Select(entry => entry.Event.Id);
    }

    sealed class Ear : IJournalListener
    {
        readonly Lock gate = new();
        readonly List<JournalEntry> entries = [];

        public IReadOnlyList<JournalEntry> Entries
        {
            get
            {
                lock (gate) return [.. entries];
            }
        }

        public long Head => Entries is { Count: > 0 } all ? all[^1].Sequence : 0;

        public void Appended(IReadOnlyList<JournalEntry> added)
        {
            lock (gate) entries.AddRange(added);
        }
    }
}
