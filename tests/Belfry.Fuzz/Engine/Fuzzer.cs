using System.Diagnostics;
using Belfry.Fuzz.Instrumentation;
using Belfry.TestKit.Hostile;

namespace Belfry.Fuzz.Engine;

/// <summary>
/// Mutates inputs and keeps those that take ways through the code which none took before. One thread. An exception that a target lets through is a finding, and so is
/// an input that costs too much time or memory.
/// </summary>
sealed class Fuzzer(InstrumentedTarget target, FuzzOptions options)
{
    const int Tries = 3;
    readonly Mutator mutator = new(options.Seed, target.Dictionary);
    readonly Coverage coverage = new(Probes.MapSize);
    readonly List<byte[]> queue = [];
    readonly Dictionary<string, Finding> findings = [];
    readonly Stopwatch clock = new();
    long runs, accepted;

    /// <summary>Runs until the time or the number of runs is used up.</summary>
    /// <param name="kept">Inputs of earlier runs, beside the target's own seeds.</param>
    public FuzzResult Run(IEnumerable<byte[]> kept)
    {
        using var watchdog = new Watchdog(target.Name);
        var first = target.Seeds.Concat(kept).DistinctBy(Convert.ToBase64String).ToList();
        // Static constructors and the compiler run once: what they cost is no input's fault, and the ways they take are nobody's.
        foreach (var input in first) Try(input, watchdog, judge: false);
        clock.Start();
        foreach (var input in first)
        {
            Try(input, watchdog, judge: true);
            if (coverage.Add(target.Map) || queue.Count == 0) queue.Add(input);
        }

        while (!IsOver())
        {
            var from = Choose();
            for (var energy = 16 + mutator.Below(112); energy > 0 && !IsOver(); energy--) Attempt(from, watchdog);
        }

        clock.Stop();
        return new FuzzResult(runs, accepted, clock.Elapsed, coverage.Edges, queue, [.. findings.Values]);
    }

    /// <summary>The fewest and shortest inputs that together take all ways that these take.</summary>
    public IReadOnlyList<byte[]> Minimise(IEnumerable<byte[]> inputs)
    {
        using var watchdog = new Watchdog(target.Name);
        var all = inputs.DistinctBy(Convert.ToBase64String).ToList();
        foreach (var input in all) Try(input, watchdog, judge: false);
        var ways = all.Select(input =>
        {
            Try(input, watchdog, judge: false);
            return (Input: input, Features: Coverage.Features(target.Map));
        }).OrderBy(way => way.Input.Length).ToList();
        var chosen = new List<byte[]>();
        var covered = new HashSet<int>();
        // Rarest first: what only one input shows has to stay anyway, and often shows the rest.
        var owners = ways.SelectMany(way => way.Features.Select(feature => (feature, way))).GroupBy(pair => pair.feature, pair => pair.way).OrderBy(group => group.Count());
        foreach (var feature in owners)
        {
            if (covered.Contains(feature.Key)) continue;
            var best = feature.First();
            chosen.Add(best.Input);
            covered.UnionWith(best.Features);
        }

        return chosen;
    }

    bool IsOver() => runs >= options.MaxRuns || clock.Elapsed >= options.Duration || (options.StopAtFinding && findings.Count > 0);

    // Newer ones lead further; the old ones keep their turn.
    byte[] Choose() => mutator.Once(2) ? queue[^(1 + mutator.Below(Math.Min(queue.Count, 32)))] : mutator.Pick(queue);

    void Attempt(byte[] from, Watchdog watchdog)
    {
        var input = mutator.Mutate(from, options.LongestInput, mutator.Pick(queue));
        if (Try(input, watchdog, judge: true) is { } problem)
        {
            Report(input, problem, watchdog);
            return;
        }

        if (options.Guided && coverage.Add(target.Map)) queue.Add(Shorten(input, watchdog));
    }

    Exception? Try(byte[] input, Watchdog watchdog, bool judge)
    {
        target.Reset();
        watchdog.Begin(input);
        var begun = Stopwatch.GetTimestamp();
        try
        {
            if (judge) runs++;
            if (target.Run(input) && judge) accepted++;
            var took = Stopwatch.GetElapsedTime(begun);
            return took > options.LongestRun ? new TimeoutException($"{input.Length} bytes took {took.TotalMilliseconds:F0} ms, allowed are {options.LongestRun.TotalMilliseconds:F0}") : null;
        }
        catch (Exception problem)
        {
            return problem;
        }
        finally
        {
            watchdog.End();
        }
    }

    void Report(byte[] input, Exception problem, Watchdog watchdog)
    {
        var place = PlaceOf(problem);
        if (findings.ContainsKey(place)) return;
        // Cost depends on what else runs: it counts when it is the same each time.
        for (var again = 0; again < Tries && IsCost(problem); again++)
        {
            if (Try(input, watchdog, judge: false) is not { } same || PlaceOf(same) != place) return;
        }

        findings[place] = new Finding(Reduce(input, place, watchdog), problem, runs);
    }

    // Cuts pieces out, large ones first, as long as the ways stay the same.
    byte[] Shorten(byte[] input, Watchdog watchdog)
    {
        var ways = Coverage.Features(target.Map);
        return Cut(input, tries: 64, shorter => Try(shorter, watchdog, judge: false) is null && Coverage.Features(target.Map).SetEquals(ways));
    }

    byte[] Reduce(byte[] input, string place, Watchdog watchdog) =>
        Cut(input, tries: 2000, shorter => Try(shorter, watchdog, judge: false) is { } problem && PlaceOf(problem) == place);

    static byte[] Cut(byte[] input, int tries, Func<byte[], bool> isAsGood)
    {
        for (var piece = input.Length / 2; piece > 0 && tries > 0; piece /= 2)
        {
            for (var at = 0; at + piece <= input.Length && tries > 0; tries--)
            {
                byte[] shorter = [.. input.AsSpan(0, at), .. input.AsSpan(at + piece)];
                if (isAsGood(shorter)) input = shorter;
                else at += piece;
            }
        }

        return input;
    }

    static bool IsCost(Exception problem) => problem is TimeoutException || problem.GetType().Name == nameof(Targets.CostException);

    // One finding for each place: the exception's type and the first line of ours in its trace; for an oracle also which property.
    static string PlaceOf(Exception problem)
    {
        var frame = problem.StackTrace?.Split('\n').FirstOrDefault(line => line.Contains("Belfry.", StringComparison.Ordinal) && !line.Contains("FuzzTarget.Expect", StringComparison.Ordinal)) ?? "";
        return problem.GetType().Name + frame.Trim();
    }
}
