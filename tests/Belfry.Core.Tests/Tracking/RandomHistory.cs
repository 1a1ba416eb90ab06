using Belfry.Core.Chains;
using Belfry.Nodes.Simnet;

namespace Belfry.Core.Tests.Tracking;

/// <summary>Does one random thing to a simulated chain or its node at a time.</summary>
sealed class RandomHistory(SimulatedWorld world, SeededEntropy random)
{
    readonly List<TxHash> recent = [];

    SimulatedChain Chain => world.Chain;

    public void Step()
    {
        var dice = random.Below(100);
        if (Environment.GetEnvironmentVariable("BELFRY_SIMULATION_SEED") is not null) world.Log.Log(default, default, $"{world.Time.True:HH:mm:ss.fff} dice {dice} tip {Chain.Tip.Height} pool {string.Join(',', Chain.Mempool.Select(t => t.Id.ToString()[..6]))}", null, static (state, _) => state);
        if (dice < 45) Pay();
        else if (dice < 65) Chain.Mine(random.Chance(0.1) ? 1 + random.Below(8) : 1, random.Chance(0.3) ? random.Pick(Chain.Wallets).Script : null, empty: random.Chance(0.15));
        else if (dice < 75) Recent(id => Chain.Replace(id, random.Chance(0.5)));
        else if (dice < 79) Recent(id => Chain.DoubleSpend(id, random.Chance(0.3)));
        else if (dice < 83) Recent(id => Chain.Evict(id));
        else if (dice < 84) Chain.Expire(TimeSpan.FromMinutes(random.Below(10)));
        else if (dice < 92) Reorg();
        else if (dice < 95) world.Node.Restart(random.Below(6), random.Chance(0.5));
        else if (dice < 98) world.Node.CatchUp();
        else Invalidate();
    }

    void Pay()
    {
        var from = random.Pick(Chain.Wallets);
        var outputs = Enumerable.Range(0, random.Chance(0.1) ? 5 : 1)
            .Select(_ => new SimOutput(random.Pick(random.Pick(Chain.Wallets).Keys).Script, 1000 + random.Below(50_000_000))).ToArray();
        var paid = Chain.TryPay(from, outputs, new SimPayment { SpendUnconfirmed = random.Chance(0.5), FeeRate = 1 + random.Below(20) });
        if (paid is not null) recent.Add(paid.Id);
    }

    void Recent(Action<TxHash> action)
    {
        if (recent.Count == 0) return;
        action(recent[^(1 + random.Below(Math.Min(recent.Count, 12)))]);
    }

    void Reorg()
    {
        var depth = random.Chance(0.1) ? 1 + random.Below(15) : 1 + random.Below(3);
        if (Chain.Tip.Height <= depth + 2) return;
        Chain.Reorg(depth, Math.Max(1, depth + random.Below(3) - 1), random.Pick(Enum.GetValues<SimBranchContent>()));
    }

    void Invalidate()
    {
        var block = Chain.BlockAt(Math.Max(1, Chain.Tip.Height - random.Below(3)))!;
        Chain.Invalidate(block.Hash);
    }
}
