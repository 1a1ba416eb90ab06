using System.Runtime.CompilerServices;
using Belfry.Core.Runtime;
using Belfry.Redis.Connection.Lines;
using Belfry.Redis.Connection.Topology;

namespace Belfry.Redis.Connection.Push;

/// <summary>All subscriptions of a connection: each once on one socket, however many read it, and on the right server wherever its slot moves.</summary>
sealed class SubscriptionHub(LineOpener opener, ITopology topology) : IPushListener, IAsyncDisposable
{
    static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);

    readonly Lock gate = new();
    readonly Dictionary<RedisSubscription, Interest> interests = [];
    readonly Dictionary<RedisNode, PushSession> sessions = [];
    readonly CancellationTokenSource stopping = new();
    readonly List<Task> closing = [];
    Task retrying = Task.CompletedTask;

    /// <summary>Reads one subscription until the token ends it.</summary>
    public async IAsyncEnumerable<RedisMessage> ReadAsync(RedisSubscription subscription, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var subscriber = new Subscriber(opener.Options.MaxWaitingMessages);
        Enter(subscription, subscriber);
        try
        {
            await foreach (var message in subscriber.Messages.ReadAllAsync(cancellationToken))
            {
                // There is room again: who lost messages must not believe that it has all until the next one comes.
                subscriber.TellMissed(subscription.Name);
                yield return message;
            }
        }
        finally
        {
            Leave(subscription, subscriber);
        }
    }

    /// <summary>Moves subscriptions to where their slots are now, and leaves servers that are no primaries any more.</summary>
    public void Settle()
    {
        lock (gate)
        {
            if (stopping.IsCancellationRequested) return;
            foreach (var (subscription, interest) in interests) Place(subscription, interest);
            foreach (var (node, session) in sessions.Where(entry => interests.Values.All(interest => interest.Session != entry.Value)).ToList())
            {
                sessions.Remove(node);
                closing.RemoveAll(closed => closed.IsCompleted);
                closing.Add(Background.Start(() => session.DisposeAsync().AsTask(), CancellationToken.None));
            }

            if (interests.Values.Any(interest => interest.Session is null)) RetryLater();
        }
    }

    public async ValueTask DisposeAsync()
    {
        List<PushSession> open;
        lock (gate)
        {
            Background.Cancel(stopping);
            open = [.. sessions.Values];
            foreach (var subscriber in interests.Values.SelectMany(interest => interest.Subscribers))
                subscriber.End(new RedisUnavailableException(RedisOutcome.NotSent, "SUBSCRIBE", string.Join(',', opener.Options.Endpoints), opener.Options.Setting, "the connection was closed"));
        }

        await Task.WhenAll(open.Select(session => session.DisposeAsync().AsTask()).Concat(closing));
        await Background.WhenEndedAsync(retrying);
        stopping.Dispose();
    }

    void IPushListener.Confirmed(PushSession session, RedisSubscription subscription)
    {
        lock (gate)
        {
            if (!interests.TryGetValue(subscription, out var interest) || interest.Session != session) return;
            interest.IsConfirmed = true;
            foreach (var subscriber in interest.Subscribers) subscriber.Confirmed(subscription.Name);
        }
    }

    void IPushListener.Refused(PushSession session, RedisSubscription subscription, string code, string text)
    {
        lock (gate)
        {
            if (!interests.TryGetValue(subscription, out var interest) || interest.Session != session) return;
            interest.Session = null;
            interest.IsConfirmed = false;
            if (code is "MOVED" or "CLUSTERDOWN" or "LOADING" or "MASTERDOWN" or "TRYAGAIN")
            {
                topology.Learn(0, null, code);
                RetryLater();
                return;
            }

            interests.Remove(subscription);
            var refusal = new RedisErrorException(code, text, subscription.Kind switch { RedisSubscriptionKind.Pattern => "PSUBSCRIBE", RedisSubscriptionKind.Sharded => "SSUBSCRIBE", _ => "SUBSCRIBE" }, string.Join(',', opener.Options.Endpoints), opener.Options.Setting);
            foreach (var subscriber in interest.Subscribers) subscriber.End(refusal);
        }
    }

    void IPushListener.Dropped(PushSession session, RedisSubscription? subscription, string reason)
    {
        lock (gate)
        {
            foreach (var (name, interest) in interests)
            {
                if (interest.Session != session || (subscription is not null && name != subscription)) continue;
                if (interest.IsConfirmed) opener.Runtime.Logger.Gap(ForeignText.Clean(name.Name), reason);
                interest.IsConfirmed = false;
                // A session subscribes anew by itself after a break; a subscription that the server ended belongs elsewhere now.
                if (subscription is null) continue;
                interest.Session = null;
                topology.Learn(0, null, "MOVED");
                RetryLater();
            }
        }
    }

    void IPushListener.Heard(PushSession session, RedisSubscription subscription, string channel, ReadOnlySpan<byte> payload)
    {
        lock (gate)
        {
            if (!interests.TryGetValue(subscription, out var interest) || interest.Session != session) return;
            ReadOnlyMemory<byte> copy = payload.ToArray();
            foreach (var subscriber in interest.Subscribers) subscriber.Heard(channel, copy);
        }
    }

    void Enter(RedisSubscription subscription, Subscriber subscriber)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(stopping.IsCancellationRequested, this);
            if (!interests.TryGetValue(subscription, out var interest)) interests[subscription] = interest = new Interest();
            interest.Subscribers.Add(subscriber);
            if (interest.IsConfirmed) subscriber.Confirmed(subscription.Name);
            else Place(subscription, interest);
            if (interest.Session is null) RetryLater();
        }
    }

    void Leave(RedisSubscription subscription, Subscriber subscriber)
    {
        lock (gate)
        {
            if (!interests.TryGetValue(subscription, out var interest) || !interest.Subscribers.Remove(subscriber) || interest.Subscribers.Count > 0) return;
            interests.Remove(subscription);
            interest.Session?.Remove(subscription);
        }
    }

    // Under the gate.
    void Place(RedisSubscription subscription, Interest interest)
    {
        // Ordinary channels are heard on every node of a cluster; they stay where they are as long as that node does.
        var isSharded = subscription.Kind == RedisSubscriptionKind.Sharded && topology.HasSlots;
        if (!isSharded && interest.Session is { } session && topology.Primaries.Any(node => sessions.GetValueOrDefault(node) == session)) return;
        if (topology.Find(isSharded ? HashSlot.Of(subscription.Name) : -1) is not { } target) return;
        if (!sessions.TryGetValue(target, out var place))
            sessions[target] = place = new PushSession(opener, Identity.Server(opener.Options), "subscriptions", cancellationToken => LocateAsync(target, cancellationToken), this);
        if (interest.Session == place) return;
        interest.Session?.Remove(subscription);
        interest.Session = place;
        interest.IsConfirmed = false;
        place.Add(subscription);
    }

    static ValueTask<RedisEndpoint> LocateAsync(RedisNode node, CancellationToken cancellationToken) => node.Locator.LocateAsync(cancellationToken);

    void RetryLater()
    {
        if (!retrying.IsCompleted || stopping.IsCancellationRequested) return;
        retrying = Background.Start(
            async () =>
            {
                await Task.Delay(RetryPause, opener.Runtime.Clock, stopping.Token);
                // Not in this task, which must have ended before the next retry is planned.
                _ = Background.Start(() => { Settle(); return Task.CompletedTask; }, CancellationToken.None);
            },
            CancellationToken.None);
    }

    /// <summary>What one subscription has: who reads it, and where it is heard.</summary>
    sealed class Interest
    {
        public List<Subscriber> Subscribers { get; } = [];

        public PushSession? Session { get; set; }

        public bool IsConfirmed { get; set; }
    }
}
