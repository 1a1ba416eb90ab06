using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Belfry.Core.Leadership;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Belfry.Sql.Postgres;

/// <summary>
/// Writes batches. Whatever waits when the connection is free becomes one transaction: the journal's head is taken by one transaction at a time over all servers,
/// so that sharing one is what makes many chains fast. When one member is refused, the others go again without it.
/// </summary>
sealed class PostgresCommits : IAsyncDisposable
{
    const int MaxMembers = 256;
    const int MaxAttempts = 8;
    static readonly TimeSpan Companionship = TimeSpan.FromMilliseconds(1);

    readonly Channel<CommitJob> queue = Channel.CreateUnbounded<CommitJob>(new UnboundedChannelOptions { SingleReader = true });
    readonly PostgresLane lane;
    readonly PostgresTail tail;
    readonly CommitSealing sealing;
    readonly PostgresErrors errors;
    readonly TimeProvider clock;
    readonly IEntropy entropy;
    readonly ICrashPoints crashPoints;
    readonly ILogger log;
    readonly Task loop;

    // What was found to be written after its waiter had been told that nobody knew: a tracker comes back with the same batch.
    readonly ConditionalWeakTable<LedgerBatch, StrongBox<CommitResult>> late = [];
    List<CommitJob> doubtful = [];
    int companions;

    public PostgresCommits(
        PostgresLane lane, PostgresTail tail, PostgresErrors errors, (long Size, long Room) partitions, TimeProvider clock, IEntropy entropy, ICrashPoints crashPoints, ILogger log)
    {
        (this.lane, this.tail, this.errors, this.clock, this.entropy, this.crashPoints, this.log) = (lane, tail, errors, clock, entropy, crashPoints, log);
        sealing = new CommitSealing(lane, partitions.Size, partitions.Room, errors.Store, log);
        loop = Background.Start(LoopAsync);
    }

    /// <summary>Writes a batch; completes when it is durable and told.</summary>
    public async Task<CommitResult> CommitAsync(Lease? lease, LedgerBatch batch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var job = new CommitJob(lease, batch, cancellationToken);
        if (!queue.Writer.TryWrite(job)) throw errors.Of("the store is closed");
        return await job.Task;
    }

    /// <summary>Returns when nothing is in doubt: who reads before has not read the truth.</summary>
    public async ValueTask SettleAsync(CancellationToken cancellationToken)
    {
        if (!lane.InDoubt) return;
        var job = new CommitJob(null, null, cancellationToken);
        if (!queue.Writer.TryWrite(job)) throw errors.Of("the store is closed");
        await job.Task.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await loop;
        await lane.DisposeAsync();
    }

    [SuppressMessage("Design", "CA1031", Justification = "The error is handed to everyone who waits; the writer must live on.")]
    async Task LoopAsync()
    {
        var jobs = new List<CommitJob>();
        while (await queue.Reader.WaitToReadAsync())
        {
            await GatherAsync(jobs);
            companions = jobs.Count - 1;
            jobs.RemoveAll(job => job.IsCancelled());
            try
            {
                await RecallAsync(jobs);
                if (jobs.Count > 0) await RunAsync(jobs);
            }
            catch (Exception problem)
            {
                foreach (var job in jobs) job.Fail(problem);
            }

            jobs.Clear();
        }
    }

    void TakeWaiting(List<CommitJob> jobs)
    {
        while (jobs.Count < MaxMembers && queue.Reader.TryRead(out var job)) jobs.Add(job);
    }

    // Those who shared the last transaction come back together, a few microseconds apart: without a moment's patience the first of them would get one of its own and
    // the rest would wait for it. A lone writer never waits.
    async ValueTask GatherAsync(List<CommitJob> jobs)
    {
        TakeWaiting(jobs);
        if (jobs.Count > companions) return;
        var patience = Task.Delay(Companionship, clock);
        while (jobs.Count <= companions && !patience.IsCompleted)
        {
            var more = queue.Reader.WaitToReadAsync().AsTask();
            if (await Task.WhenAny(more, patience) != more || !await more) return;
            TakeWaiting(jobs);
        }
    }

