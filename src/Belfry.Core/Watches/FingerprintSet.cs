using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Belfry.Core.Watches;

/// <summary>
/// A set of 64-bit fingerprints that counts how often each was added, so that two things with one fingerprint do not remove each other.
/// 11 to 14 bytes per fingerprint from a million on; growing moves one 1024th at a time, so that no single call is long. One thread at a time.
/// </summary>
/// <remarks>
/// Open addressing with linear probing in 1024 segments. A segment's slots are followed by a tail that catches its last cluster, and the last
/// <see cref="Window"/> slots stay empty: a probe is one unaligned 64-byte load after the other until one shows an empty slot, without wrap-around.
/// </remarks>
public sealed class FingerprintSet
{
    const int SegmentBits = 10;
    const int Window = 8;
    const int Ahead = 16;
    readonly Segment[] segments = new Segment[1 << SegmentBits];
    readonly Dictionary<ulong, int> repeats = [];

    /// <summary>How many distinct fingerprints it holds.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes held by the table, without what the runtime adds per array.</summary>
    public long Bytes
    {
        get
        {
            var bytes = (long)segments.Length * Unsafe.SizeOf<Segment>();
            foreach (var segment in segments) bytes += (segment.Slots?.Length ?? 0) * (long)sizeof(ulong);
            return bytes + (repeats.Count * 24L);
        }
    }

    /// <summary>Whether the fingerprint is there.</summary>
    public bool Contains(ulong fingerprint)
    {
        ref var segment = ref segments[fingerprint >> (64 - SegmentBits)];
        return segment.Slots is not null && Find(ref Home(ref segment, fingerprint), fingerprint);
    }

    /// <summary>Looks many up at once and overlaps their cache misses.</summary>
    /// <param name="fingerprints">What to look up.</param>
    /// <param name="found">Receives the positions of those that are there, ascending; as long as <paramref name="fingerprints"/>.</param>
    /// <returns>How many positions were written.</returns>
    public int Find(ReadOnlySpan<ulong> fingerprints, Span<int> found)
    {
        if (Count == 0) return 0;
        var count = 0;
        for (var i = 0; i < Math.Min(Ahead, fingerprints.Length); i++) Prefetch(fingerprints[i]);
        for (var i = 0; i < fingerprints.Length; i++)
        {
            if (i + Ahead < fingerprints.Length) Prefetch(fingerprints[i + Ahead]);
            if (Contains(fingerprints[i])) found[count++] = i;
        }

        return count;
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
        // At most three quarters full: a miss then reads little more than one cache line.
        if (segment.Slots is null || segment.Count >= segment.Size - (segment.Size >> 2)) Resize(ref segment, Grown(segment.Size));
        while (!segment.TryPlace(fingerprint)) Resize(ref segment, Grown(segment.Size));
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
        if (segment.Size > 64 && segment.Count < segment.Size >> 2) Resize(ref segment, segment.Size >> 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool Find(ref ulong slot, ulong fingerprint)
    {
        var wanted = Vector512.Create(fingerprint);
        while (true)
        {
            var window = Vector512.LoadUnsafe(ref slot);
            if (Vector512.EqualsAny(window, wanted)) return true;
            if (Vector512.EqualsAny(window, Vector512<ulong>.Zero)) return false;
            slot = ref Unsafe.Add(ref slot, Window);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    unsafe void Prefetch(ulong fingerprint)
    {
        if (!Sse.IsSupported) return;
        ref var segment = ref segments[fingerprint >> (64 - SegmentBits)];
        if (segment.Slots is null) return;
        // A hint only: the address may be stale when the collector moves the array, and is never read through.
        var home = (byte*)Unsafe.AsPointer(ref Home(ref segment, fingerprint));
        Sse.Prefetch0(home);
        Sse.Prefetch0(home + ((Window - 1) * sizeof(ulong)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ref ulong Home(ref Segment segment, ulong fingerprint) =>
        ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(segment.Slots!), (nint)HomeOf(fingerprint, segment.Size));

    // The upper bits choose the segment, the 32 lowest the place within it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint HomeOf(ulong fingerprint, uint size) => (uint)(((ulong)(uint)fingerprint * size) >> 32);

    static uint Grown(uint size) => size < 16 ? 16 : checked(size + (size >> 2));

    static void Resize(ref Segment segment, uint size)
    {
        for (; ; size = Grown(size))
        {
            var tail = Window + Math.Min(size >> 1, 128);
            var grown = new Segment { Slots = new ulong[checked((int)(size + tail))], Size = size, Count = segment.Count };
            if (!MoveInto(ref grown, segment.Slots)) continue;
            segment = grown;
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
        public ulong[]? Slots;
        public uint Size;
        public int Count;

        // False when the cluster runs into the window that must stay empty: the segment has to grow.
        public readonly bool TryPlace(ulong fingerprint)
        {
            for (var at = (int)HomeOf(fingerprint, Size); at < Slots!.Length - Window; at++)
            {
                if (Slots[at] != 0) continue;
                Slots[at] = fingerprint;
                return true;
            }

            return false;
        }

        // Closes the gap: whatever stands behind it in its cluster and may stand in it moves up, so that no search ends early.
        public readonly void Erase(ulong fingerprint)
        {
            var hole = (int)HomeOf(fingerprint, Size);
            while (Slots![hole] != fingerprint) hole++;
            for (var at = hole + 1; Slots[at] != 0; at++)
            {
                if (HomeOf(Slots[at], Size) > (uint)hole) continue;
                Slots[hole] = Slots[at];
                hole = at;
            }

            Slots[hole] = 0;
        }
    }
}
