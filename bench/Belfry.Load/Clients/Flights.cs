using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Belfry.Load.Clients;

/// <summary>
/// Messages under way: found by the first eight hex digits of their transaction id, which stand in every event of Belfry and in what the rivals are given. One thread
/// publishes, one receives.
/// </summary>
sealed class Flights
{
    const int Capacity = 1 << 21;
    static readonly double MicrosecondsPerTick = 1e6 / Stopwatch.Frequency;
    readonly ulong[] keys = new ulong[Capacity];
    readonly int[] numbers = new int[Capacity];
    readonly long[] sent = new long[Capacity / 2];
    readonly long[] last = new long[Capacity / 2];
    readonly int[] received = new int[Capacity / 2];

    // 50 microseconds a step, up to 5 seconds.
    readonly long[] latencies = new long[100_001];
    int next;
    long counted;
    int from;

    /// <summary>Deliveries of the current phase.</summary>
    public long Deliveries => Volatile.Read(ref counted);

    /// <summary>The number of the next message.</summary>
    public int Next => next;

    /// <summary>Forgets the figures so far: messages from now on count.</summary>
    public void BeginPhase()
    {
        from = next;
        Volatile.Write(ref counted, 0);
        Array.Clear(latencies);
    }

    /// <summary>A message is due now, whenever it really goes out: a publisher that is late must not make the server look faster.</summary>
    public void Depart(ReadOnlySpan<byte> txHash, long due)
    {
        var key = KeyOf(txHash);
        var at = Slot(key);
        while (keys[at] != 0) at = (at + 1) & (Capacity - 1);
        sent[next] = due;
        numbers[at] = next++;
        Volatile.Write(ref keys[at], key);
    }

    /// <summary>One frame has arrived at one client.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Arrive(ReadOnlySpan<byte> txHash, long now)
    {
        var key = KeyOf(txHash);
        for (var at = Slot(key); ; at = (at + 1) & (Capacity - 1))
        {
            var found = Volatile.Read(ref keys[at]);
            if (found == 0) return;
            if (found != key) continue;
            var number = numbers[at];
            received[number]++;
            last[number] = now;
            if (number < from) return;
            counted++;
            var step = (long)((now - sent[number]) * MicrosecondsPerTick / 50);
            latencies[Math.Clamp(step, 0, latencies.Length - 1)]++;
            return;
        }
    }

    /// <summary>Figures of the phase.</summary>
    public FlightFigures Measure()
    {
        var lasts = new List<double>();
        for (var number = from; number < next; number++)
        {
            if (last[number] != 0) lasts.Add((last[number] - sent[number]) * MicrosecondsPerTick / 1000);
        }

        return new FlightFigures(next - from, counted, Percentile(0.5), Percentile(0.99), lasts.Count == 0 ? 0 : lasts.Order().ElementAt(lasts.Count / 2), lasts.Count == 0 ? 0 : lasts.Max());
    }

    /// <summary>Messages whose last client had to wait, as <c>number:milliseconds</c>.</summary>
    public string Late(double milliseconds) => string.Join(' ', Enumerable.Range(from, next - from)
        .Select(number => (Number: number - from, Took: (last[number] - sent[number]) * MicrosecondsPerTick / 1000)).Where(entry => entry.Took > milliseconds).Select(static entry => $"{entry.Number}:{entry.Took:F0}"));

    double Percentile(double share)
    {
        var wanted = (long)Math.Ceiling(counted * share);
        long seen = 0;
        for (var step = 0; step < latencies.Length; step++)
        {
            seen += latencies[step];
            if (seen >= wanted && seen > 0) return (step + 1) * 0.05;
        }

        return 0;
    }

    static ulong KeyOf(ReadOnlySpan<byte> txHash) => MemoryMarshal.Read<ulong>(txHash);

    static int Slot(ulong key) => (int)((key * 0x9E3779B97F4A7C15) >> 43) & (Capacity - 1);
}

/// <summary>Figures of one phase.</summary>
/// <param name="Messages">Published.</param>
/// <param name="Deliveries">Frames that arrived, over all clients.</param>
/// <param name="P50">Milliseconds from due to received.</param>
/// <param name="P99">The same.</param>
/// <param name="LastSubscriber">Milliseconds until the last client had a message; median over the messages.</param>
/// <param name="Worst">The longest of them.</param>
readonly record struct FlightFigures(int Messages, long Deliveries, double P50, double P99, double LastSubscriber, double Worst);
