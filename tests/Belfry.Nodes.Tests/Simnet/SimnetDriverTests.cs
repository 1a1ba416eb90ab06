using Belfry.Nodes.Simnet;
using Belfry.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;

namespace Belfry.Nodes.Tests.Simnet;

public sealed class SimnetDriverTests
{
    [Theory]
    [InlineData("btc")]
    [InlineData("bch")]
    public void Hours_of_traffic_show_everything_that_can_happen_and_stay_small(string name)
    {
        var clock = new ManualClock();
        var chain = new SimulatedChain(SimnetSettings.For(SimnetHistory.Profile(name)), new SeededEntropy(4), clock);
        chain.Fund(2);
        var (entered, depth, deepest) = (0, 0, 0);
        var departures = new HashSet<SimDeparture>();
        using var subscription = chain.Subscribe(change =>
        {
            if (change is SimChange.Entered) entered++;
            if (change is SimChange.Left left) departures.Add(left.Why);
            if (change is SimChange.Disconnected) deepest = Math.Max(deepest, ++depth);
            if (change is SimChange.Connected) depth = 0;
        });
        var driver = new SimnetDriver(chain, new SeededEntropy(5), clock, new SimnetTraffic { KeepBlocks = 50 }, NullLogger.Instance);
        for (var step = 0; step < 3000; step++)
        {
            clock.Advance(TimeSpan.FromMilliseconds(700));
            driver.Step();
        }

        entered.ShouldBeGreaterThan(2500);
        deepest.ShouldBe(3);
        departures.ShouldContain(SimDeparture.Evicted);
        departures.ShouldContain(SimDeparture.Conflicted);
        if (chain.Settings.Replaceable) departures.ShouldContain(SimDeparture.Replaced);
        chain.Mempool.Count.ShouldBeLessThan(200);
        chain.BlockAt(1)!.Transactions.ShouldBeEmpty();
        chain.Coins.Sum(coin => coin.Value).ShouldBe(chain.BestChain.Sum(block => chain.SubsidyAt(block.Height)));
    }

    [Fact]
    public async Task The_live_loop_steps_with_the_clock_and_ends_when_cancelled()
    {
        var clock = new ManualClock();
        var chain = new SimulatedChain(SimnetSettings.For(SimnetHistory.Profile()), new SeededEntropy(4), clock);
        chain.Fund();
        using var stop = new CancellationTokenSource();
        var running = new SimnetDriver(chain, new SeededEntropy(5), clock, new SimnetTraffic(), NullLogger.Instance).RunAsync(stop.Token);
        await Eventually.HoldsAsync(() =>
        {
            clock.Advance(TimeSpan.FromMilliseconds(700));
            return chain.Mempool.Count > 2;
        });
        await stop.CancelAsync();
        await running;
    }
}
