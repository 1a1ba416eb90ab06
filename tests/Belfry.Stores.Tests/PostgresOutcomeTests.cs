using Belfry.Contracts;
using Belfry.Core.Chains;
using Belfry.Core.Leadership;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;
using Belfry.TestKit;
using Belfry.TestKit.Faults;
using Belfry.TestKit.Postgres;
using Npgsql;
using Shouldly;

namespace Belfry.Stores.Tests;

/// <summary>Row P02 of the fault matrix: the connection breaks in the middle of a commit, and nobody knows what came of it.</summary>
public sealed class PostgresOutcomeTests
{
    static readonly ChainId Btc = new("btc");

    [Fact]
    [Trait("Fault", "P02")]
    public async Task A_commit_whose_answer_was_lost_is_found_to_be_written_and_is_not_written_twice()
    {
        await using var scene = await Scene.CreateAsync();
        await using var store = await PostgresUnderTest.OpenAsync(scene.Proxied, patience: TimeSpan.FromSeconds(30));
        await store.Ledger.CommitAsync(Batch(1), default);
        // From now on nothing reaches the client: the server commits, and its answer is cut off.
        scene.Proxy.Plan = new FaultPlan { ResetAfter = 0 };
        var commit = store.Ledger.CommitAsync(Batch(2), default).AsTask();
        await Eventually.HoldsAsync(async () => await scene.HeadAsync() == 4);
        scene.Proxy.Plan = new FaultPlan();
        (await commit).ShouldBe(new CommitResult(4, 0));
        (await store.Ledger.CommitAsync(Batch(3), default)).ShouldBe(new CommitResult(6, 0));
        (await store.VerifyAsync(1, 6, default)).ShouldBe(6);
    }

    [Fact]
    [Trait("Fault", "P02")]
    public async Task A_commit_that_was_cut_off_before_its_end_is_found_not_to_be_written_and_is_sent_again()
    {
        await using var scene = await Scene.CreateAsync();
        await using var store = await PostgresUnderTest.OpenAsync(scene.Proxied, patience: TimeSpan.FromSeconds(30));
        await store.Ledger.CommitAsync(Batch(1), default);
        // Somebody holds the journal's head, so that the commit waits inside the server while its line is cut.
        await using var holder = await scene.HoldHeadAsync();
        var batch = Batch(2);
        var commit = store.Ledger.CommitAsync(batch, default).AsTask();
        await scene.UntilWaitingAsync();
        var former = await scene.WaitingAsync();
        scene.Proxy.ResetAll();
        await Eventually.HoldsAsync(async () => await scene.WaitingAsync() is { } again && again != former);
        (await scene.HeadAsync()).ShouldBe(2);
        await holder.DisposeAsync();
        (await commit).ShouldBe(new CommitResult(4, 0));
        (await store.VerifyAsync(1, 4, default)).ShouldBe(4);
    }

    [Fact]
    [Trait("Fault", "P02")]
    public async Task While_nobody_knows_nothing_is_read_or_written_and_later_the_same_batch_gets_its_answer()
    {
        await using var scene = await Scene.CreateAsync();
        await using var store = await PostgresUnderTest.OpenAsync(scene.Proxied, patience: TimeSpan.FromMilliseconds(100));
        await store.Ledger.CommitAsync(Batch(1), default);
        scene.Proxy.Plan = new FaultPlan { ResetAfter = 0 };
        var batch = Batch(2);
        var error = await Should.ThrowAsync<StoreException>(async () => await store.Ledger.CommitAsync(batch, default));
        error.Message.ShouldContain("not known yet whether it was written");
        await Should.ThrowAsync<StoreException>(async () => await store.Ledger.ReadPositionAsync(Btc, default));
        await Should.ThrowAsync<StoreException>(async () => await store.Ledger.CommitAsync(Batch(3), default));
        scene.Proxy.Plan = new FaultPlan();
        CommitResult? late = null;
        await Eventually.HoldsAsync(async () => (late = await store.Ledger.CommitAsync(batch, default)) is not null);
        late.ShouldBe(new CommitResult(4, 0));
        (await store.Ledger.ReadPositionAsync(Btc, default)).ShouldBe(Samples.Position(2));
        (await scene.HeadAsync()).ShouldBe(4);
    }

    [Fact]
    [Trait("Fault", "P02")]
    public async Task A_leader_that_is_stuck_in_a_commit_keeps_nobody_from_taking_over_and_its_commit_is_not_written()
    {
        await using var scene = await Scene.CreateAsync();
        await using var stuck = await PostgresUnderTest.OpenAsync(scene.Database);
        await using var next = await PostgresUnderTest.OpenAsync(scene.Database);
        var lost = (await stuck.Leases.AcquireAsync(Btc, "a", TimeSpan.FromMilliseconds(1), default))!;
        var ledger = stuck.Leases.Open(lost);
        await ledger.CommitAsync(Batch(1), default);
        var holder = await scene.HoldHeadAsync();
        var batch = Batch(2);
        var commit = ledger.CommitAsync(batch, default).AsTask();
        await scene.UntilWaitingAsync();
        // The commit has passed the check of its epoch and holds it: the row of the lease, and the chain's.
        var lease = (await next.Leases.AcquireAsync(Btc, "b", TimeSpan.FromHours(1), default)).ShouldNotBeNull();
        lease.Epoch.ShouldBe(2);
        await Should.ThrowAsync<LeaseLostException>(commit);
        await holder.DisposeAsync();
        (await next.Leases.Open(lease).CommitAsync(batch, default)).ShouldBe(new CommitResult(4, 0));
    }

