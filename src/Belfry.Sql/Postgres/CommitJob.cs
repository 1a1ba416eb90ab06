using Belfry.Core.Leadership;
using Belfry.Core.Ledger;

namespace Belfry.Sql.Postgres;

/// <summary>A batch to write, and whoever waits for it; or only the wish to know that nothing is in doubt.</summary>
sealed class CommitJob(Lease? lease, LedgerBatch? batch, CancellationToken cancellationToken)
{
    readonly TaskCompletionSource<CommitResult> done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Lease? Lease => lease;

    /// <summary>Null: nothing is written.</summary>
    public LedgerBatch? Batch => batch;

    public Task<CommitResult> Task => done.Task;

    /// <summary>Answers the waiter when it has given up before the write began; later it is too late to tell whether it happened.</summary>
    public bool IsCancelled() => cancellationToken.IsCancellationRequested && done.TrySetCanceled(cancellationToken);

    public void Complete(CommitResult result) => done.TrySetResult(result);

    public void Fail(Exception problem) => done.TrySetException(problem);
}
