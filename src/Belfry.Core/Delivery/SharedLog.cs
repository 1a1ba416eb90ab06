namespace Belfry.Core.Delivery;

/// <summary>Outcome of reading a <see cref="SharedLog"/>.</summary>
enum LogRead
{
    /// <summary>There are bytes.</summary>
    Some,

    /// <summary>The reader is at the end.</summary>
    None,

    /// <summary>The reader is further behind than allowed; it is served by paging from its cursor.</summary>
    Lost,
}

/// <summary>A reader's place in a shared log.</summary>
struct LogCursor
{
    public SharedLog.Segment? Segment;
    public int Offset;
    public long Frames;
}

/// <summary>
/// The framed bytes of one selection, shared by all who subscribed to it. A reader is a place in it and gets everything that piled up since in one piece. Segments are
/// linked forward only: what every reader has passed is garbage, so a drained log holds one segment.
/// </summary>
sealed class SharedLog
{
    const int FirstSegment = 4 << 10;
    const int LargestSegment = 64 << 10;
    const int ReadersPerTurn = 64;
    readonly Lock gate = new();
    readonly Shard[] shards;
    Segment last = new(FirstSegment, 0);
    int nextShard;

    public SharedLog(Selection selection, int shardCount, WorkQueue work)
    {
        Selection = selection;
        shards = new Shard[shardCount];
        for (var i = 0; i < shardCount; i++) shards[i] = new Shard(work);
    }

    public Selection Selection { get; }

    /// <summary>Live readers; changed under the hub's lock.</summary>
    public int Readers { get; private set; }

    /// <summary>Whether entries were appended since the readers were last woken; used under the hub's lock.</summary>
    public bool Touched { get; set; }

    public LogCursor End
    {
        get { lock (gate) return new LogCursor { Segment = last, Offset = last.Length, Frames = last.Frames }; }
    }

    public void Append(EventFrame frame)
    {
        var bytes = frame.WebSocketBytes.Span;
        lock (gate)
        {
            if (last.Bytes.Length - last.Length < bytes.Length)
            {
                var size = Math.Max(bytes.Length, Math.Min(LargestSegment, last.Bytes.Length * 2));
                var next = new Segment(size, last.Start + last.Length) { Frames = last.Frames, LastSequence = last.LastSequence };
                last.Next = next;
                last = next;
            }

            bytes.CopyTo(last.Bytes.AsSpan(last.Length));
            last.Length += bytes.Length;
            last.LastSequence = frame.Sequence;
            last.Frames++;
        }

        Touched = true;
    }

    /// <summary>Takes what piled up in one segment and moves the cursor behind it.</summary>
    public LogRead TryRead(ref LogCursor cursor, long lagBytes, out ReadOnlyMemory<byte> bytes, out long sequence, out long frames)
    {
        bytes = default;
        sequence = frames = 0;
        lock (gate)
        {
            var segment = cursor.Segment!;
            if (Lag(cursor) > lagBytes) return LogRead.Lost;
            while (cursor.Offset == segment.Length && segment.Next is { } next)
            {
                segment = next;
                cursor.Segment = next;
                cursor.Offset = 0;
            }

            if (cursor.Offset == segment.Length) return LogRead.None;
            bytes = segment.Bytes.AsMemory(cursor.Offset, segment.Length - cursor.Offset);
            cursor.Offset = segment.Length;
            sequence = segment.LastSequence;
            frames = segment.Frames - cursor.Frames;
            cursor.Frames = segment.Frames;
            return LogRead.Some;
        }
    }

    public bool IsBehind(LogCursor cursor, long lagBytes)
    {
        lock (gate) return cursor.Segment is not null && Lag(cursor) > lagBytes;
    }

    public void Add(DeliveryReader reader)
    {
        var shard = nextShard++ % shards.Length;
        reader.Shard = shard;
        shards[shard].Add(reader);
        Readers++;
    }

    public void Remove(DeliveryReader reader)
    {
        if (shards[reader.Shard].Remove(reader)) Readers--;
    }

    public void WakeReaders()
    {
        foreach (var shard in shards) shard.Wake();
    }

    long Lag(LogCursor cursor) => last.Start + last.Length - (cursor.Segment!.Start + cursor.Offset);

    public sealed class Segment(int size, long start)
    {
        public byte[] Bytes { get; } = new byte[size];

        /// <summary>Bytes of the log before this segment.</summary>
        public long Start { get; } = start;

        public int Length { get; set; }

        public long LastSequence { get; set; }

        /// <summary>Frames of the log up to and including this segment.</summary>
        public long Frames { get; set; }

        public Segment? Next { get; set; }
    }

    /// <summary>A part of the readers; each part is one unit of work, so that several cores can share a pass.</summary>
    sealed class Shard(WorkQueue work) : IThreadPoolWorkItem
    {
        readonly ExclusiveRun run = new();
        DeliveryReader?[] readers = new DeliveryReader?[4];
        int count;

        // Where the pass under way goes on; only its own turns use it.
        int next;

        // Changes happen under the hub's lock while a pass may be under way: it works on the array and the count that it found, and a slot may have become empty.
        public void Add(DeliveryReader reader)
        {
            if (count == readers.Length)
            {
                var bigger = new DeliveryReader?[count * 2];
                Array.Copy(readers, bigger, count);
                Volatile.Write(ref readers, bigger);
            }

            reader.Place = count;
            Volatile.Write(ref readers[count], reader);
            Volatile.Write(ref count, count + 1);
        }

        public bool Remove(DeliveryReader reader)
        {
            var at = reader.Place;
            if (at >= count || readers[at] != reader) return false;
            var moved = readers[count - 1]!;
            Volatile.Write(ref readers[count - 1], null);
            Volatile.Write(ref count, count - 1);
            if (moved == reader) return true;
            moved.Place = at;
            Volatile.Write(ref readers[at], moved);
            // The pass that is under way may be beyond its new place and not yet have been at the old one.
            work.Queue(moved);
            return true;
        }

        public void Wake()
        {
            if (Volatile.Read(ref count) > 0 && run.Request()) work.Queue(this);
        }

        public void Execute()
        {
            for (var left = ReadersPerTurn; ;)
            {
                var pass = Volatile.Read(ref readers);
                var end = Math.Min(Volatile.Read(ref count), pass.Length);
                for (; next < end && left > 0; left--) Volatile.Read(ref pass[next++])?.Wake();
                if (next < end)
                {
                    // Thousands of sends in one go would keep the chains and the store waiting for a worker, and with them the next event.
                    work.Queue(this);
                    return;
                }

                next = 0;
                if (!run.Again()) return;
            }
        }
    }
}
