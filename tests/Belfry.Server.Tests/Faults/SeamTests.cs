using Belfry.Core.Chains;
using Belfry.Nodes.Simnet;
using Belfry.Server.Tests.EndToEnd;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Server.Tests.Faults;

/// <summary>The seam between what was before a watch and what comes, while payments go on and the server is ended in the middle of reading the past.</summary>
public sealed class SeamTests
{
    const int Past = 600;
    const int Restarts = 20;
    static readonly int Kills = TestLength.Choose(4, Restarts);

    [Theory]
    [Trait("Fault", "N10")]
    [InlineData(10)]
    public async Task History_meets_the_present_without_hole_or_overlap_however_often_it_is_interrupted(int seed)
    {
        await using var chain = new FaultChain(seed);
        var bob = chain.Chain.Wallet("bob");
        for (var i = 0; i < Past; i++)
        {
            if (i % 3 == 0) chain.Chain.Pay(bob, chain.Watched[i % 2], 10_000);
            chain.Chain.Mine(1);
        }

        await using var server = BelfryProcess.Prepare();
        chain.Configure(server);
        server.Launch();
        await chain.AtTipAsync(server);
        await using var client = new ResumingClient(server.Base);
        using var enough = new CancellationTokenSource();
        var paying = PayAsync(chain, enough.Token);
        await chain.WatchAsync(server);
        var (interrupted, random) = (0, new Random(seed));
        for (var restart = 0; restart < Restarts; restart++)
        {
            if (restart % (Restarts / Kills) == 0)
            {
                await server.KillAsync();
                server.Launch();
                await Eventually.HoldsAsync(async () => (await server.GetAsync("api/v1/chains")).GetArrayLength() > 0);
            }
            else
            {
                (await server.Http.PostAsync(new Uri($"api/v1/chains/{chain.Id}/stop", UriKind.Relative), null)).EnsureSuccessStatusCode();
                (await server.Http.PostAsync(new Uri($"api/v1/chains/{chain.Id}/start", UriKind.Relative), null)).EnsureSuccessStatusCode();
            }

            // when the past has been read it is read once more: nothing of it may be told again
            using var again = new StringContent("""{"from_height":1}""", System.Text.Encoding.UTF8, "application/json");
            (await server.Http.PostAsync(new Uri($"api/v1/chains/{chain.Id}/rescan", UriKind.Relative), again)).EnsureSuccessStatusCode();
            if (await IsReadingAsync(server)) interrupted++;
            await Task.Delay(random.Next(0, 40));
        }

        await enough.CancelAsync();
        await paying;
        chain.Chain.Mine(1);
        await chain.AtTipAsync(server);
        var (_, journal) = await Belief.SettlesAsync(server, chain);
        await client.HoldsTheJournalAsync(server);
        foreach (var script in chain.Watched) OnceEach(journal, chain, script);
        TestLength.Say($"{Restarts} interruptions, {interrupted} of them seen in the middle of history; {journal.Count} events");
        interrupted.ShouldBeGreaterThan(Restarts / 2, "the past was read too fast for this test to prove anything");
    }

    /// <summary>Waits a moment for the past to be read; it may also be over before anybody looks.</summary>
    static async Task<bool> IsReadingAsync(BelfryProcess server)
    {
        for (var look = 0; look < 200; look++)
        {
            if ((await server.GetAsync("api/v1/chains"))[0].GetProperty("rescan_progress").ValueKind == System.Text.Json.JsonValueKind.Number) return true;
            await Task.Delay(5);
        }

        return false;
    }

    static void OnceEach(IReadOnlyList<Told> journal, FaultChain chain, Script script)
    {
        var address = chain.AddressOf(script);
        var told = journal.Where(one => one.Address == address && one.Kind is "new_transaction" or "new_payment" or "verified_tx").ToList();
        told.Select(static one => one.Id).ShouldBeUnique();
        foreach (var fate in chain.Chain.History(script).Where(static fate => fate.State == SimState.Confirmed && !fate.Transaction.IsCoinbase))
        {
            var story = told.Where(one => one.Transaction == fate.Transaction.Id.ToString() && one.Address == address).ToList();
            story.Count(static one => one.Kind == "new_transaction").ShouldBe(1, fate.ToString());
            story.Where(static one => one.Kind == "verified_tx").Select(static one => one.Confirmations).ShouldBeUnique();
        }
    }

    static async Task PayAsync(FaultChain chain, CancellationToken enough)
    {
        var carol = chain.Chain.Wallet("carol");
        for (var i = 0; !enough.IsCancellationRequested; i++)
        {
            chain.Chain.TryPay(carol, [new SimOutput(chain.Watched[i % 2], 10_000 + i)], new SimPayment { SpendUnconfirmed = true });
            if (i % 40 == 39) chain.Chain.Mine(1);
            await Task.Delay(10, CancellationToken.None);
        }
    }
}
