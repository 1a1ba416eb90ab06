using Belfry.Core.Runtime;
using Belfry.Redis.Connection.Lines;

namespace Belfry.Redis.Connection.Topology;

/// <summary>A command that outlives the call that made it: what is sent on a socket of its own may have to be sent twice.</summary>
sealed class OwnedCommand(RedisCommand command)
{
    readonly RedisArgument[] arguments = Copy(command.Arguments);
    readonly RedisScript? script = command.Script;

    public string Name { get; } = command.Name;

    public void Encode(RedisOperation operation)
    {
        if (script is not null)
        {
            operation.Encode(RedisCommand.Evaluate(script, arguments));
            operation.SendScriptWhole();
            return;
        }

#pragma warning disable CA1857 // the name was a constant where the command was written
        operation.Encode(new RedisCommand(Name, arguments));
#pragma warning restore CA1857
    }

    static RedisArgument[] Copy(ReadOnlySpan<RedisArgument> arguments)
    {
        var copies = new RedisArgument[arguments.Length];
        for (var i = 0; i < copies.Length; i++) copies[i] = arguments[i].Own();
        return copies;
    }
}

/// <summary>Sends commands that wait in the server, each on a socket that it has for itself.</summary>
sealed class BlockingSender(ITopology topology, RedisOptions options, RedisRuntime runtime)
{
    static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(5), LongestPause = TimeSpan.FromMilliseconds(200);

    public async ValueTask<T> SendAsync<T>(OwnedCommand command, int slot, TimeSpan longest, RedisReading<T> read, CancellationToken cancellationToken)
    {
        var began = runtime.Clock.GetTimestamp();
        RedisNode? visit = null;
        for (var attempt = 0; ; attempt++)
        {
            var node = visit ?? topology.Find(slot) ?? throw NotSent(command, nameof(options.Endpoints), topology.Problem ?? "no node serves the slot");
            var refusal = new Refusal(visit is not null && attempt > 0);
            visit = null;
            try
            {
                return await SendOnceAsync(node, command, longest, read, refusal, cancellationToken);
            }
            catch (RedisErrorException error) when (refusal.Redirect.Kind != RedirectKind.None && runtime.Clock.GetElapsedTime(began) < options.CommandTimeout + longest)
            {
                var redirect = refusal.Redirect;
                RedisMetrics.Refused(error.Code);
                topology.Learn(redirect.Kind == RedirectKind.Moved ? redirect.Slot : slot, redirect.Kind == RedirectKind.Moved ? redirect.Endpoint : null, error.Code);
                if (redirect.Kind is RedirectKind.Moved or RedirectKind.Ask) visit = topology.Visit(redirect.Endpoint!);
                else await Task.Delay(Backoff.Pause(ShortestPause, LongestPause, attempt, runtime.Entropy), runtime.Clock, cancellationToken);
            }
        }
    }

    async ValueTask<T> SendOnceAsync<T>(RedisNode node, OwnedCommand command, TimeSpan longest, RedisReading<T> read, Refusal refusal, CancellationToken cancellationToken)
    {
        OpenLine line;
        try
        {
            line = await node.Blocking.RentAsync(node.Endpoint, cancellationToken) ?? throw NotSent(command, nameof(options.BlockingConnections), $"{options.BlockingConnections} blocking commands wait already, or the connection is closed");
        }
        catch (Exception fault) when (fault is not OperationCanceledException and not RedisUnavailableException)
        {
            throw NotSent(command, nameof(options.Endpoints), fault.Describe(), fault);
        }

        var isAnswered = false;
        try
        {
            var operation = RedisOperation<T>.Rent(read);
            command.Encode(operation);
            (operation.Refused, operation.Deadline) = (refusal, long.MaxValue);
            operation.Asking = refusal.AsksFirst;
            var answer = operation.Task.AsTask();
            // Whoever stops waiting still owes it a look at how it ended.
            _ = Background.WhenEndedAsync(answer);
            if (line.Line.TrySend(operation) != Admission.Taken)
            {
                operation.Fail(NotSent(command, nameof(options.Endpoints), "the line broke"));
                operation.Release();
            }

            await Task.WhenAny(answer, line.Running).WaitAsync(longest + options.CommandTimeout, runtime.Clock, cancellationToken);
            if (!answer.IsCompleted) line.FailRest();
            var result = await answer;
            isAnswered = true;
            return result;
        }
        catch (TimeoutException late)
        {
            throw new RedisUnavailableException(RedisOutcome.Unknown, command.Name, node.Endpoint, $"{options.Setting}:{nameof(options.CommandTimeout)}", $"no answer within {options.CommandTimeout.TotalSeconds} s after its own limit of {longest.TotalSeconds} s", late);
        }
        catch (Exception fault) when (fault is RedisErrorException or RedisReplyException)
        {
            // A server that is no primary any more says so; its sockets are of no use.
            isAnswered = refusal.Redirect.Kind != RedirectKind.NotNow;
            throw;
        }
        finally
        {
            if (isAnswered) await node.Blocking.ReturnAsync(line);
            else await node.Blocking.DropAsync(line);
        }
    }

    RedisUnavailableException NotSent(OwnedCommand command, string setting, string why, Exception? inner = null) =>
        new(RedisOutcome.NotSent, command.Name, string.Join(',', options.Endpoints), $"{options.Setting}:{setting}", why, inner);

    /// <summary>Remembers what an error asked for, and ends the attempt.</summary>
    sealed class Refusal(bool asksFirst) : IRefusals
    {
        public bool AsksFirst { get; } = asksFirst;

        public Redirect Redirect { get; private set; }

        public void Take(RedisOperation operation, ReadOnlySpan<byte> error, RedisEndpoint endpoint)
        {
            Redirect = Redirect.Read(error, endpoint);
            if (Redirect.Kind == RedirectKind.NoScript) Redirect = Redirect with { Kind = RedirectKind.None };
            operation.Fail(new RedisErrorException(Redirect.Code, Redirect.Text(error), operation.Name, endpoint.ToString(), "Belfry:Redis") { IsNotNow = Redirect.Kind == RedirectKind.NotNow });
            operation.Release();
        }
    }
}
