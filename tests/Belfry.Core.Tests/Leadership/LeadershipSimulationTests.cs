using Belfry.Core.Chains;
using Belfry.Core.Leadership;
using Belfry.Core.Tests.Tracking;
using Belfry.Core.Tracking;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Simnet;
using Shouldly;

namespace Belfry.Core.Tests.Leadership;

/// <summary>Several servers that follow a chain together, killed, frozen and cut off at any step: the journal is as if one server had never been disturbed.</summary>
public sealed class LeadershipSimulationTests
{
    static readonly bool Long = Environment.GetEnvironmentVariable("BELFRY_TEST_LONG") is not null;
    static readonly ulong? Replayed = ulong.TryParse(Environment.GetEnvironmentVariable("BELFRY_SIMULATION_SEED"), out var seed) ? seed : null;

    [Fact]
    public void Whatever_becomes_of_the_servers_the_journal_tells_the_truth_once()
    {
        if (Replayed is { } only)
        {
            History(only);
            return;
        }

        var failures = new System.Collections.Concurrent.ConcurrentQueue<string>();
        Parallel.For(1, Long ? 2000 : 80, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, number =>
        {
            if (!failures.IsEmpty) return;
            try
            {
                History((ulong)number);
            }
            catch (Exception problem)
            {
                failures.Enqueue($"Seed {number} fails (replay with BELFRY_SIMULATION_SEED={number}): {problem}");
            }
        });
        failures.ShouldBeEmpty();
    }

    const ulong Most = 300;

    [Theory]
    [InlineData(LeadershipBug.UnfencedCommits)]
    [InlineData(LeadershipBug.EverythingAcknowledged)]
    [InlineData(LeadershipBug.DeafLeader)]
    public void A_planted_bug_is_found(object planted)
    {
        for (ulong seed = 1; seed <= Most; seed++)
        {
            try
            {
                History(seed, (LeadershipBug)planted);
            }
            catch (Exception problem) when (problem is ShouldAssertException or InvalidOperationException)
            {
                TestContext.Current.SendDiagnosticMessage($"{planted}: found by seed {seed}");
                return;
            }
        }

        Assert.Fail($"{planted} was not found in {Most} histories");
    }

