using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Leadership;
using Belfry.Core.Ledger;
using Shouldly;

namespace Belfry.Contracts;

/// <summary>One server's way to the leases of a store.</summary>
public sealed record LeaseHandle(IChainLease Leases, ILedger Ledger, IJournal Journal);

/// <summary>A store with leases that an adapter's tests have made for one fact.</summary>
public interface ILeasesUnderTest : IAsyncDisposable
{
    /// <summary>One server.</summary>
    LeaseHandle First { get; }

    /// <summary>Another server on the same store.</summary>
    LeaseHandle Second { get; }

    /// <summary>A server on another store.</summary>
    LeaseHandle Neighbour { get; }

    /// <summary>Lets the store's clock go on.</summary>
    ValueTask PassAsync(TimeSpan time);
}

/// <summary>What every chain lease keeps.</summary>
public abstract class ChainLeaseContract
{
    static readonly CancellationToken Never = CancellationToken.None;
    static readonly ChainId Btc = new("btc");
    static readonly ChainId Ltc = new("ltc");
    static readonly TimeSpan Long = TimeSpan.FromHours(1);

    /// <summary>How many random histories are compared with the model; fewer where a new store takes long to make.</summary>
    protected virtual int HistoryCount => 30;

    /// <summary>A new, empty store.</summary>
    protected abstract ValueTask<ILeasesUnderTest> CreateAsync();

    [Fact]
    public async Task E01_a_chain_that_nobody_leads_goes_to_who_asks_in_epoch_1()
    {
        await using var store = await CreateAsync();
        (await store.First.Leases.ReadLeaderAsync(Btc, Never)).ShouldBeNull();
        (await store.First.Leases.AcquireAsync(Btc, "a", Long, Never)).ShouldBe(new Lease(Btc, "a", 1));
        var leader = (await store.Second.Leases.ReadLeaderAsync(Btc, Never)).ShouldNotBeNull();
        (leader.Server, leader.Epoch).ShouldBe(("a", 1));
        leader.Left.ShouldBeInRange(Long / 2, Long);
    }

    [Fact]
    public async Task E02_nobody_gets_a_chain_that_another_leads()
    {
        await using var store = await CreateAsync();
        await store.First.Leases.AcquireAsync(Btc, "a", Long, Never);
        (await store.Second.Leases.AcquireAsync(Btc, "b", Long, Never)).ShouldBeNull();
        (await store.First.Leases.AcquireAsync(Btc, "b", Long, Never)).ShouldBeNull();
        (await store.Second.Leases.ReadLeaderAsync(Btc, Never))!.Server.ShouldBe("a");
    }

    [Fact]
    public async Task E03_a_lease_ends_by_the_stores_clock_unless_it_is_renewed()
    {
        await using var store = await CreateAsync();
        var first = (await store.First.Leases.AcquireAsync(Btc, "a", Long, Never))!;
        await store.PassAsync(Long / 2);
        (await store.First.Leases.RenewAsync(first, Long, Never)).ShouldBeTrue();
        await store.PassAsync(Long * 0.75);
        (await store.Second.Leases.AcquireAsync(Btc, "b", Long, Never)).ShouldBeNull();
        await store.PassAsync(Long * 0.25);
        (await store.Second.Leases.ReadLeaderAsync(Btc, Never)).ShouldBeNull();
        (await store.Second.Leases.AcquireAsync(Btc, "b", Long, Never)).ShouldBe(new Lease(Btc, "b", 2));
    }

    [Fact]
    public async Task E04_who_lost_a_lease_neither_renews_nor_releases_it()
    {
        await using var store = await CreateAsync();
        var first = (await store.First.Leases.AcquireAsync(Btc, "a", Long, Never))!;
        await store.PassAsync(Long);
        var second = (await store.Second.Leases.AcquireAsync(Btc, "b", Long, Never))!;
        (await store.First.Leases.RenewAsync(first, Long, Never)).ShouldBeFalse();
        await store.First.Leases.ReleaseAsync(first, Never);
        (await store.First.Leases.ReadLeaderAsync(Btc, Never))!.Server.ShouldBe("b");
        (await store.Second.Leases.RenewAsync(second, Long, Never)).ShouldBeTrue();
        (await store.First.Leases.RenewAsync(second with { Epoch = 3 }, Long, Never)).ShouldBeFalse();
    }

    [Fact]
    public async Task E05_a_lease_that_ended_and_that_nobody_took_can_be_renewed_and_written_under()
    {
        await using var store = await CreateAsync();
        var lease = (await store.First.Leases.AcquireAsync(Btc, "a", Long, Never))!;
        await store.PassAsync(Long * 2);
        (await store.First.Leases.Open(lease).CommitAsync(Samples.Events(Btc, Samples.Event("e")), Never)).ShouldBe(new CommitResult(1, 0));
        (await store.First.Leases.RenewAsync(lease, Long, Never)).ShouldBeTrue();
        (await store.Second.Leases.AcquireAsync(Btc, "b", Long, Never)).ShouldBeNull();
    }

