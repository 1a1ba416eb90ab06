using Belfry.Core.Runtime;

namespace Belfry.Redis.Connection.Lines;

/// <summary>Where a channel finds its server, and whether what it found will do.</summary>
interface ILocator
{
    /// <summary>The endpoint to dial next.</summary>
    ValueTask<RedisEndpoint> LocateAsync(CancellationToken cancellationToken);

    /// <summary>Throws when the server is not the one that was meant: no primary, for instance.</summary>
    ValueTask CheckAsync(OpenLine line, CancellationToken cancellationToken);
}

/// <summary>
/// One socket's worth of commands to one server, whichever line carries them just now: dials again for ever, keeps commands for a while when no line is there, and
/// refuses them at once when the server has been away or silent for longer than <see cref="RedisOptions.Patience"/>.
/// </summary>
sealed partial class RedisChannel : IAsyncDisposable
{
    const string Purpose = "commands";

    readonly LineOpener opener;
    readonly ILocator locator;
    readonly IChannelOwner owner;
    readonly Lock gate = new();
    readonly Queue<RedisOperation> backlog = new();
    readonly CancellationTokenSource stopping = new();
    readonly ITimer timer;
    readonly TimeSpan sweep;
    readonly long commandTicks;
    readonly Task running;
    CancellationTokenSource pause = new();
    volatile OpenLine? line;
    volatile bool silent;
    string problem = "not connected yet";
    string? broken;
    long awaySince;
    int armed;
    bool disposed;

    public RedisChannel(LineOpener opener, ILocator locator, IChannelOwner owner)
    {
        (this.opener, this.locator, this.owner) = (opener, locator, owner);
        sweep = TimeSpan.FromMilliseconds(Math.Clamp(opener.Options.Patience.TotalMilliseconds / 8, 5, 50));
        commandTicks = (long)(opener.Options.CommandTimeout.TotalSeconds * Clock.TimestampFrequency);
        awaySince = Clock.GetTimestamp();
        timer = Clock.CreateTimer(static self => ((RedisChannel)self!).Sweep(), this, opener.Options.KeepAliveInterval, Timeout.InfiniteTimeSpan);
        Endpoint = "";
        running = Background.Start(RunAsync, CancellationToken.None);
    }

    /// <summary>Where it is, or was last, connected to.</summary>
    public string Endpoint { get; private set; }

    /// <summary>Whether a line is there and answers.</summary>
    public RedisPhase Phase => line is not null ? silent ? RedisPhase.Silent : RedisPhase.Live : Connections == 0 ? RedisPhase.Connecting : RedisPhase.Away;

    /// <summary>How often it has connected.</summary>
    public int Connections { get; private set; }

    /// <summary>Why it is not live, in words.</summary>
    public string? Problem => Phase == RedisPhase.Live ? null : silent ? "owes answers and is silent" : problem;

    TimeProvider Clock => opener.Runtime.Clock;

    RedisOptions Options => opener.Options;

    /// <summary>Takes over a command, and ends it in any case: by its answer, or by an exception that says whether it was sent.</summary>
    public void Submit(RedisOperation operation)
    {
        if (line is { } open && !silent)
        {
            var admission = open.Line.TrySend(operation);
            if (admission == Admission.Taken)
            {
                Arm();
                return;
            }

            if (admission == Admission.Full)
            {
                Refuse(operation, nameof(Options.MaxInFlight), Crowd);
                return;
            }
        }

        Keep(operation);
    }

    /// <summary>Leaves the server and looks for it anew: it is no primary any more.</summary>
    public void Restart(string why)
    {
        lock (gate) broken = why;
        line?.Break();
        Hurry();
    }

    /// <summary>Ends the pause before the next attempt, if there is one.</summary>
    public void Hurry()
    {
        lock (gate)
        {
            if (!disposed) Background.Cancel(pause);
        }
    }

    /// <summary>Takes out what waits for a line, to be sent elsewhere.</summary>
    public List<RedisOperation> TakeBacklog()
    {
        lock (gate)
        {
            List<RedisOperation> taken = [.. backlog];
            backlog.Clear();
            return taken;
        }
    }

    /// <summary>Closes the line; commands without an answer fail.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            if (disposed) return;
            disposed = true;
            problem = "the connection was closed";
        }

        Background.Cancel(stopping);
        await Background.WhenEndedAsync(running);
        await timer.DisposeAsync();
        foreach (var operation in TakeBacklog()) Refuse(operation, Options.Setting, problem);
        pause.Dispose();
        stopping.Dispose();
    }

    void Keep(RedisOperation operation)
    {
        string? refusal = null;
        var setting = nameof(Options.Endpoints);
        lock (gate)
        {
            // A line may have come or gone since the caller looked.
            var admission = !disposed && !silent && line is { } open ? open.Line.TrySend(operation) : Admission.Closed;
            if (admission == Admission.Taken) refusal = "";
            else if (admission == Admission.Full) (refusal, setting) = (Crowd, nameof(Options.MaxInFlight));
            else if (disposed) (refusal, setting) = ("the connection is closed", Options.Setting);
            else if (silent) (refusal, setting) = ($"it owes answers and has been silent for {Options.Patience.TotalSeconds} s", nameof(Options.Patience));
            else if (Clock.GetElapsedTime(awaySince) > Options.Patience && line is null) refusal = problem;
            else if (backlog.Count >= Options.MaxInFlight) (refusal, setting) = (Crowd, nameof(Options.MaxInFlight));
            else backlog.Enqueue(operation);
        }

        if (refusal is null or "") Arm();
        else Refuse(operation, setting, refusal);
    }

    void Refuse(RedisOperation operation, string setting, string why)
    {
        if (operation.Fail(NotSent(operation, setting, why))) RedisMetrics.NotSent.Add(1);
        operation.Release();
    }

    RedisUnavailableException NotSent(RedisOperation operation, string setting, string why) =>
        new(RedisOutcome.NotSent, operation.Name, EndpointText, setting == Options.Setting ? setting : $"{Options.Setting}:{setting}", why);

    string Crowd => $"{Options.MaxInFlight} commands have no answer yet, or {RedisLine.MostUnsentBytes >> 20} MB wait to be sent";

    string EndpointText => Endpoint.Length > 0 ? Endpoint : string.Join(',', Options.Endpoints);
}
