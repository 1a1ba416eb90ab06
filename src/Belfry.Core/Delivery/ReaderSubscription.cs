using System.Text;
using Belfry.Core.Journal;
using Belfry.Core.Listeners;
using Belfry.Core.Runtime;

namespace Belfry.Core.Delivery;

/// <summary>
/// One reader's subscription: a cursor over the journal. Live it follows a shared log, or (with addresses) a short list of sequence numbers; behind, it pages from the
/// tail in memory or from the journal, and goes live at the hub's head without gap or overlap. The cursor never passes what the hub has routed.
/// </summary>
sealed class ReaderSubscription(DeliveryHub hub, DeliveryReader reader, Selection selection, NamedScripts? scripts)
{
    const int ChunkBytes = 64 << 10;
    const int FewestEntries = 16;
    const int TailBatch = 256;
    // Only where addresses are named; whoever wants all follows a shared log. Also its own lock.
    readonly Queue<long>? pending = scripts is null ? null : new Queue<long>();
    LogCursor place;
    ReadOnlyMemory<byte> page;
    long pageFrames;
    long pageCursor;
    long cursor;
    bool lagNotice;
    volatile bool fetching;
    int pageEntries = 64;

    public DeliveryReader Reader { get; } = reader;

    public Selection Selection { get; } = selection;

    /// <summary>The scripts, when the subscription names addresses; used under the hub's lock.</summary>
    public NamedScripts? Scripts { get; } = scripts;

    /// <summary>The shared log while live without addresses; changed under the hub's lock.</summary>
    public SharedLog? Log { get; set; }

    /// <summary>False while it reads the past; changed under the hub's lock.</summary>
    public bool IsLive { get; private set; }

    /// <summary>Ended; it must not enter a log again. Changed under the hub's lock.</summary>
    public bool IsClosed { get; set; }

    /// <summary>Everything up to here has been handed to the socket or does not concern the reader.</summary>
    public long Cursor => Volatile.Read(ref cursor);

    public void StartAt(long position) => Volatile.Write(ref cursor, position);

    /// <summary>Goes live; under the hub's lock, with the cursor at the hub's head.</summary>
    public void GoLive()
    {
        if (Log is not null) place = Log.End;
        IsLive = true;
    }

    /// <summary>Leaves live mode; under the hub's lock.</summary>
    public void GoBehind()
    {
        IsLive = false;
        lagNotice = true;
        if (pending is null) return;
        lock (pending) pending.Clear();
    }

    /// <summary>Lets go of the segments that were not read; only from the reader's own work, after <see cref="GoBehind"/>.</summary>
    public void Release() => place = default;

    public bool IsFarBehind(long lagBytes) => Log is { } log && log.IsBehind(place, lagBytes);

    /// <summary>Notes an entry that concerns the reader; under the hub's lock.</summary>
    /// <returns>False when too many wait: the reader must leave live mode.</returns>
    public bool Enqueue(long sequence, int limit)
    {
        lock (pending!)
        {
            if (pending.Count >= limit) return false;
            pending.Enqueue(sequence);
            return true;
        }
    }

    /// <summary>Whether the entry concerns this reader.</summary>
    public bool Wants(JournalEntry entry)
    {
        if (Scripts is not null && entry.Event.Script is { } script && !hub.Listens(this, entry.Chain, script)) return false;
        return Selection.Wants(entry);
    }

    /// <summary>The next bytes to send; only from the reader's own work. False: nothing now, the reader will be woken.</summary>
    public bool TryTake(out ReadOnlyMemory<byte> bytes)
    {
        while (true)
        {
            bytes = default;
            if (!IsLive)
            {
                if (TryTakeBehind(out bytes)) return true;
                if (!IsLive) return false;
            }
            else if (Scripts is null)
            {
                switch (Log!.TryRead(ref place, hub.Options.LagBytes, out bytes, out var sequence, out var frames))
                {
                    case LogRead.Some:
                        Volatile.Write(ref cursor, sequence);
                        hub.Metrics.Delivered(frames, bytes.Length);
                        return true;
                    case LogRead.None: return false;
                    default:
                        hub.Detach(this);
                        Release();
                        break;
                }
            }
            else if (TryTakePending(out bytes, out var nothing))
            {
                return true;
            }
            else if (nothing)
            {
                return false;
            }
        }
    }

    bool TryTakePending(out ReadOnlyMemory<byte> bytes, out bool nothing)
    {
        bytes = default;
        var frames = new List<EventFrame>();
        var complete = true;
        lock (pending!)
        {
            nothing = pending.Count == 0;
            var size = 0;
            while (pending.TryPeek(out var sequence))
            {
                var frame = hub.Tail.Find(sequence);
                complete = frame is not null;
                if (frame is null || (frames.Count > 0 && size + frame.WebSocketBytes.Length > ChunkBytes)) break;
                frames.Add(frame);
                size += frame.WebSocketBytes.Length;
                pending.Dequeue();
            }
        }

        // The window moved past what waits here: the journal still has it.
        if (!complete) hub.Detach(this);
        if (frames.Count == 0) return false;
        bytes = Join(frames);
        Volatile.Write(ref cursor, frames[^1].Sequence);
        hub.Metrics.Delivered(frames.Count, bytes.Length);
        return true;
    }

