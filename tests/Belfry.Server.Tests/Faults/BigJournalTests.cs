using System.Diagnostics;
using System.Net;
using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Ledger;
using Belfry.Server.Tests.EndToEnd;
using Belfry.Sql.Sqlite;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Server.Tests.Faults;

public sealed class BigJournalTests
{
    static readonly int Events = TestLength.Choose(100_000, 1_000_000);

    [Fact]
    [Trait("Fault", "F01")]
    public async Task After_a_kill_a_server_with_a_long_journal_is_ready_within_two_seconds()
    {
        await using var server = BelfryProcess.Prepare();
        await FillAsync(server.Data);
        var slowest = TimeSpan.Zero;
        for (var start = 0; start < 3; start++)
        {
            var watch = Stopwatch.StartNew();
            server.Launch();
            await Eventually.HoldsAsync(async () =>
            {
                using var answer = await server.Http.GetAsync(new Uri("health/ready", UriKind.Relative));
                return answer.StatusCode == HttpStatusCode.OK;
            });
            if (watch.Elapsed > slowest) slowest = watch.Elapsed;
            (await server.GetAsync("health")).GetProperty("seq").GetInt64().ShouldBe(Events);
            await server.KillAsync();
        }

        TestLength.Say($"ready after at most {slowest.TotalSeconds:F2} s with {Events} events");
        slowest.ShouldBeLessThan(TestLength.Within(2));
    }

    static async Task FillAsync(string folder)
    {
        await using var store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = folder });
        var chain = new ChainId("btc");
        for (var told = 0; told < Events; told += 5000)
        {
            var events = Enumerable.Range(told, 5000).Select(number => new PendingEvent(
                $"event {number}", EventKind.NewTransaction, FaultChain.Fresh(number % 1000), $"address {number % 1000}", null, number, "{\"event\":\"new_transaction\"}"u8.ToArray(), DateTimeOffset.UnixEpoch));
            await store.Ledger.CommitAsync(new LedgerBatch { Chain = chain, Events = [.. events] }, TestContext.Current.CancellationToken);
        }
    }
}
