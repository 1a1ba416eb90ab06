using System.Text;
using Belfry.Core.Runtime;
using Belfry.Redis.Connection.Lines;

namespace Belfry.Redis.Connection.Push;

/// <summary>Hears what a socket for subscriptions hears; called from its loop, so it must return at once.</summary>
interface IPushListener
{
    /// <summary>The server confirmed a subscription.</summary>
    void Confirmed(PushSession session, RedisSubscription subscription);

    /// <summary>The server refused one.</summary>
    void Refused(PushSession session, RedisSubscription subscription, string code, string text);

    /// <summary>One (null: all) is not heard any more: the line broke, or the server ended it because its slot moved.</summary>
    void Dropped(PushSession session, RedisSubscription? subscription, string reason);

    /// <summary>A message.</summary>
    void Heard(PushSession session, RedisSubscription subscription, string channel, ReadOnlySpan<byte> payload);
}

/// <summary>One socket for subscriptions, connected for as long as it lives; subscribes anew after each break.</summary>
sealed class PushSession : IAsyncDisposable
{
    readonly LineOpener opener;
    readonly Identity identity;
    readonly string purpose;
    readonly Func<CancellationToken, ValueTask<RedisEndpoint>> locate;
    readonly IPushListener listener;
    readonly CancellationTokenSource stopping = new();
    readonly Lock gate = new();
    readonly HashSet<RedisSubscription> wanted = [];
    readonly Queue<(RedisSubscription Subscription, bool Adds)> unconfirmed = new();
    readonly Task running;
    OpenLine? line;

    public PushSession(LineOpener opener, Identity identity, string purpose, Func<CancellationToken, ValueTask<RedisEndpoint>> locate, IPushListener listener)
    {
        (this.opener, this.identity, this.purpose, this.locate, this.listener) = (opener, identity, purpose, locate, listener);
        running = Background.Start(RunAsync, CancellationToken.None);
    }

    RedisOptions Options => opener.Options;

    /// <summary>Subscribes, now and after each break.</summary>
    public void Add(RedisSubscription subscription)
    {
        lock (gate)
        {
            if (wanted.Add(subscription)) Tell(subscription, adds: true);
        }
    }

    /// <summary>Unsubscribes.</summary>
    public void Remove(RedisSubscription subscription)
    {
        lock (gate)
        {
            if (wanted.Remove(subscription)) Tell(subscription, adds: false);
        }
    }

    /// <summary>Leaves the server and dials anew.</summary>
    public void Restart()
    {
        lock (gate) line?.Break();
    }

    public async ValueTask DisposeAsync()
    {
        Background.Cancel(stopping);
        await Background.WhenEndedAsync(running);
        stopping.Dispose();
    }

    async Task RunAsync()
    {
        for (var attempt = 0; !stopping.IsCancellationRequested; attempt++)
        {
            string why;
            try
            {
                await using var open = await opener.OpenAsync(await locate(stopping.Token), identity, purpose, stopping.Token);
                var since = opener.Runtime.Clock.GetTimestamp();
                Begin(open);
                await WatchAsync(open);
                if (opener.Runtime.Clock.GetElapsedTime(since) > Options.MaxBackoff) attempt = 0;
                why = open.Problem;
                lock (gate) line = null;
                if (stopping.IsCancellationRequested) return;
                opener.Runtime.Logger.Lost(open.Line.Endpoint.ToString(), purpose, why);
            }
#pragma warning disable CA1031 // whatever an attempt met, the next one may go well; told in the log
            catch (Exception fault)
#pragma warning restore CA1031
            {
                if (stopping.IsCancellationRequested) return;
                why = fault.Describe();
                opener.Runtime.Logger.AttemptFailed(string.Join(',', Options.Endpoints), purpose, attempt, Options.MaxBackoff, why);
            }

            listener.Dropped(this, null, why);
            await Background.WhenEndedAsync(Task.Delay(Backoff.Pause(Options.MinBackoff, Options.MaxBackoff, attempt, opener.Runtime.Entropy), opener.Runtime.Clock, stopping.Token));
        }
    }

    void Begin(OpenLine open)
    {
        opener.Runtime.Logger.Connected(open.Line.Endpoint.ToString(), purpose, open.Info.Version, open.Info.Protocol, open.Info.Role);
        lock (gate)
        {
            open.Line.Told = Hear;
            line = open;
            unconfirmed.Clear();
            foreach (var subscription in wanted) Tell(subscription, adds: true);
        }
    }

