using Belfry.Core.Chains;
using Belfry.Core.Listeners;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;

namespace Belfry.Contracts;

/// <summary>What every adapter of <see cref="IActiveAddresses"/> keeps.</summary>
public abstract class ActiveAddressesContract
{
    static readonly ChainId Bch = new("bch");
    static readonly ChainId Btc = new("btc");
    static readonly Script Alice = new([1, 2, 3]);
    static readonly Script Bob = new([4, 5, 6]);

    /// <summary>An empty one.</summary>
    protected abstract IActiveAddresses Create();

    [Fact]
    public async Task A01_the_first_listener_makes_an_address_active()
    {
        var active = Create();
        active.IsActive(Bch, Alice).ShouldBeFalse();
        (await active.AddAsync(Bch, Alice, "alice", CancellationToken.None)).ShouldBe(1);
        active.IsActive(Bch, Alice).ShouldBeTrue();
        active.IsActive(Bch, Bob).ShouldBeFalse();
    }

    [Fact]
    public async Task A02_the_last_listener_gone_frees_the_address()
    {
        var active = Create();
        (await active.AddAsync(Bch, Alice, "alice", CancellationToken.None)).ShouldBe(1);
        (await active.AddAsync(Bch, Alice, "alice", CancellationToken.None)).ShouldBe(2);
        (await active.RemoveAsync(Bch, Alice, CancellationToken.None)).ShouldBe(1);
        active.IsActive(Bch, Alice).ShouldBeTrue();
        (await active.RemoveAsync(Bch, Alice, CancellationToken.None)).ShouldBe(0);
        active.IsActive(Bch, Alice).ShouldBeFalse();
        (await active.ReadAllAsync(Bch, CancellationToken.None)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A03_a_count_never_falls_below_zero()
    {
        var active = Create();
        (await active.RemoveAsync(Bch, Alice, CancellationToken.None)).ShouldBe(0);
        (await active.AddAsync(Bch, Alice, "alice", CancellationToken.None)).ShouldBe(1);
    }

    [Fact]
    public async Task A04_chains_share_nothing()
    {
        var active = Create();
        await active.AddAsync(Bch, Alice, "alice", CancellationToken.None);
        active.IsActive(Btc, Alice).ShouldBeFalse();
        (await active.ReadStatsAsync(Btc, CancellationToken.None)).ShouldBe(default);
    }

    [Fact]
    public async Task A05_clean_up_leaves_living_connections_alone()
    {
        var active = Create();
        await active.AddAsync(Bch, Alice, "alice", CancellationToken.None);
        (await active.CleanUpAsync(Bch, CancellationToken.None)).ShouldBe(0);
        active.IsActive(Bch, Alice).ShouldBeTrue();
    }

    [Fact]
    public void A06_any_history_counts_like_a_plain_dictionary() =>
        Prop.ForAll(ArbMap.Default.ArbFor<(byte Script, bool Adds)[]>(), history =>
        {
#pragma warning disable VSTHRD002 // FsCheck's properties are synchronous
            var (active, model) = (Create(), new Dictionary<string, long>());
            foreach (var (number, adds) in history)
            {
                var (script, name) = (new Script([(byte)(number % 5)]), $"address {number % 5}");
                var expected = Math.Max(0, model.GetValueOrDefault(name) + (adds ? 1 : -1));
                if (expected == 0) model.Remove(name);
                else model[name] = expected;
                var call = adds ? active.AddAsync(Bch, script, name, CancellationToken.None) : active.RemoveAsync(Bch, script, CancellationToken.None);
                call.AsTask().GetAwaiter().GetResult().ShouldBe(expected);
                active.IsActive(Bch, script).ShouldBe(expected > 0);
            }

            active.ReadAllAsync(Bch, CancellationToken.None).AsTask().GetAwaiter().GetResult().ShouldBe(model, ignoreOrder: true);
            active.ReadStatsAsync(Bch, CancellationToken.None).AsTask().GetAwaiter().GetResult().ShouldBe(new ActiveAddressStats(model.Count, model.Values.Sum()));
#pragma warning restore VSTHRD002
        }).QuickCheckThrowOnFailure();
}
