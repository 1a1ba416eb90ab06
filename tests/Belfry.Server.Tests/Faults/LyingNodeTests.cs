using Belfry.Nodes.Simnet;
using Belfry.Server.Tests.EndToEnd;
using Belfry.TestKit;
using Belfry.TestKit.Faults;
using Shouldly;

namespace Belfry.Server.Tests.Faults;

/// <summary>A node that answers nonsense, in every way that is known here: nothing of it becomes an event, and the truth is told as soon as it answers right again.</summary>
public sealed class LyingNodeTests
{
    [Theory]
    [Trait("Fault", "N08")]
    [InlineData(8)]
    public async Task No_wrong_answer_of_a_node_becomes_an_event(int seed)
    {
        await using var chain = new FaultChain(seed);
        await using var server = await chain.ServeAsync();
        await using var client = new ResumingClient(server.Base);
        foreach (var fault in Enum.GetValues<ReplyFault>()) await LieAsync(chain, server, [fault], 0.3, seed + (int)fault);
        await LieAsync(chain, server, Enum.GetValues<ReplyFault>(), 0.15, seed);
        var (_, journal) = await Belief.SettlesAsync(server, chain);
        await client.HoldsTheJournalAsync(server);
        journal.Count.ShouldBeGreaterThan(100);
        server.Output.ShouldNotContain("the pipeline failed");
    }

    static async Task LieAsync(FaultChain chain, BelfryProcess server, IReadOnlyList<ReplyFault> faults, double chance, int seed)
    {
        var spoiler = new ReplySpoiler(faults, chance, seed);
        chain.Node.Spoiler = spoiler;
        var wanted = faults.Count == 1 ? 3 : 20;
        try
        {
            await Eventually.HoldsAsync(async () =>
            {
                chain.Driver.Step();
                // several at once, so that there is something to ask for by the batch
                for (var i = 0; i < 6; i++) chain.Chain.TryPay(chain.Chain.Wallet("carol"), [new SimOutput(chain.Watched[i % 2], 20_000)], new SimPayment { SpendUnconfirmed = true });
                await Task.Delay(60);
                return spoiler.Done.Values.Sum() >= wanted;
            });
        }
        catch (TimeoutException never)
        {
            throw new TimeoutException($"{string.Join(", ", faults)} did not come to pass: this test proves nothing", never);
        }

        chain.Node.Spoiler = null;
        var (took, _) = await Belief.SettlesAsync(server, chain);
        TestLength.Say($"{(faults.Count == 1 ? faults[0] : "all")}: {string.Join(", ", spoiler.Done)}; the truth stood {took.TotalMilliseconds:F0} ms after the last lie");
    }
}
