using Belfry.Core.Runtime;

namespace Belfry.TestKit.Simulation;

/// <summary>
/// Runs tasks one at a time on the calling thread and picks the next by the seed; when none is ready, the simulated time jumps to the next timer. One seed is
/// one history, bit by bit.
/// </summary>
public sealed class SimulatedScheduler(IEntropy entropy, SimulatedTime time) : TaskScheduler
{
    const int Patience = 300_000;

    readonly List<Task> ready = [];
    readonly int owner = Environment.CurrentManagedThreadId;
    string? escape;

    /// <summary>How many tasks were run.</summary>
    public long Steps { get; private set; }

    /// <summary>Starts a task on this scheduler.</summary>
    public Task Start(Func<Task> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.None, this).Unwrap();

    /// <summary>Runs until <paramref name="done"/> holds while nothing is ready, or the simulated time, whatever its clock was set to, passes <paramref name="deadline"/>.</summary>
    /// <returns>Whether it holds.</returns>
    public bool RunUntil(Func<bool> done, DateTimeOffset deadline)
    {
        while (true)
        {
            for (var steps = 0; ready.Count > 0; steps++)
            {
                if (steps > Patience) throw new InvalidOperationException($"Still busy after {steps} steps in which no time passed: something goes round in circles.");
                Step();
            }

            if (escape is not null) throw new InvalidOperationException($"Something continued on another thread:\n{escape}");
            if (done()) return true;
            if (!time.AdvanceToNext(deadline)) return ready.Count == 0 && done();
        }
    }

    /// <summary>Runs a number of tasks, in the middle of whatever is going on, and stops there; time passes where nothing is ready.</summary>
    public void RunSteps(int count)
    {
        while (count-- > 0)
        {
            if (ready.Count > 0) Step();
            else if (!time.AdvanceToNext(time.True + TimeSpan.FromSeconds(1))) return;
        }
    }

    /// <summary>Runs a task to its end.</summary>
    public void Run(Func<Task> work, TimeSpan within)
    {
        var task = Start(work);
        if (!RunUntil(() => task.IsCompleted, time.True + within))
        {
            Thread.Yield();
            if (escape is not null) throw new InvalidOperationException($"Something continued on another thread:\n{escape}");
            throw new TimeoutException($"Not done after {within} of simulated time.");
        }

        if (task.Exception is { } failed) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failed.InnerException!);
    }

    /// <inheritdoc/>
    protected override void QueueTask(Task task)
    {
        // Whatever comes back from another thread has left the simulation on the way: its place in the order is not the seed's choice any more.
        if (Environment.CurrentManagedThreadId != owner) escape ??= Environment.StackTrace;
        lock (ready) ready.Add(task);
    }

    /// <inheritdoc/>
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    /// <inheritdoc/>
    protected override IEnumerable<Task> GetScheduledTasks() => ready;

    void Step()
    {
        var index = (int)(entropy.NextDouble() * ready.Count);
        Task task;
        lock (ready)
        {
            task = ready[index];
            ready.RemoveAt(index);
        }

        Steps++;
        TryExecuteTask(task);
    }
}