    // A line that only listens looks the same whether nothing is published or the server is gone: it is asked for a sign of life.
    async Task WatchAsync(OpenLine open)
    {
        while (!open.Running.IsCompleted)
        {
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
            await Task.WhenAny(open.Running, Task.Delay(Options.CommandTimeout, opener.Runtime.Clock, enough.Token));
            Background.Cancel(enough);
            if (stopping.IsCancellationRequested || open.Line.Silence > Options.CommandTimeout * 2.5)
            {
                open.Break();
                await Background.WhenEndedAsync(open.Running);
            }
            else
            {
                open.Line.TrySend("*1\r\n$4\r\nPING\r\n"u8);
            }
        }
    }

    // Under the gate. One name each, so that each has one confirmation or one error, in order.
    void Tell(RedisSubscription subscription, bool adds)
    {
        if (line is null) return;
        unconfirmed.Enqueue((subscription, adds));
        var verb = (adds ? "" : "UN") + "SUBSCRIBE";
        verb = subscription.Kind switch { RedisSubscriptionKind.Pattern => "P" + verb, RedisSubscriptionKind.Sharded => "S" + verb, _ => verb };
        line.Line.TrySend(Encoding.UTF8.GetBytes($"*2\r\n${verb.Length}\r\n{verb}\r\n${Encoding.UTF8.GetByteCount(subscription.Name)}\r\n{subscription.Name}\r\n"));
    }

    void Hear(ReadOnlySpan<byte> bytes)
    {
        var reply = new RespReader(bytes);
        var kind = reply.Peek();
        if (kind == RespKind.Error) HearError(reply.ReadError());
        if (kind is not (RespKind.Array or RespKind.Push)) return;
        var count = reply.ReadArrayHeader();
        if (count == 0) return;
        var word = Encoding.UTF8.GetString(reply.ReadBytes());
        switch (word)
        {
            case "message" or "smessage" when count == 3:
                var channel = Encoding.UTF8.GetString(reply.ReadBytes());
                listener.Heard(this, new RedisSubscription(word[0] == 's' ? RedisSubscriptionKind.Sharded : RedisSubscriptionKind.Channel, channel), channel, reply.ReadBytes());
                break;
            case "pmessage" when count == 4:
                var pattern = Encoding.UTF8.GetString(reply.ReadBytes());
                listener.Heard(this, new RedisSubscription(RedisSubscriptionKind.Pattern, pattern), Encoding.UTF8.GetString(reply.ReadBytes()), reply.ReadBytes());
                break;
            case "subscribe" or "psubscribe" or "ssubscribe" or "unsubscribe" or "punsubscribe" or "sunsubscribe" when count == 3 && !reply.TryReadNull():
                HearConfirmation(word, Encoding.UTF8.GetString(reply.ReadBytes()));
                break;
            default:
                // pong, invalidate, and whatever later servers tell.
                break;
        }
    }

    void HearConfirmation(string word, string name)
    {
        var kind = word switch
        {
            "psubscribe" or "punsubscribe" => RedisSubscriptionKind.Pattern,
            "ssubscribe" or "sunsubscribe" => RedisSubscriptionKind.Sharded,
            _ => RedisSubscriptionKind.Channel,
        };
        var (subscription, adds) = (new RedisSubscription(kind, name), !word.Contains("unsubscribe", StringComparison.Ordinal));
        bool wasAsked, isWanted;
        lock (gate)
        {
            wasAsked = unconfirmed.TryPeek(out var first) && first == (subscription, adds);
            if (wasAsked) unconfirmed.Dequeue();
            isWanted = wanted.Contains(subscription);
            // The server ends a sharded subscription by itself when the slot leaves it.
            if (!adds && !wasAsked) wanted.Remove(subscription);
        }

        if (adds && isWanted) listener.Confirmed(this, subscription);
        else if (!adds && !wasAsked && isWanted) listener.Dropped(this, subscription, "the server ended it: its slot moved");
    }

    void HearError(ReadOnlySpan<byte> error)
    {
        (RedisSubscription Subscription, bool Adds) refused;
        lock (gate)
        {
            if (!unconfirmed.TryDequeue(out refused)) return;
            if (refused.Adds) wanted.Remove(refused.Subscription);
        }

        if (refused.Adds) listener.Refused(this, refused.Subscription, Handshake.CodeOf(error), Topology.Redirect.Text(error));
    }
}
