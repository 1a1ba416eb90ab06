using Belfry.Core.Runtime;

namespace Belfry.Redis.Connection.Lines;

/// <summary>Hears of a channel's changes.</summary>
interface IChannelOwner
{
    /// <summary>It connected, lost its line, fell silent or answers again.</summary>
    void PhaseChanged(RedisChannel channel);
}

/// <content>Dialling again for ever, and the clock.</content>
sealed partial class RedisChannel
{
    async Task RunAsync()
    {
        var attempt = 0;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await using var open = await ConnectAsync();
                var since = Clock.GetTimestamp();
                await using var _ = stopping.Token.UnsafeRegister(static open => ((OpenLine)open!).Break(), open);
                await Background.WhenEndedAsync(open.Running);
                Lose(open);
                // A server that takes us in and throws us out at once is not asked ever faster.
                if (Clock.GetElapsedTime(since) > Options.MaxBackoff) attempt = 0;
            }
#pragma warning disable CA1031 // whatever an attempt met, the next one may go well; it is told in the log and to everybody who waits
            catch (Exception fault)
#pragma warning restore CA1031
            {
                if (!stopping.IsCancellationRequested) Failed(fault, attempt);
            }

            if (!stopping.IsCancellationRequested) await PauseAsync(attempt++);
        }
    }

    async ValueTask<OpenLine> ConnectAsync()
    {
        var endpoint = await locator.LocateAsync(stopping.Token);
        Endpoint = endpoint.ToString();
        var open = await opener.OpenAsync(endpoint, Identity.Server(Options), Purpose, stopping.Token);
        try
        {
            await locator.CheckAsync(open, stopping.Token);
        }
        catch
        {
            await open.DisposeAsync();
            throw;
        }

        opener.Runtime.Logger.Connected(Endpoint, Purpose, open.Info.Version, open.Info.Protocol, open.Info.Role);
        lock (gate)
        {
            Connections++;
            (silent, broken) = (false, null);
            // Those who waited go first, in the order in which they came.
            SendBacklog(open);
            line = open;
        }

        Arm();
        owner.PhaseChanged(this);
        return open;
    }

    void Lose(OpenLine open)
    {
        string why;
        lock (gate)
        {
            (line, silent) = (null, false);
            awaySince = Clock.GetTimestamp();
            why = problem = broken ?? open.Problem;
            // What never left is older than what came since.
            RedisOperation[] newer = [.. backlog];
            backlog.Clear();
            foreach (var operation in open.Line.TakeRest(operation => Unknown(operation, why, Options.Setting))) backlog.Enqueue(operation);
            foreach (var operation in newer) backlog.Enqueue(operation);
        }

        if (!stopping.IsCancellationRequested) opener.Runtime.Logger.Lost(Endpoint, Purpose, why);
        Arm();
        owner.PhaseChanged(this);
    }

    void Failed(Exception fault, int attempt)
    {
        var why = fault.Describe();
        lock (gate) problem = why;
        // The first failure is worth a warning; the attempts after it are the same news.
        if (attempt == 1 || (attempt == 0 && Connections == 0)) opener.Runtime.Logger.Unusable(EndpointText, Purpose, why);
        owner.PhaseChanged(this);
    }

    async Task PauseAsync(int attempt)
    {
        var length = Backoff.Pause(Options.MinBackoff, Options.MaxBackoff, attempt, opener.Runtime.Entropy);
        if (attempt > 0) opener.Runtime.Logger.AttemptFailed(EndpointText, Purpose, attempt, length, problem);
        CancellationToken hurry;
        lock (gate)
        {
            if (disposed) return;
            pause.Dispose();
            pause = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
            hurry = pause.Token;
        }

        // However it ends, the next attempt is due.
        await Background.WhenEndedAsync(Task.Delay(length, Clock, hurry));
    }

    void SendBacklog(OpenLine open)
    {
        while (backlog.TryPeek(out var operation) && open.Line.TrySend(operation) == Admission.Taken) backlog.Dequeue();
    }

    void Arm()
    {
        if (Volatile.Read(ref armed) == 0 && Interlocked.Exchange(ref armed, 1) == 0) timer.Change(sweep, Timeout.InfiniteTimeSpan);
    }

    // While anything waits it comes often, otherwise as rarely as an idle line is asked for a sign of life.
    void Sweep()
    {
        if (line is { } open) SweepLine(open);
        SweepBacklog();
        if (IsBusy())
        {
            timer.Change(sweep, Timeout.InfiniteTimeSpan);
            return;
        }

        timer.Change(Options.KeepAliveInterval, Timeout.InfiniteTimeSpan);
        // In this order: whoever sends from here on arms it again.
        Volatile.Write(ref armed, 0);
        if (IsBusy()) Arm();
    }

    bool IsBusy()
    {
        lock (gate) return backlog.Count > 0 || line?.Line.Unanswered > 0;
    }

    void SweepLine(OpenLine open)
    {
        var late = open.Line.FailLate(Clock.GetTimestamp(), operation => Unknown(operation, $"no answer within {Options.CommandTimeout.TotalSeconds} s", $"{Options.Setting}:{nameof(Options.CommandTimeout)}"));
        if (late > 0) RedisMetrics.OutcomeUnknown.Add(late);
        var silence = open.Line.Silence;
        if (open.Line.Unanswered == 0)
        {
            SetSilent(false);
            if (silence >= Options.KeepAliveInterval) AskForLife(open);
        }
        else if (silence > Options.CommandTimeout)
        {
            lock (gate) broken ??= $"it was silent for {Options.CommandTimeout.TotalSeconds} s though it owed answers";
            open.Break();
        }
        else
        {
            SetSilent(silence > Options.Patience);
        }
    }

    void SweepBacklog()
    {
        var refused = new List<RedisOperation>();
        string why;
        lock (gate)
        {
            why = problem;
            if (line is { } open) SendBacklog(open);
            var now = Clock.GetTimestamp();
            var isAway = line is null && Clock.GetElapsedTime(awaySince) > Options.Patience;
            for (var left = backlog.Count; left > 0; left--)
            {
                var operation = backlog.Dequeue();
                if (isAway || operation.Deadline - now < 0 || !operation.IsPending) refused.Add(operation);
                else backlog.Enqueue(operation);
            }
        }

        foreach (var operation in refused) Refuse(operation, Options.Setting, why);
    }

    void SetSilent(bool now)
    {
        lock (gate)
        {
            if (silent == now || line is null) return;
            silent = now;
        }

        if (now) opener.Runtime.Logger.Silent(Endpoint);
        else opener.Runtime.Logger.AnswersAgain(Endpoint);
        owner.PhaseChanged(this);
    }

    void AskForLife(OpenLine open)
    {
        var ping = RedisOperation<bool>.Rent(RedisRead.Ok);
        ping.Encode(new RedisCommand("PING"));
        ping.Deadline = Clock.GetTimestamp() + commandTicks;
        // Nobody awaits it: the object is left to the collector, once in a while.
        if (open.Line.TrySend(ping) != Admission.Taken) ping.Fail(new IOException("the line is closed"));
    }

    RedisUnavailableException Unknown(RedisOperation operation, string why, string setting) => new(RedisOutcome.Unknown, operation.Name, EndpointText, setting, why);
}
