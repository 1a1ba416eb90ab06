using Belfry.Core.Runtime;
using Belfry.Redis.Connection.Lines;

namespace Belfry.Redis.Connection.Topology;

/// <summary>Sends what was refused again, elsewhere or a little later, as long as its time lasts. Only what the server surely did not execute comes here.</summary>
sealed class Refusals(ITopology topology, RedisOptions options, RedisRuntime runtime) : IRefusals
{
    const int MostMoves = 16;
    static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(5), LongestPause = TimeSpan.FromMilliseconds(200);

    int later;

    public void Take(RedisOperation operation, ReadOnlySpan<byte> error, RedisEndpoint endpoint)
    {
        var redirect = Redirect.Read(error, endpoint);
        if (redirect.Kind == RedirectKind.NoScript && operation.Script is null) redirect = redirect with { Kind = RedirectKind.None };
        if (redirect.Kind is RedirectKind.Moved or RedirectKind.Ask && (++operation.Refusals > MostMoves || !topology.HasSlots)) redirect = redirect with { Kind = RedirectKind.None };
        if (redirect.Kind == RedirectKind.None)
        {
            End(operation, redirect.Code, Redirect.Text(error), endpoint, notNow: false);
            return;
        }

        RedisMetrics.Refused(redirect.Code);
        switch (redirect.Kind)
        {
            case RedirectKind.NoScript:
                operation.SendScriptWhole();
                Submit(operation);
                break;
            case RedirectKind.Moved:
                topology.Learn(redirect.Slot, redirect.Endpoint, redirect.Code);
                topology.Visit(redirect.Endpoint!).Submit(operation);
                break;
            case RedirectKind.Ask:
                operation.Asking = true;
                topology.Visit(redirect.Endpoint!).Submit(operation);
                break;
            default:
                topology.Learn(operation.Slot, null, redirect.Code);
                SendLater(operation, redirect.Code, Redirect.Text(error), endpoint);
                break;
        }
    }

    /// <summary>Sends a command to the server of its slot.</summary>
    public void Submit(RedisOperation operation)
    {
        var node = operation.Home ?? topology.Find(operation.Slot);
        if (node is not null)
        {
            node.Submit(operation);
            return;
        }

        topology.Learn(operation.Slot, null, "CLUSTERDOWN");
        SendLater(operation, "CLUSTERDOWN", topology.Problem ?? "no node serves the slot", endpoint: null);
    }

    void SendLater(RedisOperation operation, string code, string text, RedisEndpoint? endpoint)
    {
        var pause = Backoff.Pause(ShortestPause, LongestPause, operation.Refusals++, runtime.Entropy);
        var due = runtime.Clock.GetTimestamp() + (long)(pause.TotalSeconds * runtime.Clock.TimestampFrequency);
        // The limit is approximate by as many as come at the same instant.
        if (!operation.IsPending || due - operation.Deadline >= 0 || Volatile.Read(ref later) >= options.MaxInFlight)
        {
            End(operation, code, text, endpoint, notNow: true);
            return;
        }

        Interlocked.Increment(ref later);
        _ = Background.Start(() => WaitAsync(operation, pause), CancellationToken.None);
    }

    async Task WaitAsync(RedisOperation operation, TimeSpan pause)
    {
        await Task.Delay(pause, runtime.Clock, CancellationToken.None);
        Interlocked.Decrement(ref later);
        if (operation.IsPending) Submit(operation);
        else operation.Release();
    }

    void End(RedisOperation operation, string code, string text, RedisEndpoint? endpoint, bool notNow)
    {
        if (endpoint is null)
        {
            if (operation.Fail(new RedisUnavailableException(RedisOutcome.NotSent, operation.Name, string.Join(',', options.Endpoints), $"{options.Setting}:Endpoints", text))) RedisMetrics.NotSent.Add(1);
        }
        else
        {
            operation.Fail(new RedisErrorException(code, text, operation.Name, endpoint.ToString(), options.Setting) { IsNotNow = notNow });
        }

        operation.Release();
    }
}
