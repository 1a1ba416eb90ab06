using System.Diagnostics;
using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Simnet;
using Shouldly;

namespace Belfry.Core.Tests.Tracking;

/// <summary>Random histories of a simulated chain against the real pipeline; a failing seed is replayed by <c>BELFRY_SIMULATION_SEED=n</c>.</summary>
public sealed class SimulationTests
{
    static readonly bool Long = Environment.GetEnvironmentVariable("BELFRY_TEST_LONG") is not null;
    static readonly ulong? Replayed = ulong.TryParse(Environment.GetEnvironmentVariable("BELFRY_SIMULATION_SEED"), out var seed) ? seed : null;

    /// <summary>How many histories an ordinary run lives through; a long run goes on for the time below.</summary>
    const ulong Histories = 150;
    static readonly TimeSpan LongRun = TimeSpan.FromMinutes(20);

    [Fact]
    public void Whatever_happens_a_client_ends_up_believing_the_truth()
    {
        var first = Replayed ?? 1;
        var watch = Stopwatch.StartNew();
        var seed = first;
        for (; Replayed is not null ? seed == first : Long ? watch.Elapsed < LongRun : seed <= Histories; seed++)
        {
            try
            {
                History(seed);
            }
            catch (Exception problem)
            {
                throw new InvalidOperationException($"Seed {seed} fails (replay with BELFRY_SIMULATION_SEED={seed}): {problem.Message}", problem);
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{seed - first} histories in {watch.Elapsed.TotalSeconds:F0} s");
    }

    [Fact]
    public void One_seed_is_one_history()
    {
        for (ulong seed = 100; seed < 105; seed++) History(seed).ShouldBe(History(seed), $"seed {seed}");
    }

    static string History(ulong seed)
    {
        var chains = new[] { "btc", "ltc", "bch" };
        using var world = new SimulatedWorld(seed, chains[(int)(seed % 3)]);
        if (Replayed is not null) world.Log.Echo = TestContext.Current.TestOutputHelper;
        var random = new SeededEntropy(seed * 7919);
        var watched = world.Chain.Wallets.Where(static wallet => wallet.Name is "alice" or "shop" or "miner").SelectMany(static wallet => wallet.Keys).Select(static key => key.Script).ToArray();
        // Half of them from the beginning of the chain, half from now on: those have no past that could be missing when watched before the first coin.
        world.Run(world.StartAsync);
        foreach (var script in watched) world.Run(() => world.WatchAsync(script, fromHeight: 0));
        world.Pass(TimeSpan.FromMinutes(1));
        world.Node.Faults = Faults(random);
        var driver = new RandomHistory(world, random);
        for (var step = 0; step < 120; step++)
        {
            driver.Step();
            world.Pass(TimeSpan.FromMilliseconds(random.Below(random.Chance(0.1) ? 40_000 : 1500)));
            if (random.Chance(0.01)) world.Run(world.CrashAsync);
        }

        world.Quiesce();
        if (Replayed is not null) TestContext.Current.TestOutputHelper?.WriteLine($"{world.Node.Faults}\n{world.Log}");
        world.Log.Failures.Where(static line => !line.Contains("the store is closed", StringComparison.Ordinal)).ShouldBeEmpty();
        return Judge(world, watched);
    }

    static SimFaults Faults(SeededEntropy random) => random.Chance(0.4)
        ? new SimFaults { HideDepartures = random.Chance(0.5) }
        : new SimFaults
        {
            Lose = random.Chance(0.5) ? 0.1 : 0,
            Duplicate = random.Chance(0.5) ? 0.1 : 0,
            Reorder = random.Chance(0.5) ? 0.1 : 0,
            Refuse = random.Chance(0.3) ? 0.03 : 0,
            AnnounceOnly = random.Chance(0.3),
            HideDepartures = random.Chance(0.3),
            RepeatBlockTransactions = random.Chance(0.5),
            NoPrevouts = random.Chance(0.3),
            HeadersFirst = random.Chance(0.5),
        };

    static string Judge(SimulatedWorld world, IReadOnlyList<Script> watched)
    {
        var codec = new BitcoinAddressCodec(BitcoinNetworks.Find(world.Profile.Id, "regtest"));
        var oracle = new JournalOracle();
        var trace = new HashCode();
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

            foreach (var entry in page.Entries) trace.AddBytes(entry.Event.Data.Span);
        });
        return $"{oracle.Events} events {trace.ToHashCode():x8}";
    }
}
