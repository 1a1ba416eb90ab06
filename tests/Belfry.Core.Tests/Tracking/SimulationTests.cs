using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Belfry.Core.Chains;
using Belfry.Core.Delivery;
using Belfry.Core.Ledger;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Simnet;
using Shouldly;

namespace Belfry.Core.Tests.Tracking;

/// <summary>Random histories of a simulated chain against the real pipeline and delivery; a failing seed is replayed by <c>BELFRY_SIMULATION_SEED=n</c>.</summary>
public sealed class SimulationTests
{
    static readonly bool Long = Environment.GetEnvironmentVariable("BELFRY_TEST_LONG") is not null;
    static readonly ulong? Replayed = ulong.TryParse(Environment.GetEnvironmentVariable("BELFRY_SIMULATION_SEED"), out var seed) ? seed : null;

    /// <summary>How many histories an ordinary run lives through; a long run goes on for the time below, with other seeds each day.</summary>
    const ulong Histories = 600;
    static readonly TimeSpan LongRun = TimeSpan.FromMinutes(30);

    [Fact]
    public void Whatever_happens_a_client_ends_up_believing_the_truth()
    {
        if (Replayed is { } only)
        {
            TestContext.Current.TestOutputHelper?.WriteLine(History(only).Trace);
            return;
        }

        var watch = Stopwatch.StartNew();
        var first = Long ? (ulong)(DateTime.Today - DateTime.UnixEpoch).Days * 1_000_000 : 1;
        var next = first - 1;
        var simulated = 0L;
        var failures = new ConcurrentQueue<string>();
        // One history is one thread; they share nothing.
        Parallel.For(0, Environment.ProcessorCount, _ =>
        {
            while (failures.IsEmpty)
            {
                var seed = Interlocked.Increment(ref next);
                if (Long ? watch.Elapsed > LongRun : seed >= first + Histories) return;
                try
                {
                    Interlocked.Add(ref simulated, History(seed).Simulated.Ticks);
                }
                catch (Exception problem)
                {
                    failures.Enqueue($"Seed {seed} fails (replay with BELFRY_SIMULATION_SEED={seed}): {problem}");
                }
            }
        });

        TestContext.Current.SendDiagnosticMessage($"{next - first} histories, {TimeSpan.FromTicks(simulated).TotalHours:F0} simulated hours in {watch.Elapsed.TotalSeconds:F0} s");
        failures.ShouldBeEmpty();
    }

    [Fact]
    public void One_seed_is_one_history()
    {
        for (ulong seed = 100; seed < 110; seed++) History(seed).Trace.ShouldBe(History(seed).Trace, $"seed {seed}");
    }

    [Fact]
    public void Ten_thousand_outputs_to_one_address_are_one_movement_and_one_balance()
    {
        var world = new SimulatedWorld(7);
        var hot = world.Chain.Wallets[0].Keys[0].Script;
        world.Run(world.StartAsync);
        world.Run(() => world.WatchAsync(hot, fromHeight: 0));
        world.AddClient([hot]);
        world.Connect();
        world.Chain.Mine(3);
        for (var round = 0; round < 3; round++)
        {
            world.Chain.TryPay(world.Chain.Wallets[1], [.. Enumerable.Repeat(new SimOutput(hot, 700), 10_000)]).ShouldNotBeNull();
            world.Pass(TimeSpan.FromSeconds(2));
            world.Chain.Mine(1);
            world.Pass(TimeSpan.FromSeconds(2));
            if (round == 1) world.Chain.Reorg(1, 2, SimBranchContent.Return);
        }

        world.Quiesce();
        Judge(world, [hot]);
    }

