using System.Collections.Immutable;
using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;

namespace Belfry.Core.Ledger;

/// <summary>What survives a crash of a <see cref="MemoryStore"/>: a simulated disk. One store at a time may have it open.</summary>
/// <param name="entropy">Draws the journal's epoch; a simulation passes a seeded one.</param>
public sealed class MemoryDisk(IEntropy? entropy = null)
{
    /// <summary>The journal's epoch.</summary>
    public string Epoch { get; } = JournalRules.NewEpoch(entropy ?? SystemEntropy.Instance);

    /// <summary>While true every write is refused as by a full disk; reads go on.</summary>
    public bool IsFull { get; set; }

    internal MemoryState Durable { get; set; } = MemoryState.Empty;

    internal MemoryStore? Owner { get; set; }
}

/// <summary>How a simulated disk behaves.</summary>
public sealed record MemoryStoreOptions
{
    /// <summary>How long a sync takes; writes that arrive meanwhile share the next one. Zero: every write is synced at once. Infinite: only by <see cref="MemoryStore.Sync"/>.</summary>
    public TimeSpan SyncTime { get; init; } = TimeSpan.Zero;

    /// <summary>Measures <see cref="SyncTime"/>.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>
/// Ledger, journal and watches in this process's memory, with the guarantees of a real store and a simulated disk under it: a write returns, is seen by readers
/// and is told to listeners only after the sync that covers it; <see cref="Crash"/> loses what was not synced. Deterministic, for tests and seeded simulation.
/// </summary>
public sealed class MemoryStore : IAsyncDisposable
{
    readonly Lock gate = new();
    readonly Lock telling = new();
    readonly MemoryStoreOptions options;
    readonly Queue<Pending> unsynced = new();
    readonly List<IJournalListener> listeners = [];
    MemoryState written;
    bool syncing;
    bool closed;

    /// <summary>Opens a disk, or a new one.</summary>
    /// <exception cref="StoreException">Another store has the disk open.</exception>
    public MemoryStore(MemoryDisk? disk = null, MemoryStoreOptions? options = null)
    {
        Disk = disk ?? new MemoryDisk();
        this.options = options ?? new MemoryStoreOptions();
        if (Disk.Owner is not null) throw new StoreException(Name, "another store has this disk open");
        Disk.Owner = this;
        written = Disk.Durable;
        var ledger = new MemoryLedger(this);
        Ledger = ledger;
        Reader = ledger;
        Journal = new MemoryJournal(this);
        Watches = new MemoryWatchStore(this);
        Changes = new MemoryWatchFeed(this, this.options.Clock);
    }

    /// <summary>What survives.</summary>
    public MemoryDisk Disk { get; }

    /// <summary>The ledger as trackers write it.</summary>
    public ILedger Ledger { get; }

    /// <summary>The ledger as people and programs read it.</summary>
    public ILedgerReader Reader { get; }

    /// <summary>The journal.</summary>
    public IJournal Journal { get; }

    /// <summary>Standing interests.</summary>
    public IWatchStore Watches { get; }

    /// <summary>What changes among them, for several simulated servers on one store.</summary>
    public MemoryWatchFeed Changes { get; }

    /// <summary>Writes that a crash could lose now.</summary>
    public int Unsynced
    {
        get
        {
            lock (gate) return unsynced.Count;
        }
    }

    internal string Name => "memory";

    /// <summary>Tells <paramref name="listener"/> of every entry from now on, until the result is disposed.</summary>
    public IDisposable Attach(IJournalListener listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        lock (gate) listeners.Add(listener);
        return new Attachment(this, listener);
    }