    [Fact]
    public async Task E06_a_released_chain_is_free_at_once_and_closed_to_who_released_it()
    {
        await using var store = await CreateAsync();
        var lease = (await store.First.Leases.AcquireAsync(Btc, "a", Long, Never))!;
        await store.First.Leases.ReleaseAsync(lease, Never);
        await store.First.Leases.ReleaseAsync(lease, Never);
        (await store.First.Leases.ReadLeaderAsync(Btc, Never)).ShouldBeNull();
        (await store.First.Leases.RenewAsync(lease, Long, Never)).ShouldBeFalse();
        var error = await Should.ThrowAsync<LeaseLostException>(async () => await store.First.Leases.Open(lease).CommitAsync(Samples.Events(Btc, Samples.Event("e")), Never));
        error.Lease.ShouldBe(lease);
        (await store.Second.Leases.AcquireAsync(Btc, "b", Long, Never)).ShouldBe(new Lease(Btc, "b", 2));
        (await store.First.Journal.ReadHeadAsync(Never)).ShouldBe(0);
    }

    [Fact]
    public async Task E07_a_server_that_starts_again_takes_over_from_itself_at_once()
    {
        await using var store = await CreateAsync();
        var former = (await store.First.Leases.AcquireAsync(Btc, "a", Long, Never))!;
        (await store.Second.Leases.AcquireAsync(Btc, "a", Long, Never)).ShouldBe(new Lease(Btc, "a", 2));
        (await store.First.Leases.RenewAsync(former, Long, Never)).ShouldBeFalse();
        await Should.ThrowAsync<LeaseLostException>(async () => await store.First.Leases.Open(former).CommitAsync(Samples.Events(Btc, Samples.Event("e")), Never));
    }

    [Fact]
    public async Task E08_a_commit_under_a_lost_lease_is_refused_and_nothing_of_it_is_written()
    {
        await using var store = await CreateAsync();
        var stale = (await store.First.Leases.AcquireAsync(Btc, "a", Long, Never))!;
        var paused = store.First.Leases.Open(stale);
        await paused.CommitAsync(new LedgerBatch { Chain = Btc, Position = Samples.Position(1), Events = [Samples.Event("e1")] }, Never);
        await store.PassAsync(Long);
        var lease = (await store.Second.Leases.AcquireAsync(Btc, "b", Long, Never))!;
        await store.Second.Leases.Open(lease).CommitAsync(new LedgerBatch { Chain = Btc, Position = Samples.Position(2), Events = [Samples.Event("e2")] }, Never);
        var batch = new LedgerBatch
        {
            Chain = Btc,
            Position = Samples.Position(9),
            Connected = [Samples.Header(9)],
            Transactions = [Samples.Payment(Btc, 1, 1, 5000)],
            Balances = new Dictionary<Script, Balance> { [Samples.Script(1)] = new(1, 2, 3, 4, 5, 6) },
            Events = [Samples.Event("e9")],
        };
        await Should.ThrowAsync<LeaseLostException>(async () => await paused.CommitAsync(batch, Never));
        await Should.ThrowAsync<LeaseLostException>(async () => await paused.CommitAsync(batch with { Events = [] }, Never));
        (await paused.ReadPositionAsync(Btc, Never)).ShouldBe(Samples.Position(2));
        (await paused.ReadBlockAsync(Btc, 9, Never)).ShouldBeNull();
        (await paused.FindAsync(Btc, new LedgerQuery { Transactions = [Samples.Tx(1)], Balances = [Samples.Script(1)] }, Never)).Transactions.ShouldBeEmpty();
        (await store.First.Journal.ReadAsync(0, 10, null, Never)).Entries.Select(entry => entry.Event.Id).ShouldBe(["e1", "e2"]);
    }

