using Belfry.Core.Tracking;
using Shouldly;

namespace Belfry.Core.Tests.Tracking;

/// <summary>What can be done now is done now: nothing waits for the next signal of a node that has nothing to say, or for the audit.</summary>
public sealed class PromptnessTests
{
    [Fact]
    public void A_chain_is_live_when_the_node_has_answered_and_not_first_at_the_audit()
    {
        using var world = new SimulatedWorld(1);
        world.Run(world.StartAsync);
        world.Pass(TimeSpan.FromSeconds(5));
        world.Tracker.Status.State.ShouldBe(ChainState.Live);
    }
}
