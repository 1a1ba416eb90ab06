namespace Belfry.Core.Runtime;

/// <summary>Starts loops on the current scheduler. <c>Task.Run</c> would leave it, and a seeded simulation would lose the order of events.</summary>
public static class Background
{
    /// <summary>Starts <paramref name="loop"/> beside the caller and returns its task; the caller observes it.</summary>
    public static Task Start(Func<Task> loop, CancellationToken cancellationToken = default) =>
        Task.Factory.StartNew(loop, cancellationToken, TaskCreationOptions.DenyChildAttach, TaskScheduler.Current).Unwrap();
}
