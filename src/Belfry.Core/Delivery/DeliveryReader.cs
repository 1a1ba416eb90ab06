using System.Text;
using Belfry.Core.Chains;
using Belfry.Core.Listeners;

namespace Belfry.Core.Delivery;

/// <summary>A subscription as it was made.</summary>
/// <param name="Sequence">It holds for every event after this one; with a cursor, for every event after the cursor.</param>
/// <param name="Epoch">The journal that the number belongs to.</param>
public readonly record struct SubscriptionStart(long Sequence, string Epoch);

/// <summary>
/// One connection's way out: replies first, then events from its cursor. Nothing is parked for an idle reader; a slow one costs a number. All methods return at once.
/// </summary>
public sealed class DeliveryReader : IThreadPoolWorkItem, IDisposable
{
    const int SendsPerTurn = 16;
    readonly Lock gate = new();
    readonly ExclusiveRun run = new();
    readonly DeliveryHub hub;
    readonly IFrameSink sink;
    List<ReadOnlyMemory<byte>>? outbox;
    ReaderSubscription? current;
    Ending? ending;
    volatile bool sinkBusy;
    bool closed;

    internal DeliveryReader(DeliveryHub hub, IFrameSink sink) => (this.hub, this.sink) = (hub, sink);

    internal int Shard { get; set; }

    internal int Place { get; set; }

    internal ReaderSubscription? Subscription => Volatile.Read(ref current);

    /// <summary>Everything up to here has been handed to the socket, or does not concern the subscription; the hub's head without one.</summary>
    public long Cursor
    {
        get { lock (gate) return current?.Cursor ?? hub.Head; }
    }

    /// <summary>How many addresses the subscription names; null when it names none because it wants all.</summary>
    public long? AddressCount
    {
        get { lock (gate) return current is null ? null : hub.CountScripts(current); }
    }

    /// <summary>Whether there is a subscription.</summary>
    public bool IsSubscribed
    {
        get { lock (gate) return current is not null; }
    }

    /// <summary>Sends a message of the protocol, a whole frame, before any event that is not on its way yet.</summary>
    public void Send(ReadOnlyMemory<byte> frame)
    {
        lock (gate) (outbox ??= []).Add(frame);
        Wake();
    }

    /// <summary>
    /// Subscribes in place of what was subscribed. The subscription is effective when this returns, and its confirmation goes out before its first event.
    /// </summary>
    /// <param name="selection">What is wanted.</param>
    /// <param name="scripts">Only events of these scripts and chain-wide ones; null for all. The subscription's own from now on: only the caller's thread of
    /// <see cref="AddScripts"/> and <see cref="RemoveScripts"/> may go on reading it.</param>
    /// <param name="after">Replay from here, at most the hub's head; null: only what comes.</param>
    /// <param name="confirmation">Writes the confirmation, a whole frame.</param>
    public SubscriptionStart Subscribe(
        Selection selection, NamedScripts? scripts, long? after, Func<SubscriptionStart, ReadOnlyMemory<byte>> confirmation)
    {
        var next = new ReaderSubscription(hub, this, selection, scripts);
        var start = hub.Register(next, after);
        ReadOnlyMemory<byte> frame;
        try
        {
            frame = confirmation(start);
        }
        catch
        {
            hub.Unregister(next);
            throw;
        }

        ReaderSubscription? before;
        lock (gate)
        {
            (before, current) = (current, next);
            (outbox ??= []).Add(frame);
        }

        if (before is not null) hub.Unregister(before);
        Wake();
        return start;
    }

    /// <summary>Adds addresses to a subscription that names some; effective when this returns.</summary>
    /// <returns>How many were new, and the position from which they hold.</returns>
    public (int Added, SubscriptionStart Start) AddScripts(IReadOnlyCollection<(ChainId Chain, Script Script)> scripts) =>
        hub.AddScripts(Named(), scripts);

    /// <summary>Removes addresses from a subscription that names some.</summary>
    public (int Removed, SubscriptionStart Start) RemoveScripts(IReadOnlyCollection<(ChainId Chain, Script Script)> scripts) =>
        hub.RemoveScripts(Named(), scripts);

    /// <summary>Ends the subscription; <paramref name="reply"/> goes out after its last event.</summary>
    public void Unsubscribe(ReadOnlyMemory<byte> reply)
    {
        ReaderSubscription? before;
        lock (gate)
        {
            (before, current) = (current, null);
            (outbox ??= []).Add(reply);
        }

        if (before is not null) hub.Unregister(before);
        Wake();
    }

    /// <summary>Closes with a code and a reason that carries the cursor: <c>{"reason":"slow","seq":1042}</c>.</summary>
    /// <param name="code">One of <see cref="CloseCodes"/>.</param>
    /// <param name="reason">A stable word.</param>
    /// <param name="drain">First send what is due.</param>
    public void Close(int code, string reason, bool drain = false)
    {
        lock (gate)
        {
            // A close that does not wait overrides one that does; otherwise the first counts.
            if (ending is null || (ending.Drain && !drain)) ending = new Ending(code, reason, drain, hub.Time.GetTimestamp(), hub.Tail.Head);
        }

        Wake();
    }