    bool TryTakeBehind(out ReadOnlyMemory<byte> bytes)
    {
        bytes = default;
        while (!fetching)
        {
            if (lagNotice)
            {
                lagNotice = false;
                bytes = LaggedMessage();
                return true;
            }

            if (!page.IsEmpty)
            {
                bytes = page;
                page = default;
                Volatile.Write(ref cursor, pageCursor);
                hub.Metrics.Delivered(pageFrames, bytes.Length);
                return true;
            }

            if (hub.TryGoLive(this)) return false;
            if (!TryReadTail(out bytes))
            {
                fetching = true;
                _ = Background.Start(FetchAsync, hub.Stopping);
            }
            else if (!bytes.IsEmpty)
            {
                return true;
            }
        }

        return false;
    }

    bool TryReadTail(out ReadOnlyMemory<byte> bytes)
    {
        bytes = default;
        var batch = new EventFrame[TailBatch];
        var head = hub.Head;
        if (!hub.Tail.TryRead(cursor, batch, out var count)) return false;
        var frames = new List<EventFrame>();
        var size = 0;
        var reached = cursor;
        foreach (var frame in batch.AsSpan(0, count))
        {
            if (frame.Sequence > head || size > ChunkBytes) break;
            reached = frame.Sequence;
            if (!Wants(frame.Entry)) continue;
            frames.Add(frame);
            size += frame.WebSocketBytes.Length;
        }

        if (frames.Count > 0) bytes = Join(frames);
        Volatile.Write(ref cursor, reached);
        hub.Metrics.Delivered(frames.Count, bytes.Length);
        return true;
    }

    async Task FetchAsync()
    {
        try
        {
            var head = hub.Head;
            var from = Cursor;
            var read = await hub.Journal.ReadAsync(from, Math.Min(pageEntries, hub.Options.PageSize), PageFilter(), hub.Stopping);
            var frames = read.Entries.Where(entry => entry.Sequence <= head && Wants(entry)).Select(entry => new EventFrame(entry)).ToList();
            var reached = Math.Min(read.Next, head);
            // A socket that takes nothing holds what it was given: no more than a chunk, however long the entries are.
            var size = 0;
            var fitting = frames.TakeWhile(frame => (size += frame.WebSocketBytes.Length) <= ChunkBytes || frame == frames[0]).Count();
            pageEntries = size == 0 ? hub.Options.PageSize : (int)Math.Clamp((long)ChunkBytes * read.Entries.Count / size, Math.Min(FewestEntries, hub.Options.PageSize), hub.Options.PageSize);
            if (fitting < frames.Count)
            {
                reached = frames[fitting - 1].Sequence;
                frames.RemoveRange(fitting, frames.Count - fitting);
            }

            if (reached <= from)
            {
                // The journal has nothing there although the window begins later: wait a moment instead of asking in a circle.
                await Task.Delay(TimeSpan.FromMilliseconds(50), hub.Time, hub.Stopping);
            }
            else if (frames.Count == 0)
            {
                Volatile.Write(ref cursor, reached);
            }
            else
            {
                (page, pageFrames, pageCursor) = (Join(frames), frames.Count, reached);
            }

            hub.Metrics.PageRead();
        }
        catch (OperationCanceledException) when (hub.Stopping.IsCancellationRequested)
        {
            return;
        }
        catch (BelfryException problem)
        {
            hub.Log.PageFailed(problem, Cursor);
            Reader.Close(CloseCodes.ServerError, "journal_unavailable");
        }
        finally
        {
            fetching = false;
        }

        Reader.Wake();
    }

    // The journal can narrow down the chain; a script would hide the chain-wide events. The rest is tested on what it returns.
    JournalFilter? PageFilter() => Selection.OnlyChain is { } only ? new JournalFilter(only) : null;

    byte[] LaggedMessage() => EventFrame.TextFrame(Encoding.UTF8.GetBytes($$"""{"type":"lagged","seq":{{Cursor}},"head":{{hub.Head}}}"""));

    static ReadOnlyMemory<byte> Join(List<EventFrame> frames)
    {
        if (frames.Count == 1) return frames[0].WebSocketBytes;
        var joined = new byte[frames.Sum(frame => frame.WebSocketBytes.Length)];
        var at = 0;
        foreach (var frame in frames)
        {
            frame.WebSocketBytes.Span.CopyTo(joined.AsSpan(at));
            at += frame.WebSocketBytes.Length;
        }

        return joined;
    }
}