    [Fact]
    public async Task E09_of_many_that_ask_at_once_one_leads()
    {
        await using var store = await CreateAsync();
        for (var round = 1; round <= 5; round++)
        {
            var granted = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(
                () => (i % 2 == 0 ? store.First : store.Second).Leases.AcquireAsync(Btc, $"s{i}", Long, Never).AsTask(), Never)));
            granted.OfType<Lease>().ShouldHaveSingleItem().Epoch.ShouldBe(round);
            await store.PassAsync(Long);
        }
    }

    [Fact]
    public async Task E10_a_lease_is_for_one_chain_of_one_store()
    {
        await using var store = await CreateAsync();
        var lease = (await store.First.Leases.AcquireAsync(Btc, "a", Long, Never))!;
        (await store.Second.Leases.AcquireAsync(Ltc, "b", Long, Never)).ShouldBe(new Lease(Ltc, "b", 1));
        (await store.Neighbour.Leases.AcquireAsync(Btc, "b", Long, Never)).ShouldBe(new Lease(Btc, "b", 1));
        await Should.ThrowAsync<LeaseLostException>(async () => await store.First.Leases.Open(lease).CommitAsync(Samples.Events(Ltc, Samples.Event("e")), Never));
        await Should.ThrowAsync<ArgumentException>(async () => await store.First.Leases.AcquireAsync(Btc, " ", Long, Never));
        await Should.ThrowAsync<ArgumentOutOfRangeException>(async () => await store.First.Leases.RenewAsync(lease, TimeSpan.Zero, Never));
    }

    [Fact]
    public async Task E12_what_a_leader_acknowledges_every_server_reads_and_it_never_grows_less()
    {
        await using var store = await CreateAsync();
        var (first, second) = (Acknowledgements(store.First), Acknowledgements(store.Second));
        (await second.ReadAcknowledgedAsync(Btc, Never)).ShouldBe(0);
        var known = second.Acknowledgements;
        var lease = (await store.First.Leases.AcquireAsync(Btc, "a", Long, Never)).ShouldNotBeNull();
        await first.AcknowledgeAsync(lease, 7, Never);
        await first.AcknowledgeAsync(lease, 5, Never);
        (await second.ReadAcknowledgedAsync(Btc, Never)).ShouldBe(7);
        (await second.ReadAcknowledgedAsync(Ltc, Never)).ShouldBe(0);
        (await Acknowledgements(store.Neighbour).ReadAcknowledgedAsync(Btc, Never)).ShouldBe(0);
        await second.WaitAcknowledgedAsync(known, Long, Never).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Never);
    }

    [Fact]
    public async Task E13_who_leads_no_more_acknowledges_nothing()
    {
        await using var store = await CreateAsync();
        var lost = (await store.First.Leases.AcquireAsync(Btc, "a", TimeSpan.FromSeconds(1), Never)).ShouldNotBeNull();
        await Acknowledgements(store.First).AcknowledgeAsync(lost, 3, Never);
        await store.PassAsync(TimeSpan.FromSeconds(2));
        var held = (await store.Second.Leases.AcquireAsync(Btc, "b", Long, Never)).ShouldNotBeNull();
        (await Acknowledgements(store.Second).ReadAcknowledgedAsync(Btc, Never)).ShouldBe(3, "whoever leads next has read what was acknowledged");
        (await Should.ThrowAsync<LeaseLostException>(async () => await Acknowledgements(store.First).AcknowledgeAsync(lost, 9, Never))).Lease.ShouldBe(lost);
        (await Acknowledgements(store.Second).ReadAcknowledgedAsync(Btc, Never)).ShouldBe(3);
        await store.Second.Leases.ReleaseAsync(held, Never);
        await Should.ThrowAsync<LeaseLostException>(async () => await Acknowledgements(store.Second).AcknowledgeAsync(held, 9, Never));
    }

    static IWatchAcknowledgements Acknowledgements(LeaseHandle handle) => (IWatchAcknowledgements)handle.Leases;

    [Fact]
    public void E11_any_history_of_hands_is_what_a_plain_model_makes_of_it() => Histories.Check(HistoryCount, async steps =>
    {
        await using var store = await CreateAsync();
        var (now, epoch, until, holder) = (0, 0L, 0, (string?)null);
        var leases = new List<Lease>();
        var told = 0;
        foreach (var step in steps)
        {
            var rest = step;
            var what = Histories.Take(ref rest, 5);
            var side = Histories.Take(ref rest, 2) == 0 ? store.First : store.Second;
            var hours = Histories.Take(ref rest, 4) + 1;
            if (what == 0)
            {
                now += hours;
                await store.PassAsync(Long * hours);
            }
            else if (what == 1 || leases.Count == 0)
            {
                var server = $"s{Histories.Take(ref rest, 3)}";
                var free = holder is null || until <= now || holder == server;
                var lease = await side.Leases.AcquireAsync(Btc, server, Long * hours, Never);
                lease.ShouldBe(free ? new Lease(Btc, server, epoch + 1) : null);
                if (lease is null) continue;
                leases.Add(lease);
                (epoch, holder, until) = (epoch + 1, server, now + hours);
            }
            else
            {
                var lease = leases[^(1 + Histories.Take(ref rest, Math.Min(leases.Count, 3)))];
                var holds = lease.Epoch == epoch && holder is not null;
                if (what == 2)
                {
                    (await side.Leases.RenewAsync(lease, Long * hours, Never)).ShouldBe(holds);
                    if (holds) until = now + hours;
                }
                else if (what == 3)
                {
                    await side.Leases.ReleaseAsync(lease, Never);
                    if (holds) holder = null;
                }
                else
                {
                    var commit = async () => await side.Leases.Open(lease).CommitAsync(Samples.Events(Btc, Samples.Event($"e{told}")), Never);
                    if (holds) (await commit()).ShouldBe(new CommitResult(++told, 0));
                    else await Should.ThrowAsync<LeaseLostException>(commit);
                }
            }

            var leader = await side.Leases.ReadLeaderAsync(Btc, Never);
            (leader?.Server, leader?.Epoch).ShouldBe(holder is not null && until > now ? (holder, epoch) : (null, (long?)null));
        }
    });
}
