using System.Diagnostics;
using Belfry.Nodes.Simnet;
using Belfry.Server.Tests.EndToEnd;
using Shouldly;

namespace Belfry.Server.Tests.Faults;

/// <summary>Much at once: a block full of payments to watched addresses, thousands of empty blocks, blocks from the future and from the past.</summary>
public sealed class BurstTests
{
    const int Payments = 5000;
    const int Addresses = 1000;
    static readonly int Blocks = TestLength.Choose(1500, 10_000);

    [Theory]
    [Trait("Fault", "N09")]
    [InlineData(9)]
    public async Task Five_thousand_payments_in_one_block_and_thousands_of_blocks_at_once_are_all_told_in_the_order_of_the_chain(int seed)
    {
        var clock = new JumpingClock();
        await using var chain = new FaultChain(seed, clock: clock);
        var coins = chain.Split(Payments);
        await using var server = await chain.ServeAsync();
        chain.Watched = [.. Enumerable.Range(0, Addresses).Select(FaultChain.Fresh)];
        await WatchManyAsync(chain, server);
        await using var client = new ResumingClient(server.Base);

        var paid = coins.Select((coin, i) => chain.Chain.Pay(chain.Payer, chain.Watched[i % Addresses], 20_000, new SimPayment { Coins = [coin], Submit = false })).ToList();
        var block = chain.Chain.Mine(1, include: paid)[0];
        block.Transactions.Count.ShouldBe(Payments + 1);
        var (took, journal) = await Belief.SettlesAsync(server, chain);
        TestLength.Say($"{Payments} payments of one block stood in the journal after {took.TotalSeconds:F1} s");
        journal.Where(told => told.Kind == "new_transaction" && told.Height == block.Height).Select(static told => told.Transaction).Distinct()
            .ShouldBe(block.Transactions.Skip(1).Select(static transaction => transaction.Id.ToString()), "in the order of the block");

        var watch = Stopwatch.StartNew();
        chain.Chain.Mine(Blocks, empty: true);
        var mined = watch.Elapsed;
        await server.ChainAsync(chain.Id, row => row.GetProperty("height").GetInt64() == chain.Chain.Tip.Height, "at the tip", TimeSpan.FromMinutes(3));
        TestLength.Say($"{Blocks} empty blocks were worked in {(watch.Elapsed - mined).TotalSeconds:F1} s after the last was mined");

        // a miner's clock may be wrong by hours either way; order is the chain's
        foreach (var jump in new[] { 2, -3, 100, -100, 1 })
        {
            clock.Jump(TimeSpan.FromHours(jump));
            chain.Chain.Pay(chain.Chain.Wallet("carol"), chain.Watched[0], 30_000);
            chain.Chain.Mine(1);
        }

        await chain.AtTipAsync(server);
        await Belief.SettlesAsync(server, chain);
        await client.HoldsTheJournalAsync(server);
    }

    static async Task WatchManyAsync(FaultChain chain, BelfryProcess server)
    {
        var lines = string.Join('\n', chain.Watched.Select(script => $$"""{"chain":"{{chain.Id}}","address":"{{chain.AddressOf(script)}}"}"""));
        using var body = new StringContent(lines, System.Text.Encoding.UTF8, "application/x-ndjson");
        using var answer = await server.Http.PostAsync(new Uri("api/v1/watches/import", UriKind.Relative), body);
        (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(chain.Watched.Count);
    }

    sealed class JumpingClock : TimeProvider
    {
        long ticks;

        public void Jump(TimeSpan by) => Interlocked.Add(ref ticks, by.Ticks);

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref ticks));
    }
}
