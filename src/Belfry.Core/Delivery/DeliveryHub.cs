using System.Runtime.InteropServices;
using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Runtime;
using Microsoft.Extensions.Logging;

namespace Belfry.Core.Delivery;

/// <summary>
/// Follows the journal's tail and hands every entry to those whom it concerns: to the shared log of each selection, and by script to the readers that named it, so that
/// an event costs what its listeners cost and never a look at every connection. Nothing here waits for a socket.
/// </summary>
public sealed class DeliveryHub : IAsyncDisposable
{
    const int RouteBatch = 512;
    static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    // Order of locks: hub, then log, tail or a reader's pending list. No lock is held while bytes are sent.
    readonly Lock gate = new();
    readonly Dictionary<Selection, SharedLog> logs = [];
    readonly ScriptRoutes routes = new();
    readonly HashSet<DeliveryReader> readers = [];
    readonly ExclusiveRun pump = new();
    readonly List<SharedLog> touchedLogs = [];
    readonly HashSet<DeliveryReader> touchedReaders = [];
    readonly EventFrame[] batch = new EventFrame[RouteBatch];
    readonly CancellationTokenSource stopping = new();
    readonly int shardCount = Math.Clamp(Environment.ProcessorCount, 1, 8);
    ITimer? sweeper;
    volatile bool draining;
    long routed;

    /// <summary>Creates a hub; <see cref="StartAsync"/> opens it.</summary>
    public DeliveryHub(JournalTail tail, IJournal journal, DeliveryOptions options, TimeProvider time, DeliveryMetrics metrics, ILogger<DeliveryHub> log)
    {
        (Tail, Journal, Options, Time, Metrics) = (tail, journal, options, time, metrics);
        Log = new DeliveryLog(log);
        Work = new WorkQueue(TaskScheduler.Current);
        Stopping = stopping.Token;
        metrics.Observe(this);
    }

    /// <summary>Which journal the sequence numbers belong to.</summary>
    public string Epoch { get; private set; } = "";

    /// <summary>The last entry that was handed on.</summary>
    public long Head => Volatile.Read(ref routed);

    /// <summary>Open connections.</summary>
    public int ReaderCount
    {
        get { lock (gate) return readers.Count; }
    }

    internal JournalTail Tail { get; }

    internal IJournal Journal { get; }

    internal DeliveryOptions Options { get; }

    internal TimeProvider Time { get; }

    internal DeliveryMetrics Metrics { get; }

    internal DeliveryLog Log { get; }

    internal WorkQueue Work { get; }

    internal CancellationToken Stopping { get; }

    /// <summary>Reads where the journal stands and begins to follow it.</summary>
    public async ValueTask StartAsync(CancellationToken cancellationToken)
    {
        Epoch = await Journal.ReadEpochAsync(cancellationToken);
        Tail.Open(await Journal.ReadHeadAsync(cancellationToken));
        Volatile.Write(ref routed, Tail.Head);
        Tail.Grown = Pump;
        sweeper = Time.CreateTimer(_ => Work.Queue(new SweepRun(this)), null, SweepInterval, SweepInterval);
        Pump();
    }

    /// <summary>Opens the way out of one connection.</summary>
    public DeliveryReader Open(IFrameSink sink)
    {
        var reader = new DeliveryReader(this, sink);
        lock (gate) readers.Add(reader);
        return reader;
    }

    /// <summary>Closes every connection with a code and its cursor, after what is due has been sent.</summary>
    public void CloseAll(int code, string reason)
    {
        draining = true;
        foreach (var reader in Snapshot()) reader.Close(code, reason, drain: true);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Tail.Grown = null;
        if (sweeper is not null) await sweeper.DisposeAsync();
        Background.Cancel(stopping);
        stopping.Dispose();
    }

    internal SubscriptionStart Register(ReaderSubscription subscription, long? after)
    {
        lock (gate)
        {
            var head = Head;
            if (subscription.Scripts is not null) routes.Open(subscription);
            subscription.StartAt(after ?? head);
            if (subscription.Cursor == head) GoLive(subscription);
            return new SubscriptionStart(after ?? head, Epoch);
        }
    }

    internal void Unregister(ReaderSubscription subscription)
    {
        lock (gate)
        {
            subscription.IsClosed = true;
            LeaveLog(subscription);
            if (subscription.Scripts is not null) routes.Close(subscription);
        }
    }

    internal (int Added, SubscriptionStart Start) AddScripts(ReaderSubscription subscription, IReadOnlyCollection<(ChainId Chain, Script Script)> scripts)
    {
        lock (gate) return (scripts.Count(entry => routes.Add(subscription, entry.Chain, entry.Script)), new SubscriptionStart(Head, Epoch));
    }

