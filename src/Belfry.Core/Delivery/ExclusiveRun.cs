namespace Belfry.Core.Delivery;

/// <summary>Lets one thread at a time do a piece of work; requests that arrive meanwhile make it run once more, and never wait.</summary>
sealed class ExclusiveRun
{
    const int Idle = 0;
    const int Running = 1;
    const int RunningAndRequested = 2;
    int state;

    /// <summary>True: the caller must do the work until <see cref="Again"/> is false. False: who does it already will run once more.</summary>
    public bool Request()
    {
        while (true)
        {
            switch (Interlocked.CompareExchange(ref state, Running, Idle))
            {
                case Idle: return true;
                case RunningAndRequested: return false;
                case Running when Interlocked.CompareExchange(ref state, RunningAndRequested, Running) == Running: return false;
            }
        }
    }

    /// <summary>Ends a round. True: somebody asked meanwhile, run again.</summary>
    public bool Again()
    {
        if (Interlocked.CompareExchange(ref state, Idle, Running) == Running) return false;
        Volatile.Write(ref state, Running);
        return true;
    }
}

/// <summary>Runs short pieces of work beside the caller: on the thread pool, or on the scheduler that a simulation owns.</summary>
sealed class WorkQueue(TaskScheduler scheduler)
{
    public void Queue(IThreadPoolWorkItem item)
    {
        if (scheduler == TaskScheduler.Default)
        {
            ThreadPool.UnsafeQueueUserWorkItem(item, preferLocal: false);
            return;
        }

        _ = Task.Factory.StartNew(static work => ((IThreadPoolWorkItem)work!).Execute(), item, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler);
    }
}
