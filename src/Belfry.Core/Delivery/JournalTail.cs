using Belfry.Core.Journal;

namespace Belfry.Core.Delivery;

/// <summary>
/// The recent end of the journal in memory, encoded: a window bounded in bytes over consecutive entries. Who reads further back pages from <see cref="IJournal"/>.
/// </summary>
public sealed class JournalTail(DeliveryOptions options) : IJournalListener
{
    readonly Lock gate = new();
    EventFrame?[] ring = new EventFrame?[1024];
    long first = 1;
    long head;
    long bytes;

    /// <summary>Called after entries have joined; at once and without the tail's lock.</summary>
    public Action? Grown { get; set; }

    /// <summary>Sequence number of the last entry seen.</summary>
    public long Head
    {
        get { lock (gate) return head; }
    }

    /// <summary>Bytes held.</summary>
    public long Bytes
    {
        get { lock (gate) return bytes; }
    }

    /// <summary>Starts the window behind <paramref name="journalHead"/>, unless entries have arrived already.</summary>
    public void Open(long journalHead)
    {
        lock (gate)
        {
            if (journalHead <= head) return;
            Clear(journalHead + 1);
            head = journalHead;
        }
    }

    /// <inheritdoc/>
    public void Appended(IReadOnlyList<JournalEntry> entries)
    {
        // Encoded here, on the committer's thread: a microsecond or two for each, once for all readers.
        var frames = new EventFrame[entries.Count];
        for (var i = 0; i < frames.Length; i++) frames[i] = new EventFrame(entries[i]);
        lock (gate)
        {
            foreach (var frame in frames) Add(frame);
        }

        Grown?.Invoke();
    }

    /// <summary>Copies frames after a position, in order.</summary>
    /// <returns>False when the window does not reach back that far.</returns>
    public bool TryRead(long after, Span<EventFrame> frames, out int count)
    {
        lock (gate)
        {
            count = 0;
            if (after < first - 1) return false;
            while (count < frames.Length && after + count < head)
            {
                frames[count] = ring[(after + count + 1) & (ring.Length - 1)]!;
                count++;
            }

            return true;
        }
    }

    /// <summary>One frame, or null when it is outside the window.</summary>
    public EventFrame? Find(long sequence)
    {
        lock (gate) return sequence >= first && sequence <= head ? ring[sequence & (ring.Length - 1)] : null;
    }

    void Add(EventFrame frame)
    {
        if (frame.Sequence <= head) return;

        // A hole can only mean that entries were committed before this listener was attached: readers find them in the journal.
        if (frame.Sequence != head + 1) Clear(frame.Sequence);
        while (first <= head && (bytes + frame.WebSocketBytes.Length > options.WindowBytes)) DropFirst();
        if (frame.Sequence - first >= ring.Length) Grow();
        ring[frame.Sequence & (ring.Length - 1)] = frame;
        head = frame.Sequence;
        bytes += frame.WebSocketBytes.Length;
    }

    void DropFirst()
    {
        ref var slot = ref ring[first & (ring.Length - 1)];
        bytes -= slot!.WebSocketBytes.Length;
        slot = null;
        first++;
    }

    void Grow()
    {
        var bigger = new EventFrame?[ring.Length * 2];
        for (var sequence = first; sequence <= head; sequence++) bigger[sequence & (bigger.Length - 1)] = ring[sequence & (ring.Length - 1)];
        ring = bigger;
    }

    void Clear(long next)
    {
        Array.Clear(ring);
        first = next;
        bytes = 0;
    }
}
