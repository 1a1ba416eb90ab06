using System.Threading.Tasks.Sources;

namespace Belfry.Redis.Connection.Lines;

/// <summary>Wakes one waiter, once per wait, without allocating. The next <see cref="Set"/> may come only after the waiter has woken.</summary>
sealed class WriterSignal : IValueTaskSource
{
    ManualResetValueTaskSourceCore<bool> core;

    public ValueTask WaitAsync() => new(this, core.Version);

    public void Set() => core.SetResult(true);

    void IValueTaskSource.GetResult(short token)
    {
        core.GetResult(token);
        core.Reset();
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => core.OnCompleted(continuation, state, token, flags);
}
