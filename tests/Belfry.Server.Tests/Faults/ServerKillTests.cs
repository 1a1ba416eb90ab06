using System.Globalization;
using System.Text.RegularExpressions;
using Belfry.Server.Tests.EndToEnd;
using Belfry.TestKit;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.Faults;

/// <summary>The server dies without warning in the middle of traffic from three nodes, again and again.</summary>
public sealed partial class ServerKillTests
{
    static readonly int Kills = TestLength.Choose(20, 200);

    [Theory]
    [Trait("Fault", "F01")]
    [InlineData(1)]
    public async Task A_client_that_resumes_has_every_event_once_and_in_order_whenever_the_server_is_killed(int seed)
    {
        // above height 431 this node's chain goes on only without MWEB
        await using var lite = await LitecoindNode.StartNewAsync(new LitecoindOptions { WithoutMweb = true });
        await using var bit = await BcoinNode.StartNewAsync();
        await using var simulated = new FaultChain(seed, "doge");
        await Task.WhenAll(FundAsync(lite), bit.FundAsync());
        await using var server = BelfryProcess.Prepare(new ChainSetup(lite, ByPeer: true), new ChainSetup(bit));
        simulated.Configure(server);
        server.Launch();
        await Task.WhenAll(server.AtTipOfAsync(lite), server.AtTipOfAsync(bit), simulated.AtTipAsync(server));
        await simulated.WatchAsync(server);
        await Belief.SettlesAsync(server, simulated);
        var traffic = new NodeTraffic(seed);
        await traffic.WatchAsync(server, lite, bit);

        using var enough = new CancellationTokenSource();
        var running = Task.WhenAll(traffic.RunAsync(lite, enough.Token), traffic.RunAsync(bit, enough.Token), StepAsync(simulated, enough.Token));
        await using var client = new ResumingClient(server.Base);
        var acknowledged = await KillAsync(server, simulated, client, seed, running);
        await enough.CancelAsync();
        await running;

        await Task.WhenAll(lite.GenerateAsync(6, await lite.StrangerAddressAsync()), bit.GenerateAsync(6, await bit.StrangerAddressAsync()));
        await Task.WhenAll(server.AtTipOfAsync(lite), server.AtTipOfAsync(bit), simulated.AtTipAsync(server));
        var (_, journal) = await Belief.SettlesAsync(server, simulated);
        await client.HoldsTheJournalAsync(server);
        await traffic.ComparesAsync(server, lite, journal);
        await traffic.ComparesAsync(server, bit, journal);
        var watched = (await server.GetAsync("api/v1/watches?limit=1000")).GetProperty("watches").EnumerateArray().Select(static watch => watch.GetProperty("address").GetString()).ToList();
        acknowledged.ShouldNotBeEmpty();
        acknowledged.ShouldBeSubsetOf(watched, "a watch that was acknowledged is kept");
        TestLength.Say($"{Kills} kills, {journal.Count} events, {client.Connections} connections, {acknowledged.Count} watches acknowledged meanwhile");
    }

    /// <summary>Kills and starts, and after each start compares what the client has with the journal, and the log with both.</summary>
    static async Task<List<string>> KillAsync(BelfryProcess server, FaultChain simulated, ResumingClient client, int seed, Task traffic)
    {
        var random = new Random(seed);
        var acknowledged = new List<string>();
        long compared = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            if (traffic.IsFaulted) await traffic;
            // sometimes while it still starts, mostly in the middle of what it does
            if (kill % 4 == 3) await Task.Delay(random.Next(50, 800));
            else await client.ReachesAsync(client.Last + random.Next(1, 25), TimeSpan.FromSeconds(60));
            if (kill % 4 != 3) compared = await client.HoldsTheJournalAsync(server, compared);
            var fresh = simulated.AddressOf(simulated.Chain.AddWallet($"watched {kill}").Script);
            var watching = server.WatchAsync(simulated.Id, fresh);
            // half of them in the middle of a request, half in the moment after its acknowledgement
            await Task.WhenAny(watching, Task.Delay(kill % 2 == 0 ? 5000 : random.Next(0, 40)));
            await server.KillAsync();
            await watching.ContinueWith(static _ => { }, TaskScheduler.Default);
            if (watching.IsCompletedSuccessfully) acknowledged.Add(fresh);
            var heard = client.Last;
            server.Launch();
            if (kill % 4 == 2) continue;
            await Eventually.HoldsAsync(() => server.Output.Contains("journal at ", StringComparison.Ordinal), TimeSpan.FromSeconds(45));
            long.Parse(Opened().Match(server.Output).Groups[1].Value, CultureInfo.InvariantCulture).ShouldBeGreaterThanOrEqualTo(heard, "what was heard was durable, and the log says so");
        }

        return acknowledged;
    }

    static async Task StepAsync(FaultChain chain, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
        {
            chain.Driver.Step();
            await Task.Delay(60, CancellationToken.None);
        }
    }

    // Many small coins, so that traffic need not wait for change to confirm.
    static async Task FundAsync(LitecoindNode node)
    {
        await node.FundAsync();
        var parts = new Dictionary<string, decimal>();
        for (var i = 0; i < 20; i++) parts[await node.NewAddressAsync()] = 2m;
        await node.WalletCallAsync("sendmany", "", parts);
        await node.GenerateAsync(1);
    }

    [GeneratedRegex(@"journal at (\d+)")]
    private static partial Regex Opened();
}
