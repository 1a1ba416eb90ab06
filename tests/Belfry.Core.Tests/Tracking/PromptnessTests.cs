using Belfry.Core.Tracking;
using Belfry.Nodes.Simnet;
using Shouldly;

namespace Belfry.Core.Tests.Tracking;

/// <summary>What can be done now is done now: nothing waits for the next signal of a node that has nothing to say, or for the audit.</summary>
public sealed class PromptnessTests
{
    [Fact]
    public void A_chain_is_live_when_the_node_has_answered_and_not_first_at_the_audit()
    {
        var world = new SimulatedWorld(1);
        world.Run(world.StartAsync);
        world.Pass(TimeSpan.FromSeconds(5));
        world.Tracker.Status.State.ShouldBe(ChainState.Live);
    }

    [Theory]
    [InlineData(-2)]
    [InlineData(2)]
    public void A_wall_clock_that_is_set_by_hours_puts_nothing_off_and_brings_nothing_forward(int hours)
    {
        var world = new SimulatedWorld(2);
        var wallet = world.Chain.Wallets[0];
        world.Run(world.StartAsync);
        foreach (var key in wallet.Keys) world.Run(() => world.WatchAsync(key.Script));
        world.Chain.Mine(2);
        world.Pass(TimeSpan.FromSeconds(5));
        world.Time.ClockOffset = TimeSpan.FromHours(hours);
        // The feed loses everything: only the audit can find the payment, and only after its interval.
        world.Node.Faults = new SimFaults { Lose = 1 };
        world.Chain.TryPay(world.Chain.Wallets[1], [new SimOutput(wallet.Keys[0].Script, 5000)]).ShouldNotBeNull();
        var told = 0L;
        world.Pass(world.Options.AuditInterval - TimeSpan.FromSeconds(10));
        world.Run(async () => told = await world.Store.Journal.ReadHeadAsync(CancellationToken.None));
        world.Pass(TimeSpan.FromSeconds(20));
        var head = 0L;
        world.Run(async () => head = await world.Store.Journal.ReadHeadAsync(CancellationToken.None));
        head.ShouldBe(told + 3, "new_transaction, new_payment and address_update");
    }
}