    internal static (string Trace, TimeSpan Simulated) History(ulong seed, Func<ILedger, JournalTail, ILedger>? ledger = null, Func<IChainSource, IChainSource>? source = null)
    {
        var chains = new[] { "btc", "ltc", "bch" };
        var random = new SeededEntropy(seed * 7919);
        var world = new SimulatedWorld(seed, chains[(int)(seed % 3)], delivery: RandomTrouble.Delivery(random)) { Sabotage = ledger ?? (Replayed is null ? null : Tell), SabotageSource = source };
        var began = world.Time.True;
        if (Replayed is not null) world.Log.Echo = TestContext.Current.TestOutputHelper;
        var watched = world.Chain.Wallets.Where(static wallet => wallet.Name is "alice" or "shop" or "miner").SelectMany(static wallet => wallet.Keys).Select(static key => key.Script).ToArray();
        if (random.Chance(0.25)) world.AddSpareNode();
        world.AddClient(null);
        world.AddClient(null);
        world.AddClient([.. watched.Take(2)]);
        world.AddClient([watched[^1]]);
        world.Run(world.StartAsync);
        // Some are watched later, when there is much to read back while everything goes on.
        var late = new Queue<Script>(watched.Where(_ => random.Chance(0.25)));
        foreach (var script in watched.Except(late)) world.Run(() => world.WatchAsync(script, fromHeight: 0));
        world.Connect();
        world.Pass(TimeSpan.FromMinutes(1));
        world.Node.Faults = RandomTrouble.Node(random);
        if (world.SpareNode is { } spare) spare.Faults = RandomTrouble.Node(random);
        var driver = new RandomHistory(world, random);
        var trouble = new RandomTrouble(world, random);
        for (var step = 0; step < 120; step++)
        {
            driver.Step();
            trouble.Strike();
            world.Pass(TimeSpan.FromMilliseconds(random.Below(random.Chance(0.1) ? 40_000 : 1500)));
            trouble.Step();
            if (late.Count > 0 && !world.Disk.IsFull && random.Chance(0.1)) world.Run(() => world.WatchAsync(late.Dequeue(), fromHeight: 0));
        }

        world.Disk.IsFull = false;
        foreach (var script in late) world.Run(() => world.WatchAsync(script, fromHeight: 0));
        world.Quiesce();
        if (Replayed is not null) TestContext.Current.TestOutputHelper?.WriteLine($"{world.Node.Faults}\n{world.Log}");
        world.Log.Doubles.ShouldBeEmpty();
        world.Log.Failures.Where(static line => !line.Contains("the store is closed", StringComparison.Ordinal)).ShouldBeEmpty();
        return (Judge(world, watched), world.Time.True - began);
    }

    // For who replays a seed: every event as it is committed.
    static ILedger Tell(ILedger ledger, JournalTail tail) => new ChangedLedger(ledger, (batch, commit) =>
    {
        foreach (var told in batch.Events) TestContext.Current.TestOutputHelper?.WriteLine($"  {told.Id} {Encoding.UTF8.GetString(told.Data.Span)}");
        return commit(batch);
    });

    static string Judge(SimulatedWorld world, IReadOnlyList<Script> watched)
    {
        var codec = new BitcoinAddressCodec(BitcoinNetworks.Find(world.Profile.Id, "regtest"));
        var oracle = new JournalOracle();
        using var trace = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        world.Run(async () =>
        {
            var page = await world.Store.Journal.ReadAsync(0, int.MaxValue, null, CancellationToken.None);
            oracle.Read(page.Entries);
            oracle.CompareBlocks(world.Chain);
            foreach (var script in watched)
            {
                oracle.Compare(world.Chain, script, codec.Write(script.Span) ?? $"script:{script}");
                var view = await world.Store.Reader.ReadAddressAsync(world.Profile.Id, script, CancellationToken.None);
                view.Balance.ShouldBe(world.Chain.BalanceOf(script), "the ledger's balance");
            }

            foreach (var client in world.Clients) client.Compare(page.Entries);
            foreach (var entry in page.Entries) trace.AppendData(entry.Event.Data.Span);
        });
        return $"{oracle.Events} events {Convert.ToHexStringLower(trace.GetCurrentHash())[..16]}";
    }
}
