using Belfry.Nodes.Simnet;
using Belfry.Server.Tests.EndToEnd;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Server.Tests.Faults;

/// <summary>The machine's clocks jump under the running server (libfaketime): the wall clock alone, and both as after a suspended virtual machine.</summary>
public sealed class ClockFaultTests : IDisposable
{
    const string Library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
    static readonly SimnetTraffic Calm = new() { KeepBlocks = 100_000, Steal = 0, Bump = 0, Evict = 0, Reorg = 0, DoubleSpend = 0 };
    readonly string clock = Path.GetTempFileName();

    public void Dispose() => File.Delete(clock);

    [Theory]
    [Trait("Fault", "T01")]
    [InlineData(1)]
    public async Task Whatever_the_wall_clock_shows_nothing_is_lost_told_twice_late_or_out_of_order(int seed)
    {
        await using var chain = new FaultChain(seed, traffic: Calm);
        await using var server = await ServeAsync(chain, wallClockOnly: true);
        await using var client = new ResumingClient(server.Base);
        // an hour forth, two back, before a leap second, in the hour that summer time repeats, past the end of 32 bits, and home again
        foreach (var time in new[] { "+3600", "-7200", "@2016-12-31 23:59:58", "@2026-10-25 02:59:58", "@2038-01-19 03:14:05", "+0" })
        {
            await File.WriteAllTextAsync(clock, time, TestContext.Current.CancellationToken);
            await StepAsync(chain, 15);
            // what leaves the mempool is told as dropped half a second later, not two hours
            var paid = chain.Chain.Pay(chain.Chain.Wallet("bob"), chain.Watched[0], 700_000);
            await HeardAsync(server, "new_payment", paid.Id.ToString(), time);
            chain.Chain.Evict(paid.Id).ShouldBeTrue();
            await HeardAsync(server, "transaction_dropped", paid.Id.ToString(), time);
            await Belief.SettlesAsync(server, chain, TestLength.Within(10));
        }

        await client.HoldsTheJournalAsync(server);
        (await server.JournalAsync()).Count(static told => told.Kind == "transaction_dropped").ShouldBe(6);
        client.Connections.ShouldBe(1, "a jump of the wall clock cuts nobody");
    }

    [Theory]
    [Trait("Fault", "T02")]
    [InlineData(2)]
    public async Task An_hour_that_never_was_loses_nothing_and_takes_nothing_for_expired(int seed)
    {
        await using var chain = new FaultChain(seed, traffic: Calm);
        await using var server = await ServeAsync(chain, wallClockOnly: false);
        await using var client = new ResumingClient(server.Base);
        foreach (var hours in new[] { 1, 2, 26 })
        {
            await StepAsync(chain, 15);
            await File.WriteAllTextAsync(clock, $"+{hours * 3600}", TestContext.Current.CancellationToken);
            await StepAsync(chain, 15);
            await Belief.SettlesAsync(server, chain, TestLength.Within(20));
        }

        await client.HoldsTheJournalAsync(server);
        var times = (await server.JournalAsync()).ConvertAll(static told => told.Envelope.GetProperty("timestamp").GetDouble());
        (times[^1] - times[0]).ShouldBeGreaterThan(26 * 3600, "the clock never jumped: this test proves nothing");
        (await server.JournalAsync()).Select(static told => told.Kind).Intersect(["transaction_dropped", "transaction_replaced", "transaction_reorged", "block_disconnected"]).ShouldBeEmpty();
        TestLength.Say($"{client.Connections} connections");
    }

    async Task<BelfryProcess> ServeAsync(FaultChain chain, bool wallClockOnly)
    {
        Assert.SkipUnless(File.Exists(Library), $"libfaketime is not at {Library}: clocks cannot be made to jump.");
        await File.WriteAllTextAsync(clock, "+0");
        return await chain.ServeAsync(server =>
        {
            server.Environment["LD_PRELOAD"] = Library;
            server.Environment["FAKETIME_TIMESTAMP_FILE"] = clock;
            server.Environment["FAKETIME_NO_CACHE"] = "1";
            if (wallClockOnly) server.Environment["FAKETIME_DONT_FAKE_MONOTONIC"] = "1";
        });
    }

    static async Task HeardAsync(BelfryProcess server, string kind, string transaction, string time) => await Eventually.HoldsAsync(
        async () =>
        {
            await Task.Delay(100);
            return (await server.JournalAsync()).Exists(told => told.Kind == kind && told.Transaction == transaction);
        }, TestLength.Within(10), $"{kind} of {transaction} at clock {time}");

    static async Task StepAsync(FaultChain chain, int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            chain.Driver.Step();
            await Task.Delay(40);
        }
    }
}