    [Fact]
    [Trait("Fault", "P02")]
    public async Task Watches_whose_answer_was_lost_are_answered_as_they_are_stored()
    {
        await using var scene = await Scene.CreateAsync();
        await using var store = await PostgresUnderTest.OpenAsync(scene.Proxied, patience: TimeSpan.FromSeconds(30));
        var old = Samples.Watch("w1", 1);
        await store.Watches.AddAsync([old], default);
        scene.Proxy.Plan = new FaultPlan { ResetAfter = 0 };
        var fresh = Samples.Watch("w2", 2);
        var adding = store.Watches.AddAsync([fresh, Samples.Watch("w3", 1)], default).AsTask();
        await Eventually.HoldsAsync(async () => (long)(await scene.Database.ExecuteAsync("SELECT count(*) FROM belfry.watches"))! == 2);
        scene.Proxy.Plan = new FaultPlan();
        (await adding).ShouldBe([new StoredWatch(fresh, Created: true), new StoredWatch(old, Created: false)]);
    }

    [Fact]
    [Trait("Fault", "P02")]
    public async Task Lines_that_break_again_and_again_lose_nothing_and_tell_nothing_twice()
    {
        await using var scene = await Scene.CreateAsync();
        await using var store = await PostgresUnderTest.OpenAsync(scene.Proxied, patience: TimeSpan.FromSeconds(5));
        using var stopping = new CancellationTokenSource();
        var cuts = 0;
        var cutting = Task.Run(async () =>
        {
            var random = new Random(7);
            while (!stopping.IsCancellationRequested)
            {
                await Task.WhenAny(Task.Delay(random.Next(5, 60), stopping.Token));
                scene.Proxy.ResetAll();
                cuts++;
            }
        });
        var tellers = Enumerable.Range(0, 3).Select(chain => Task.Run(() => PersistentTracker.RunAsync(store.Ledger, new ChainId($"c{chain}"), 60))).ToList();
        await Task.WhenAll(tellers).WaitAsync(TimeSpan.FromSeconds(120));
        await stopping.CancelAsync();
        await cutting;
        cuts.ShouldBeGreaterThan(3);
        await using var calm = await PostgresUnderTest.OpenAsync(scene.Database);
        await StoreChild.CheckAsync(PostgresUnderTest.Handle(calm), [.. Enumerable.Range(0, 3).Select(chain => $"c{chain} 60")]);
        (await calm.VerifyAsync(1, 360, default)).ShouldBe(360);
    }

    static LedgerBatch Batch(long number) => StoreChild.Batch(Btc, number);

    sealed class Scene(PostgresDatabase database, FaultProxy proxy) : IAsyncDisposable
    {
        public PostgresDatabase Database => database;

        public FaultProxy Proxy => proxy;

        public string Proxied => database.Server.ConnectionString(database.Name, proxy.EndPoint.Port);

        public static async Task<Scene> CreateAsync()
        {
            var database = await PostgresTemplate.CreateAsync();
            return new Scene(database, FaultProxy.Start(database.Server.EndPoint));
        }

        public async Task<long> HeadAsync() => (long)(await database.ExecuteAsync("SELECT seq FROM belfry.journal_head"))!;

        public async Task<NpgsqlConnection> HoldHeadAsync()
        {
            var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Pooling = false }.ConnectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("BEGIN; SELECT 1 FROM belfry.journal_head FOR UPDATE", connection);
            await command.ExecuteNonQueryAsync();
            return connection;
        }

        /// <summary>The session that waits for the head, or null.</summary>
        public async Task<int?> WaitingAsync() =>
            (int?)await database.ExecuteAsync("SELECT max(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") is { } pid and > 0 ? pid : null;

        public Task UntilWaitingAsync() => Eventually.HoldsAsync(async () => await WaitingAsync() is not null);

        public async ValueTask DisposeAsync()
        {
            await proxy.DisposeAsync();
            await database.DisposeAsync();
        }
    }
}

/// <summary>Commits one batch after the other as a tracker does: what the store refuses is tried again, the same batch, until it is taken.</summary>
static class PersistentTracker
{
    public static async Task RunAsync(ILedger ledger, ChainId chain, int commits)
    {
        for (var number = 1; number <= commits; number++)
        {
            var batch = StoreChild.Batch(chain, number);
            CommitResult? result = null;
            await Eventually.HoldsAsync(async () => (result = await ledger.CommitAsync(batch, default)) is not null, TimeSpan.FromSeconds(60));
            // What was told before is not told again: the store has found out what it had written.
            result!.Value.Duplicates.ShouldBe(0);
        }
    }
}
