using Belfry.Core.Chains;
using Belfry.Nodes.Simnet;
using Shouldly;

namespace Belfry.Core.Tests.Tracking;

/// <summary>A watch that comes when something waits already.</summary>
public sealed class NewWatchTests
{
    [Fact]
    public void A_new_watch_hears_of_a_waiting_transaction_that_another_watch_knows_already()
    {
        var world = new SimulatedWorld(3);
        world.Run(world.StartAsync);
        var (first, second) = (world.Chain.Wallet("alice").Script, world.Chain.Wallet("shop").Script);
        world.Run(() => world.WatchAsync(first));
        world.Pass(TimeSpan.FromSeconds(2));
        world.Chain.Pay(world.Chain.Wallet("bob"), [new SimOutput(first, 1_000_000), new SimOutput(second, 2_000_000)]);
        world.Pass(TimeSpan.FromSeconds(2));
        world.Run(() => world.WatchAsync(second));
        world.Pass(TimeSpan.FromSeconds(2));
        foreach (var script in new[] { first, second })
            world.Run(async () => (await world.Store.Reader.ReadAddressAsync(world.Profile.Id, script, CancellationToken.None)).Balance.Unconfirmed.ShouldBe(script.Equals(first) ? new Amount(1_000_000) : new Amount(2_000_000)));
    }
}
