using System.Diagnostics;
using System.Globalization;
using System.Text;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;

namespace Belfry.Bench;

/// <summary>Memory and look-up time of the watch index at 1 M and 10 M scripts.</summary>
static class IndexBench
{
    const int Probes = 18_300, Rounds = 200;

    public static async Task<int> RunAsync()
    {
        var key = new FingerprintKey(SystemEntropy.Instance);
        var small = Measure(key, 1_000_000);
        var large = Measure(key, 10_000_000);
        var text = new StringBuilder();
        text.Append("# Watch index\n\n");
        text.Append(CultureInfo.InvariantCulture, $"`dotnet run -c Release --project bench/Belfry.Bench -- index` · {Workplace.Machine()} · best of {Rounds} rounds of {Probes} look-ups (a block's scripts and outpoints), none of them watched.\n\n");
        text.Row("watched scripts", "bytes per script (heap)", "of it the table", "one by one, ns", "as a batch, ns", "slowest single add, ms");
        text.Append("|---:|---:|---:|---:|---:|---:|\n");
        foreach (var (count, result) in new[] { (1_000_000, small), (10_000_000, large) })
        {
            text.Row(count.ToString("N0", CultureInfo.InvariantCulture), F(result.HeapBytes, 1), F(result.TableBytes, 1), F(result.Single, 1), F(result.Batch, 1), F(result.SlowestAdd, 2));
        }

        text.Append(CultureInfo.InvariantCulture, $"\nTime of 10 M over 1 M: **{large.Batch / small.Batch:F2}** as a batch (what the matcher does), {large.Single / small.Single:F2} one by one (goal: at most 1.5). Bytes per script at 10 M: **{large.HeapBytes:F1}** (goal: at most 32).\n");
        await RedisBench.RunAsync(text);
        Workplace.Publish("index.md", text.ToString());
        return 0;
    }

    static Result Measure(FingerprintKey key, int count)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var set = new FingerprintSet();
        var slowest = 0L;
        for (var i = 0; i < count; i++)
        {
            var fingerprint = Fingerprint(key, i);
            var start = Stopwatch.GetTimestamp();
            set.Add(fingerprint);
            slowest = Math.Max(slowest, Stopwatch.GetTimestamp() - start);
        }

        var heap = GC.GetTotalMemory(forceFullCollection: true) - before;
        var probes = Enumerable.Range(0, Probes * 64).Select(i => Fingerprint(key, count + i)).ToArray();
        var found = new int[Probes];
        var (single, batch) = (double.MaxValue, double.MaxValue);
        for (var round = 0; round < Rounds; round++)
        {
            // Another part of the probes each round: a block's scripts are new, their slots are not in the cache.
            var part = probes.AsSpan(round % 64 * Probes, Probes);
            batch = Math.Min(batch, Time(part, set, found, batched: true));
            part = probes.AsSpan((round + 32) % 64 * Probes, Probes);
            single = Math.Min(single, Time(part, set, found, batched: false));
        }

        GC.KeepAlive(set);
        return new Result((double)heap / count, (double)set.Bytes / count, single, batch, Stopwatch.GetElapsedTime(0, slowest).TotalMilliseconds);
    }

    static double Time(ReadOnlySpan<ulong> part, FingerprintSet set, int[] found, bool batched)
    {
        var start = Stopwatch.GetTimestamp();
        var hits = 0;
        if (batched) hits = set.Find(part, found);
        else foreach (var fingerprint in part) hits += set.Contains(fingerprint) ? 1 : 0;
        var nanoseconds = Stopwatch.GetElapsedTime(start).TotalNanoseconds / part.Length;
        return hits < 10 ? nanoseconds : throw new InvalidOperationException($"{hits} fingerprints of {part.Length} collide");
    }

    static ulong Fingerprint(FingerprintKey key, int number)
    {
        Span<byte> script = stackalloc byte[22];
        script.Clear();
        script[1] = 20;
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(script[2..], number);
        return key.Hash(script);
    }

    static string F(double value, int decimals) => value.ToString("F" + decimals, CultureInfo.InvariantCulture);

    readonly record struct Result(double HeapBytes, double TableBytes, double Single, double Batch, double SlowestAdd);
}