    /// <summary>The sync point: everything written so far becomes durable, seen and told, and its writers return.</summary>
    public void Sync()
    {
        // One sync at a time tells, so that entries cannot swap; not under the gate, so that a listener's own lock and a reader's cannot embrace.
        lock (telling)
        {
            Pending[] writes;
            IJournalListener[] hearers;
            ImmutableList<JournalEntry> entries;
            lock (gate)
            {
                if (unsynced.Count == 0) return;
                writes = [.. unsynced];
                unsynced.Clear();
                var told = (int)Disk.Durable.Head;
                Disk.Durable = writes[^1].After;
                entries = Disk.Durable.Entries.GetRange(told, (int)Disk.Durable.Head - told);
                hearers = [.. listeners];
            }

            if (!entries.IsEmpty)
            {
                foreach (var listener in hearers) listener.Appended(entries);
            }

            Changes.Stir();
            foreach (var write in writes) write.Done.SetResult();
        }
    }

    /// <summary>
    /// Loses power: the first <paramref name="kept"/> of the unsynced writes had reached the disk although nobody was told, the rest are gone. Waiting writers
    /// and every later call fail; open the <see cref="Disk"/> with a new store to go on.
    /// </summary>
    public void Crash(int kept = 0)
    {
        lock (gate)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(kept);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(kept, unsynced.Count);
            foreach (var write in unsynced)
            {
                if (kept-- > 0) Disk.Durable = write.After;
                write.Done.SetException(Closed());
            }

            Close();
        }
    }

    /// <summary>Syncs and lets go of the disk.</summary>
    public ValueTask DisposeAsync()
    {
        Sync();
        lock (gate)
        {
            if (!closed) Close();
        }

        return ValueTask.CompletedTask;
    }

    internal MemoryState Read(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate) return closed ? throw Closed() : Disk.Durable;
    }

    internal ValueTask WriteAsync(Func<MemoryState, MemoryState> change, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Pending write;
        var starts = false;
        lock (gate)
        {
            if (closed) throw Closed();
            if (Disk.IsFull) throw new StoreException(Name, "the disk is full; free some space, nothing was written");
            written = change(written);
            write = new Pending(written);
            unsynced.Enqueue(write);
            if (options.SyncTime > TimeSpan.Zero) starts = !syncing && (syncing = true);
        }

        if (options.SyncTime == TimeSpan.Zero) Sync();
        return starts ? new ValueTask(StartSyncAsync(write)) : new ValueTask(write.Done.Task);
    }

    // The first writer waits for the disk on behalf of all that join it.
    async Task StartSyncAsync(Pending write)
    {
        await Task.Delay(options.SyncTime, options.Clock, CancellationToken.None);
        lock (gate) syncing = false;
        Sync();
        await write.Done.Task;
    }

    void Close()
    {
        closed = true;
        unsynced.Clear();
        listeners.Clear();
        Disk.Owner = null;
    }

    StoreException Closed() => new(Name, "the store is closed");

    sealed class Pending(MemoryState after)
    {
        public MemoryState After => after;

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    sealed class Attachment(MemoryStore store, IJournalListener listener) : IDisposable
    {
        public void Dispose()
        {
            lock (store.gate) store.listeners.Remove(listener);
        }
    }
}

/// <summary>Everything a store knows, as an immutable value.</summary>
sealed record MemoryState
{
    public static MemoryState Empty { get; } = new();

    public ImmutableSortedDictionary<ChainId, MemoryChain> Chains { get; init; } = ImmutableSortedDictionary<ChainId, MemoryChain>.Empty;

    public ImmutableList<JournalEntry> Entries { get; init; } = [];

    public ImmutableDictionary<string, long> Ids { get; init; } = ImmutableDictionary<string, long>.Empty;

    public MemoryWatches Watches { get; init; } = MemoryWatches.Empty;

    public long Head => Entries.Count;

    public MemoryChain Chain(ChainId chain) => Chains.GetValueOrDefault(chain) ?? MemoryChain.Empty;

    public MemoryState Append(ChainId chain, IReadOnlyList<PendingEvent> events, out int duplicates)
    {
        var (entries, ids) = (Entries.ToBuilder(), Ids.ToBuilder());
        duplicates = 0;
        foreach (var told in events)
        {
            if (ids.TryAdd(told.Id, entries.Count + 1)) entries.Add(new JournalEntry(entries.Count + 1, chain, told));
            else duplicates++;
        }

        return this with { Entries = entries.ToImmutable(), Ids = ids.ToImmutable() };
    }
}
