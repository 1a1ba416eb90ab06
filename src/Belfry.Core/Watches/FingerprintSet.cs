using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Belfry.Core.Watches;

/// <summary>
/// A set of 64-bit fingerprints that counts how often each was added, so that two things with one fingerprint do not remove each other.
/// 14 to 18 bytes per fingerprint from a million on; growing moves one 1024th at a time, so that no single call is long. One thread at a time.
/// </summary>
/// <remarks>
/// Open addressing with linear probing in 1024 segments. Every search begins at a cache line of eight slots, so that a miss mostly reads one line and no
/// more. A segment's slots are followed by a tail that catches its last cluster, and the last <see cref="Line"/> slots stay empty: a probe is one 64-byte
/// load after the other until one shows an empty slot, without wrap-around. Segments are pinned, because only then their lines stay lines.
/// A table that no cache holds gets a summary that one does: for each line a word with two bits of every fingerprint whose search begins there. It answers all but
/// two in a hundred of the misses; being made of what stands in the line's cluster, it can be made anew when something is removed.
/// </remarks>
public sealed unsafe class FingerprintSet
{
    const int SegmentBits = 10;
    const int Line = 8;
    const int Ahead = 48;

    // Slots of a segment from which on it has a summary: the whole table is 32 MB then.
    const uint SummaryFrom = 4096;
    readonly Segment[] segments = new Segment[1 << SegmentBits];
    readonly ulong[]?[] memory = new ulong[1 << SegmentBits][];
    readonly ulong[]?[] summaries = new ulong[1 << SegmentBits][];
    readonly Dictionary<ulong, int> repeats = [];

    /// <summary>How many distinct fingerprints it holds.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes held by the table, without what the runtime adds per array.</summary>
    public long Bytes
    {
        get
        {
            var bytes = (long)segments.Length * (Unsafe.SizeOf<Segment>() + sizeof(ulong));
            foreach (var slots in memory) bytes += (slots?.Length ?? 0) * (long)sizeof(ulong);
            foreach (var words in summaries) bytes += (words?.Length ?? 0) * (long)sizeof(ulong);
            return bytes + (repeats.Count * 24L);
        }
    }

    /// <summary>Whether the fingerprint is there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains(ulong fingerprint)
    {
        ref var segment = ref segments[fingerprint >> (64 - SegmentBits)];
        return segment.Size != 0 && segment.MightContain(fingerprint) && Find(segment.Slots + HomeOf(fingerprint, segment.Size), fingerprint);
    }

    /// <summary>Looks many up at once and overlaps their cache misses.</summary>
    /// <param name="fingerprints">What to look up.</param>
    /// <param name="found">Receives the positions of those that are there, ascending; as long as <paramref name="fingerprints"/>.</param>
    /// <returns>How many positions were written.</returns>
    public int Find(ReadOnlySpan<ulong> fingerprints, Span<int> found)
    {
        if (Count == 0) return 0;
        var count = 0;
        // What the summaries leave over waits for its line of the table, which is on its way meanwhile.
        Span<int> waiting = stackalloc int[Ahead];
        var waits = 0;
        for (var i = 0; i < Math.Min(Ahead, fingerprints.Length); i++) Prefetch(fingerprints[i]);
        for (var i = 0; i < fingerprints.Length; i++)
        {
            if (i + Ahead < fingerprints.Length) Prefetch(fingerprints[i + Ahead]);
            if (!Remains(fingerprints[i])) continue;
            waiting[waits++] = i;
            if (waits < Ahead) continue;
            count = Verify(fingerprints, waiting, found, count);
            waits = 0;
        }

        return Verify(fingerprints, waiting[..waits], found, count);
    }

    /// <summary>Adds one occurrence.</summary>
    public void Add(ulong fingerprint)
    {
        ArgumentOutOfRangeException.ThrowIfZero(fingerprint);
        if (Contains(fingerprint))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(repeats, fingerprint, out _)++;
            return;
        }

