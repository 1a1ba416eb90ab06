namespace Belfry.Core.Runtime;

/// <summary>Starts loops on the current scheduler. <c>Task.Run</c> would leave it, and a seeded simulation would lose the order of events.</summary>
public static class Background
{
    /// <summary>Starts <paramref name="loop"/> beside the caller and returns its task; the caller observes it.</summary>
    public static Task Start(Func<Task> loop, CancellationToken cancellationToken = default) =>
        Task.Factory.StartNew(loop, cancellationToken, TaskCreationOptions.DenyChildAttach, TaskScheduler.Current).Unwrap();

    /// <summary>Cancels on the current scheduler. <c>CancelAsync</c> would run the callbacks on the thread pool, out of the simulation's sight.</summary>
    public static void Cancel(CancellationTokenSource source)
    {
#pragma warning disable CA1849, VSTHRD103 // see above
        source.Cancel();
#pragma warning restore CA1849, VSTHRD103
    }

    /// <summary>Waits for a task without minding how it ends; for what was cancelled on purpose.</summary>
    public static Task WhenEndedAsync(Task task) =>
        task.ContinueWith(static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Current);
}