    [Fact]
    public void A_dead_leader_is_followed_by_another_within_ten_seconds()
    {
        var world = new SimulatedWorld(11);
        var servers = new SimulatedServers(world, 11, 3);
        world.Pass(TimeSpan.FromSeconds(5));
        var worst = TimeSpan.Zero;
        for (var round = 0; round < 30; round++)
        {
            var leader = servers.Leader.ShouldNotBeNull();
            servers.Replace(leader);
            world.Chain.Mine(1);
            var died = world.Time.True;
            world.Scheduler.RunUntil(() => servers.Members.Any(member => member.Chain.Leads && member.Chain.Status.Tip?.Hash == world.Chain.Tip.Hash), world.Time.True + TimeSpan.FromMinutes(1)).ShouldBeTrue();
            worst = world.Time.True - died > worst ? world.Time.True - died : worst;
            world.Pass(TimeSpan.FromSeconds(3));
        }

        worst.ShouldBeLessThan(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void A_leader_that_stops_in_good_order_is_followed_at_once()
    {
        var world = new SimulatedWorld(12);
        var servers = new SimulatedServers(world, 12, 2);
        world.Pass(TimeSpan.FromSeconds(5));
        var leader = servers.Leader.ShouldNotBeNull();
        world.Run(async () => await leader.Chain.StopAsync(CancellationToken.None));
        leader.Chain.Status.State.ShouldBe(ChainState.Stopped);
        world.Pass(TimeSpan.FromSeconds(2.5));
        servers.Leader.ShouldNotBeNull().ShouldNotBe(leader);
    }

    [Fact]
    public void A_follower_knows_the_chain_from_the_store_and_says_who_leads()
    {
        var world = new SimulatedWorld(13);
        var servers = new SimulatedServers(world, 13, 2);
        world.Pass(TimeSpan.FromSeconds(5));
        world.Chain.Mine(2);
        world.Pass(TimeSpan.FromSeconds(5));
        var leader = servers.Leader.ShouldNotBeNull();
        var follower = servers.Members.Single(member => member != leader);
        follower.Chain.Leads.ShouldBeFalse();
        follower.Chain.Status.State.ShouldBe(ChainState.Live);
        follower.Chain.Status.Tip!.Value.Hash.ShouldBe(world.Chain.Tip.Hash);
        follower.Chain.Status.Endpoint.ShouldBe($"led by {leader.Name}");
        Should.Throw<NotLeaderException>(() => follower.Chain.RescanAsync(1, CancellationToken.None).AsTask()).Leader.ShouldBe(leader.Name);
    }

    static void History(ulong seed, LeadershipBug bug = LeadershipBug.None)
    {
        var world = new SimulatedWorld(seed);
        if (Replayed is not null) world.Log.Echo = TestContext.Current.TestOutputHelper;
        var random = new SeededEntropy(seed * 104_729);
        var codec = new BitcoinAddressCodec(BitcoinNetworks.Find(world.Profile.Id, "regtest"));
        string AddressOf(Script script) => codec.Write(script.Span) ?? $"script:{script}";
        var servers = new SimulatedServers(world, seed, 3, bug);
        var watched = world.Chain.Wallets.Where(static wallet => wallet.Name is "alice" or "shop").SelectMany(static wallet => wallet.Keys).Select(static key => key.Script).ToList();
        var late = new Queue<Script>(watched.Where(_ => random.Chance(0.4)));
        foreach (var script in watched.Except(late)) world.Run(() => servers.WatchAsync(servers.Members[0], script, AddressOf(script), fromHeight: 0));
        world.Pass(TimeSpan.FromSeconds(20));
        var driver = new RandomHistory(world, random);
        var unsure = new HashSet<Script>(late);
        var fresh = 0;
        for (var step = 0; step < 60; step++)
        {
            driver.Step();
            Trouble(servers, random);
            world.Pass(TimeSpan.FromMilliseconds(random.Below(random.Chance(0.1) ? 15_000 : 1500)));
            if (!random.Chance(0.15)) continue;
            var through = random.Pick(servers.Members);
            var isNew = late.Count == 0 || random.Chance(0.5);
            var script = isNew ? new Script([0x00, 0x14, .. new SeededEntropy(seed + 7777 + (ulong)++fresh).Bytes(20)]) : late.Dequeue();
            _ = world.Scheduler.Start(() => WatchAndPayAsync(through, script, isNew));
            if (isNew) watched.Add(script);
        }

        foreach (var member in servers.Members) (member.Line.IsCut, member.Line.Latency) = (false, TimeSpan.FromMilliseconds(5));
        foreach (var member in servers.Members) member.Line.Thaw();
        world.Pass(TimeSpan.FromMinutes(1));
        foreach (var script in unsure.ToList()) world.Run(() => servers.WatchAsync(servers.Members[0], script, AddressOf(script), fromHeight: 0));
        Settle(world, servers);
        Judge(world, servers, watched, AddressOf);

        // What is paid to an address from the moment on at which its watch is said to be effective is told; before it, it need not be.
        async Task WatchAndPayAsync(SimulatedServers.Member through, Script script, bool isNew)
        {
            try
            {
                await servers.WatchAsync(through, script, AddressOf(script), isNew ? null : 0);
                unsure.Remove(script);
            }
            catch (Core.Runtime.BelfryException)
            {
                // Not stored, or not taken in yet, and said so.
                return;
            }

            if (!isNew) return;
            world.Chain.TryPay(random.Pick(world.Chain.Wallets), [new SimOutput(script, 5000 + random.Below(1_000_000))], new SimPayment { SpendUnconfirmed = true });
            // From the mempool it would be found later too; a block that a leader has read is not read again.
            if (random.Chance(0.7)) world.Chain.Mine(1);
        }
    }

    static void Trouble(SimulatedServers servers, SeededEntropy random)
    {
        var victim = random.Pick(servers.Members);
        var dice = random.Below(100);
        if (dice < 6) servers.Replace(servers.Leader is { } leader && random.Chance(0.6) ? leader : victim);
        else if (dice < 16) (servers.Leader is { } first && random.Chance(0.6) ? first : victim).Line.Freeze();
        else if (dice < 34) victim.Line.Thaw();
        else if (dice < 42) victim.Line.IsCut = true;
        else if (dice < 60) victim.Line.IsCut = false;
        else if (dice < 64) victim.Line.Latency = TimeSpan.FromMilliseconds(random.Below(800));
    }

    static void Settle(SimulatedWorld world, SimulatedServers servers)
    {
        world.Node.Restart(forgetMempool: false);
        world.Pass((world.Options.AuditInterval * 3) + world.Options.RestartGrace + TimeSpan.FromMinutes(3));
        world.Scheduler.RunUntil(
            () => servers.Members.Any(member => member.Chain.Leads && member.Chain.Status.State == ChainState.Live && member.Chain.Status.Tip?.Hash == world.Chain.Tip.Hash && member.Chain.Status.RescanProgress is null),
            world.Time.True + TimeSpan.FromMinutes(10)).ShouldBeTrue($"nobody leads to the tip {world.Chain.Tip}: {string.Join("; ", servers.Members.Select(member => $"{member.Name} {member.Chain.Status}"))}\n{world.Log}");
        world.Pass(world.Options.AuditInterval * 3);
        servers.Members.Count(static member => member.Chain.Leads).ShouldBe(1, "one leads");
    }

    static void Judge(SimulatedWorld world, SimulatedServers servers, IReadOnlyList<Script> watched, Func<Script, string> addressOf) => world.Run(async () =>
    {
        var oracle = new JournalOracle();
        oracle.Read((await servers.Store.Journal.ReadAsync(0, int.MaxValue, null, CancellationToken.None)).Entries);
        oracle.CompareBlocks(world.Chain);
        foreach (var script in watched)
        {
            oracle.Compare(world.Chain, script, addressOf(script));
            (await servers.Store.Reader.ReadAddressAsync(world.Profile.Id, script, CancellationToken.None)).Balance.ShouldBe(world.Chain.BalanceOf(script), "the ledger's balance");
        }

        world.Log.Doubles.ShouldBeEmpty();
    });
}
