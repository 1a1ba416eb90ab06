using System.Collections.Concurrent;
using System.Threading.Tasks.Sources;

namespace Belfry.Redis.Connection.Lines;

/// <summary>An operation whose result is a <typeparamref name="T"/>; the caller awaits it without a task being made.</summary>
sealed class RedisOperation<T> : RedisOperation, IValueTaskSource<T>
{
    const int Kept = 16_384;
    static readonly ConcurrentQueue<RedisOperation<T>> Pool = new();
    static int pooled;

    ManualResetValueTaskSourceCore<T> core = new() { RunContinuationsAsynchronously = true };
    CancellationTokenRegistration cancellation;
    RedisReading<T> read = null!;

    /// <summary>Takes one from the pool.</summary>
    public static RedisOperation<T> Rent(RedisReading<T> read)
    {
        if (Pool.TryDequeue(out var operation)) Interlocked.Decrement(ref pooled);
        else operation = new RedisOperation<T>();
        operation.read = read;
        operation.Arm();
        return operation;
    }

    /// <summary>What the caller awaits, once. Call before anybody can answer.</summary>
    public ValueTask<T> Task => new(this, core.Version);

    /// <summary>Lets <paramref name="cancellationToken"/> end the wait; the reply is then read and dropped.</summary>
    public void CancelBy(CancellationToken cancellationToken)
    {
        if (!cancellationToken.CanBeCanceled) return;
        cancellation = cancellationToken.UnsafeRegister(static (self, token) => ((RedisOperation<T>)self!).Fail(new OperationCanceledException(token)), this);
    }

    /// <inheritdoc/>
    public override void Complete(ReadOnlySpan<byte> reply)
    {
        if (!IsPending) return;
        T result;
        try
        {
            var reader = new RespReader(reply);
            result = read(ref reader);
        }
#pragma warning disable CA1031 // whatever the caller's reading throws is the caller's, and must not end the line of all others
        catch (Exception problem)
#pragma warning restore CA1031
        {
            Fail(problem);
            return;
        }

        if (TryEnd()) core.SetResult(result);
    }

    /// <inheritdoc/>
    public T GetResult(short token)
    {
        try
        {
            return core.GetResult(token);
        }
        finally
        {
            // Waits for a cancellation that is just running, so that it cannot meet the next command in this object.
            cancellation.Dispose();
            cancellation = default;
            Release();
        }
    }

    /// <inheritdoc/>
    public ValueTaskSourceStatus GetStatus(short token) => core.GetStatus(token);

    /// <inheritdoc/>
    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => core.OnCompleted(continuation, state, token, flags);

    /// <inheritdoc/>
    protected override void SetException(Exception problem) => core.SetException(problem);

    /// <inheritdoc/>
    protected override void Recycle()
    {
        core.Reset();
        read = null!;
        if (Interlocked.Increment(ref pooled) <= Kept) Pool.Enqueue(this);
        else Interlocked.Decrement(ref pooled);
    }
}