    // First what is in doubt, then the answers that came late, then what only wanted to know.
    async ValueTask RecallAsync(List<CommitJob> jobs)
    {
        if (lane.InDoubt && await lane.SettleAsync() is { } mark)
        {
            for (var i = 0; i < doubtful.Count; i++) late.AddOrUpdate(doubtful[i].Batch!, new StrongBox<CommitResult>(Result(mark, i)));
            tail.Wake();
        }

        doubtful = [];
        foreach (var job in jobs)
        {
            if (job.Batch is null) job.Complete(default);
            else if (late.TryGetValue(job.Batch, out var result) && late.Remove(job.Batch)) job.Complete(result.Value);
        }

        jobs.RemoveAll(static job => job.Task.IsCompleted);
    }

    async Task RunAsync(List<CommitJob> jobs)
    {
        for (var attempt = 1; jobs.Count > 0; attempt++)
        {
            try
            {
                await WriteAsync(jobs);
                return;
            }
            catch (PostgresException refusal) when (refusal.SqlState == PostgresErrors.LeaseLost && int.TryParse(refusal.MessageText, out var member))
            {
                jobs[member - 1].Fail(new LeaseLostException(jobs[member - 1].Lease!, refusal));
                jobs.RemoveAt(member - 1);
            }
            catch (PostgresException refusal) when (IsWorthAnother(refusal) && attempt < MaxAttempts)
            {
                PostgresLog.TriedAgain(log, refusal.SqlState);
                if (refusal.SqlState == PostgresErrors.NoPartition) await sealing.ExtendAsync(jobs.Sum(job => job.Batch!.Events.Count));
                else await Task.Delay(PostgresErrors.Pause(attempt, entropy), clock);
            }
            catch (PostgresException) when (jobs.Count > 1)
            {
                foreach (var job in jobs) await RunAloneAsync(job);
                return;
            }
            catch (PostgresException refusal)
            {
                jobs[0].Fail(await ExplainAsync(jobs[0], refusal));
                return;
            }
            catch (StoreException outage)
            {
                if (lane.InDoubt) doubtful = [.. jobs];
                SqlLog.WriteRefused(log, outage.Message);
                foreach (var job in jobs) job.Fail(outage);
                return;
            }
        }
    }

    // A neighbour's commit may have left the line in doubt: then this one is not begun.
    async Task RunAloneAsync(CommitJob job)
    {
        if (lane.InDoubt) job.Fail(errors.Of("it is not known yet whether another commit was written; nothing of this one was"));
        else await RunAsync([job]);
    }

    async Task WriteAsync(List<CommitJob> jobs)
    {
        var started = clock.GetTimestamp();
        crashPoints.Reach("ledger.before_commit");
        var (answer, mark) = await sealing.WriteAsync(jobs);
        crashPoints.Reach("ledger.after_commit");
        mark ??= answer!.Mark;
        SqlMetrics.Committed(jobs.Count, answer?.Told.Count ?? 0, clock.GetElapsedTime(started));
        if (answer is null) tail.Wake();
        else await tail.CommittedAsync(answer.Told);
        for (var i = 0; i < jobs.Count; i++) jobs[i].Complete(Result(mark, i));
        await MakeRoomAsync(mark.Heads[^1]);
    }

    // Everybody has been answered: without room the next commit makes it.
    async ValueTask MakeRoomAsync(long head)
    {
        try
        {
            await sealing.KeepAheadAsync(head);
        }
        catch (StoreException problem)
        {
            PostgresLog.NoRoomYet(log, problem, errors.Store);
        }
    }

    async ValueTask<Exception> ExplainAsync(CommitJob job, PostgresException refusal)
    {
        if (refusal.SqlState == PostgresErrors.OtherNetwork)
        {
            try
            {
                LedgerRules.CheckNetwork(errors.Store, job.Batch!.Chain, await sealing.ReadPositionAsync(job.Batch.Chain), job.Batch.Position);
            }
            catch (StoreException difference)
            {
                return difference;
            }
        }

        var explained = errors.Translate(refusal);
        SqlLog.WriteRefused(log, explained.Message);
        return explained;
    }

    static bool IsWorthAnother(PostgresException refusal) => PostgresErrors.IsInTheWay(refusal) || refusal.SqlState == PostgresErrors.NoPartition;

    static CommitResult Result(WriterMark mark, int member) => new(mark.Heads[member], mark.Duplicates[member]);
}