    internal (int Removed, SubscriptionStart Start) RemoveScripts(ReaderSubscription subscription, IReadOnlyCollection<(ChainId Chain, Script Script)> scripts)
    {
        lock (gate) return (scripts.Count(entry => routes.Remove(subscription, entry.Chain, entry.Script)), new SubscriptionStart(Head, Epoch));
    }

    internal bool Listens(ReaderSubscription subscription, ChainId chain, Script script)
    {
        lock (gate) return subscription.Scripts!.Contains(chain, script);
    }

    internal long? CountScripts(ReaderSubscription subscription)
    {
        lock (gate) return subscription.Scripts?.Count;
    }

    internal bool TryGoLive(ReaderSubscription subscription)
    {
        lock (gate)
        {
            if (subscription.Cursor != Head || subscription.IsClosed) return false;
            GoLive(subscription);
            return true;
        }
    }

    internal void Detach(ReaderSubscription subscription)
    {
        lock (gate)
        {
            if (!subscription.IsLive) return;
            LeaveLog(subscription);
            subscription.GoBehind();
            Metrics.Detached();
        }
    }

    internal void Forget(DeliveryReader reader)
    {
        lock (gate) readers.Remove(reader);
    }

    void GoLive(ReaderSubscription subscription)
    {
        if (subscription.Scripts is null)
        {
            ref var log = ref CollectionsMarshal.GetValueRefOrAddDefault(logs, subscription.Selection, out _);
            log ??= new SharedLog(subscription.Selection, shardCount, Work);
            log.Add(subscription.Reader);
            subscription.Log = log;
        }

        subscription.GoLive();
    }

    void LeaveLog(ReaderSubscription subscription)
    {
        if (subscription.Log is not { } log) return;
        log.Remove(subscription.Reader);
        if (log.Readers == 0) logs.Remove(log.Selection);
        subscription.Log = null;
    }

    void Pump()
    {
        if (stopping.IsCancellationRequested || !pump.Request()) return;
        Work.Queue(new PumpRun(this));
    }

    void Route()
    {
        do
        {
            while (RouteSome())
            {
                foreach (var log in touchedLogs) log.WakeReaders();
                foreach (var reader in touchedReaders) Work.Queue(reader);
                touchedLogs.Clear();
                touchedReaders.Clear();
            }
        }
        while (pump.Again());

        // A close that waits for the last events must not wait for another one to wake it.
        if (!draining) return;
        foreach (var reader in Snapshot()) Work.Queue(reader);
    }

    bool RouteSome()
    {
        lock (gate)
        {
            if (!Tail.TryRead(routed, batch, out var count))
            {
                SkipHole();
                return true;
            }

            foreach (var frame in batch.AsSpan(0, count)) RouteOne(frame);
            if (count == 0) return false;
            Volatile.Write(ref routed, batch[count - 1].Sequence);
            touchedLogs.AddRange(logs.Values.Where(log => log.Touched));
            foreach (var log in touchedLogs) log.Touched = false;
            Array.Clear(batch, 0, count);
            return true;
        }
    }

    void RouteOne(EventFrame frame)
    {
        foreach (var log in logs.Values)
        {
            if (log.Selection.Wants(frame.Entry)) log.Append(frame);
        }

        foreach (var subscription in routes.Find(frame.Entry.Chain, frame.Entry.Event.Script))
        {
            if (!subscription.IsLive || !subscription.Selection.Wants(frame.Entry)) continue;
            if (!subscription.Enqueue(frame.Sequence, Options.PendingEntries)) Detach(subscription);
            touchedReaders.Add(subscription.Reader);
        }
    }

    // The window has moved past us (or had a hole): everybody reads on from the journal.
    void SkipHole()
    {
        Log.WindowOverrun(Head, Tail.Head);
        Volatile.Write(ref routed, Tail.Head);
        foreach (var reader in readers)
        {
            if (reader.Subscription is { IsLive: true } live) Detach(live);
            touchedReaders.Add(reader);
        }
    }

    void Sweep()
    {
        var now = Time.GetTimestamp();
        foreach (var reader in Snapshot()) reader.Sweep(now);
    }

    DeliveryReader[] Snapshot()
    {
        lock (gate) return [.. readers];
    }

    sealed class SweepRun(DeliveryHub hub) : IThreadPoolWorkItem
    {
        public void Execute() => hub.Sweep();
    }

    sealed class PumpRun(DeliveryHub hub) : IThreadPoolWorkItem
    {
        public void Execute() => hub.Route();
    }
}