    /// <summary>The sink has written what it kept.</summary>
    public void SinkReady()
    {
        sinkBusy = false;
        Wake();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ReaderSubscription? before;
        lock (gate)
        {
            closed = true;
            (before, current) = (current, null);
        }

        if (before is not null) hub.Unregister(before);
        hub.Forget(this);
    }

    /// <summary>Sends what is due, unless another thread does so already.</summary>
    internal void Wake()
    {
        if (!run.Request()) return;
        do SendDue();
        while (run.Again());
    }

    void IThreadPoolWorkItem.Execute() => Wake();

    /// <summary>Looks after a socket that takes nothing; called every second.</summary>
    internal void Sweep(long now)
    {
        var options = hub.Options;
        ReaderSubscription? subscription;
        Ending? due;
        lock (gate) (subscription, due) = (current, ending);
        // A slow reader may still come back and be told where it was; one that is to go for another reason has been given its time.
        if (due is not null && hub.Time.GetElapsedTime(due.Since, now) > (due.Code == CloseCodes.Slow ? options.StallToClose : options.CloseGrace))
        {
            if (due.Drain && sink.StalledSince is null) Close(due.Code, due.Reason);
            else if (!closed) sink.Abort();
            return;
        }

        if (sink.StalledSince is { } since)
        {
            var stalled = hub.Time.GetElapsedTime(since, now);
            if (stalled >= options.StallToCatchUp && subscription is { IsLive: true }) Detach(subscription);
            if (stalled >= options.StallToClose) CloseSlow(subscription);
        }

        // A reader that is far behind holds the segments that it has not read; let go of them, its cursor is enough.
        if (subscription is { IsLive: true } && subscription.IsFarBehind(options.LagBytes)) Detach(subscription);
    }

    void Detach(ReaderSubscription subscription)
    {
        // Who is sending at this moment finds out by itself.
        if (!run.Request()) return;
        do
        {
            hub.Detach(subscription);
            subscription.Release();
            SendDue();
        }
        while (run.Again());
    }

    void CloseSlow(ReaderSubscription? subscription)
    {
        lock (gate)
        {
            if (ending is not null) return;
            ending = new Ending(CloseCodes.Slow, "slow", Drain: false, hub.Time.GetTimestamp(), 0);
            if (subscription is not null)
                (outbox ??= []).Add(EventFrame.TextFrame(Encoding.UTF8.GetBytes($$"""{"type":"lagged","seq":{{subscription.Cursor}},"head":{{hub.Head}},"closing":true}""")));
        }

        hub.Metrics.SlowClosed();
        hub.Log.SlowReader(subscription?.Cursor ?? 0);
    }

    void SendDue()
    {
        for (var sends = 0; !sinkBusy; sends++)
        {
            if (sends == SendsPerTurn)
            {
                // Somebody who has a lot to catch up must not hold up the others of this pass.
                hub.Work.Queue(this);
                return;
            }

            if (!TryTake(out var bytes)) return;
            sinkBusy = true;
            if (sink.Send(bytes)) sinkBusy = false;
        }
    }

    bool TryTake(out ReadOnlyMemory<byte> bytes)
    {
        ReaderSubscription? subscription;
        Ending? due;
        lock (gate)
        {
            bytes = default;
            if (closed) return false;
            if (outbox is { Count: > 0 })
            {
                bytes = outbox.Count == 1 ? outbox[0] : Join(outbox);
                // Most connections are answered once and then only listen: no list is kept for them.
                outbox = null;
                return true;
            }

            (subscription, due) = (current, ending);
        }

        if (due is not { Drain: false } && subscription is not null && subscription.TryTake(out bytes)) return true;
        // What was durable when the close was asked for may still be on its way through the hub.
        if (due is null || (due.Drain && subscription is not null && (!subscription.IsLive || hub.Head < due.UpTo))) return false;
        closed = true;
        sink.Close(due.Code, $$"""{"reason":"{{due.Reason}}","seq":{{subscription?.Cursor ?? hub.Head}}}""");
        return false;
    }

    ReaderSubscription Named()
    {
        lock (gate)
        {
            return current is { Scripts: not null } ? current : throw new InvalidOperationException("There is no subscription that names addresses.");
        }
    }

    static byte[] Join(List<ReadOnlyMemory<byte>> frames)
    {
        var joined = new byte[frames.Sum(frame => frame.Length)];
        var at = 0;
        foreach (var frame in frames)
        {
            frame.CopyTo(joined.AsMemory(at));
            at += frame.Length;
        }

        return joined;
    }

    sealed record Ending(int Code, string Reason, bool Drain, long Since, long UpTo);
}
