using Belfry.Core.Chains;
using Belfry.Nodes.Simnet;
using Belfry.TestKit;

namespace Belfry.Nodes.Tests.Simnet;

/// <summary>Random histories of a simulated chain, repeatable by seed.</summary>
static class SimnetHistory
{
    public static ChainProfile Profile(string chain = "btc") =>
        new(new ChainId(chain), chain.ToUpperInvariant(), 8, "simnet", 10, TimeSpan.FromMinutes(10));

    public static SimulatedChain Start(int seed, string chain = "btc")
    {
        var simulated = new SimulatedChain(SimnetSettings.For(Profile(chain)), new SeededEntropy((ulong)seed), new ManualClock());
        foreach (var wallet in simulated.Wallets) wallet.AddEachKind();
        simulated.Fund();
        return simulated;
    }

    /// <summary>Does one of everything that can happen, chosen by <paramref name="dice"/>.</summary>
    public static void Step(SimulatedChain chain, SeededEntropy dice)
    {
        var waiting = chain.Mempool;
        var from = Pick(dice, chain.Wallets);
        var to = Pick(dice, Pick(dice, chain.Wallets).Keys).Script;
        switch ((int)(dice.NextDouble() * 12))
        {
            case 0 or 1 or 2 or 3:
                chain.TryPay(from, [new SimOutput(to, 1000 + (long)(dice.NextDouble() * 1_0000_0000))]);
                break;
            case 4 or 5:
                chain.TryPay(from, [new SimOutput(to, 5000), new SimOutput(to, 6000), new SimOutput(new Script([0x6a, 1, 7]), 0)], new SimPayment { SpendUnconfirmed = true, FeeRate = 5 });
                break;
            case 6 when waiting.Count > 0:
                chain.Replace(Pick(dice, waiting).Id, paysYou: dice.NextDouble() < 0.5);
                break;
            case 7 when waiting.Count > 0:
                chain.DoubleSpend(Pick(dice, waiting).Id);
                break;
            case 8 when waiting.Count > 0:
                chain.Evict(Pick(dice, waiting).Id);
                break;
            case 9:
                var depth = 1 + (int)(dice.NextDouble() * 5);
                chain.Reorg(depth, 1 + (int)(dice.NextDouble() * (depth + 1)), (SimBranchContent)(int)(dice.NextDouble() * 3), rewardTo: to);
                break;
            case 10:
                var refused = chain.BlockAt(chain.Tip.Height - 1)!;
                chain.Invalidate(refused.Hash);
                if (dice.NextDouble() < 0.5) chain.Mine();
                chain.Reconsider(refused.Hash);
                break;
            default:
                chain.Mine(1 + (int)(dice.NextDouble() * 2), to);
                break;
        }
    }

    static T Pick<T>(SeededEntropy dice, IReadOnlyList<T> items) => items[(int)(dice.NextDouble() * items.Count)];
}
