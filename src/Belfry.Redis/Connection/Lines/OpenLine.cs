using Belfry.Core.Runtime;

namespace Belfry.Redis.Connection.Lines;

/// <summary>A line whose handshake is done (or, without a purpose, under way), and the task that runs it.</summary>
sealed class OpenLine(RedisLine line, Task running, CancellationTokenSource ending, ServerInfo info, string? purpose) : IAsyncDisposable
{
    public RedisLine Line { get; } = line;

    public ServerInfo Info { get; } = info;

    /// <summary>Ends, always with an exception, when the line breaks.</summary>
    public Task Running { get; } = running;

    /// <summary>Why it broke, in words; only after its end.</summary>
    public string Problem => Running.Exception?.GetBaseException().Describe() ?? "closed";

    /// <summary>Breaks it off without waiting.</summary>
    public void Break()
    {
        try
        {
            Background.Cancel(ending);
        }
        catch (ObjectDisposedException)
        {
            // It is closed already.
        }
    }

    /// <summary>Sends a command and waits for its answer, whatever it is, errors too. A line that does not answer in time is broken off.</summary>
    /// <exception cref="RedisUnavailableException">It broke.</exception>
    public ValueTask<RedisValue> AskAsync(RedisCommand command, TimeSpan within, TimeProvider clock, CancellationToken cancellationToken)
    {
        var operation = RedisOperation<RedisValue>.Rent(RedisRead.Value);
        operation.Encode(command);
        operation.Deadline = long.MaxValue;
        var answer = operation.Task;
        if (Line.TrySend(operation) == Admission.Taken) return WaitAsync(answer.AsTask(), within, clock, cancellationToken);
        operation.Fail(new RedisUnavailableException(RedisOutcome.NotSent, operation.Name, Line.Endpoint.ToString(), "Belfry:Redis", "the line is closed"));
        operation.Release();
        return answer;
    }

    /// <summary>Fails what was not answered; only after the end of <see cref="Running"/>.</summary>
    public void FailRest()
    {
        foreach (var operation in Line.TakeRest(Unknown))
        {
            operation.Fail(Unknown(operation));
            operation.Release();
        }
    }

    /// <summary>Closes it; what was not answered fails.</summary>
    public async ValueTask DisposeAsync()
    {
        Break();
        await Background.WhenEndedAsync(Running);
        FailRest();
        ending.Dispose();
        if (purpose is not null) RedisMetrics.Lost(Line.Endpoint.ToString(), purpose);
    }

    async ValueTask<RedisValue> WaitAsync(Task<RedisValue> answer, TimeSpan within, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(answer, Running, Task.Delay(within, clock, enough.Token));
        Background.Cancel(enough);
        if (!answer.IsCompleted)
        {
            Break();
            await Background.WhenEndedAsync(Running);
            FailRest();
        }

        return await answer;
    }

    RedisUnavailableException Unknown(RedisOperation operation) => new(RedisOutcome.Unknown, operation.Name, Line.Endpoint.ToString(), "Belfry:Redis", Problem, Running.Exception?.GetBaseException());
}

static class Problems
{
    /// <summary>An exception in a few words for one line of a log.</summary>
    public static string Describe(this Exception problem) =>
        ForeignText.Clean(problem.InnerException is { } inner && problem is System.Security.Authentication.AuthenticationException or IOException ? $"{problem.Message} {inner.Message}" : problem.Message, ForeignText.Sentence);
}