        ref var segment = ref segments[fingerprint >> (64 - SegmentBits)];
        // At most five eighths full: nine misses in ten then read one cache line only.
        if (segment.Count >= segment.Size / 8 * 5) Resize(fingerprint, Grown(segment.Size));
        while (!segment.TryPlace(fingerprint)) Resize(fingerprint, Grown(segment.Size));
        segment.Count++;
        Count++;
    }

    /// <summary>Removes one occurrence.</summary>
    public void Remove(ulong fingerprint)
    {
        if (fingerprint == 0 || !Contains(fingerprint)) return;
        if (repeats.TryGetValue(fingerprint, out var more))
        {
            if (more == 1) repeats.Remove(fingerprint);
            else repeats[fingerprint] = more - 1;
            return;
        }

        ref var segment = ref segments[fingerprint >> (64 - SegmentBits)];
        segment.Erase(fingerprint);
        segment.Count--;
        Count--;
        if (segment.Size > 64 && segment.Count < segment.Size >> 2) Resize(fingerprint, Whole(segment.Size >> 1));
    }

    int Verify(ReadOnlySpan<ulong> fingerprints, ReadOnlySpan<int> waiting, Span<int> found, int count)
    {
        foreach (var i in waiting)
        {
            ref var segment = ref segments[fingerprints[i] >> (64 - SegmentBits)];
            if (segment.Size != 0 && Find(segment.Slots + HomeOf(fingerprints[i], segment.Size), fingerprints[i])) found[count++] = i;
        }

        return count;
    }

    // False: certainly not there. True: the line is on its way.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    bool Remains(ulong fingerprint)
    {
        ref var segment = ref segments[fingerprint >> (64 - SegmentBits)];
        var slot = segment.Slots + HomeOf(fingerprint, segment.Size);
        if (segment.Summary is null) return segment.Size != 0 && Find(slot, fingerprint);
        if (!segment.MightContain(fingerprint)) return false;
        if (Sse.IsSupported) Sse.Prefetch0(slot);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool Find(ulong* slot, ulong fingerprint)
    {
        var wanted = Vector512.Create(fingerprint);
        for (; ; slot += Line)
        {
            var line = Vector512.LoadAligned(slot);
            if (Vector512.EqualsAny(line, wanted)) return true;
            if (Vector512.EqualsAny(line, Vector512<ulong>.Zero)) return false;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Prefetch(ulong fingerprint)
    {
        ref var segment = ref segments[fingerprint >> (64 - SegmentBits)];
        var home = HomeOf(fingerprint, segment.Size);
        if (Sse.IsSupported) Sse.Prefetch0(segment.Summary is null ? segment.Slots + home : segment.Summary + (home / Line));
    }

    // The upper bits choose the segment, the 32 lowest the line within it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint HomeOf(ulong fingerprint, uint size) => (uint)(((ulong)(uint)fingerprint * (size / Line)) >> 32) * Line;

    static uint Grown(uint size) => size < 16 ? 16 : checked(Whole(size + (size >> 2)));

    static uint Whole(uint size) => (size + Line - 1) / Line * Line;

    void Resize(ulong fingerprint, uint size)
    {
        var index = fingerprint >> (64 - SegmentBits);
        for (; ; size = Grown(size))
        {
            var tail = Line + Math.Min(size >> 1, 128);
            var slots = GC.AllocateArray<ulong>(checked((int)(Line + size + tail)), pinned: true);
            var start = (ulong*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(slots));
            var first = (ulong*)(((nuint)start + (Line * sizeof(ulong)) - 1) & ~(nuint)((Line * sizeof(ulong)) - 1));
            var words = size >= SummaryFrom ? GC.AllocateArray<ulong>((int)(size / Line), pinned: true) : null;
            var summary = words is null ? null : (ulong*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(words));
            var grown = new Segment { Slots = first, Summary = summary, End = (uint)(size + tail - Line), Size = size, Count = segments[index].Count };
            if (!MoveInto(ref grown, memory[index])) continue;
            (segments[index], memory[index], summaries[index]) = (grown, slots, words);
            return;
        }
    }

    static bool MoveInto(ref Segment target, ulong[]? slots)
    {
        foreach (var fingerprint in slots ?? [])
        {
            if (fingerprint != 0 && !target.TryPlace(fingerprint)) return false;
        }

        return true;
    }

    struct Segment
    {
        public ulong* Slots, Summary;
        public uint Size, End;
        public int Count;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly bool MightContain(ulong fingerprint)
        {
            var bits = BitsOf(fingerprint);
            return Summary is null || (Summary[HomeOf(fingerprint, Size) / Line] & bits) == bits;
        }

        // False when the cluster runs into the window that must stay empty: the segment has to grow.
        public readonly bool TryPlace(ulong fingerprint)
        {
            for (var at = HomeOf(fingerprint, Size); at < End; at++)
            {
                if (Slots[at] != 0) continue;
                Slots[at] = fingerprint;
                if (Summary is not null) Summary[HomeOf(fingerprint, Size) / Line] |= BitsOf(fingerprint);
                return true;
            }

            return false;
        }

        // Closes the gap: whatever stands behind it in its cluster and may stand in it moves up, so that no search ends early.
        public readonly void Erase(ulong fingerprint)
        {
            var home = HomeOf(fingerprint, Size);
            var hole = home;
            while (Slots[hole] != fingerprint) hole++;
            for (var at = hole + 1; Slots[at] != 0; at++)
            {
                if (HomeOf(Slots[at], Size) > hole) continue;
                Slots[hole] = Slots[at];
                hole = at;
            }

            Slots[hole] = 0;
            if (Summary is null) return;
            var bits = 0UL;
            for (var at = home; Slots[at] != 0; at++)
            {
                if (HomeOf(Slots[at], Size) == home) bits |= BitsOf(Slots[at]);
            }

            Summary[home / Line] = bits;
        }

        // Bits that choose neither the segment nor the line.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static ulong BitsOf(ulong fingerprint) => (1UL << (int)(fingerprint >> 32)) | (1UL << (int)(fingerprint >> 38));
    }
}
