using System.Collections.Concurrent;
using System.Globalization;

namespace Belfry.TestKit.Hostile;

/// <summary>
/// How much a test of generated inputs does, and from which seed: the same inputs every time, so that a red run can be repeated; with <c>BELFRY_TEST_LONG=1</c> ten times
/// as many that nobody tried before. <c>BELFRY_TEST_SEED</c> repeats a run.
/// </summary>
public static class Storm
{
    /// <summary>Whether there is time.</summary>
    public static bool IsLong { get; } = Environment.GetEnvironmentVariable("BELFRY_TEST_LONG") == "1";

    /// <summary>The seed of this run; each test prints it.</summary>
    public static ulong Seed { get; } = Environment.GetEnvironmentVariable("BELFRY_TEST_SEED") is { Length: > 0 } text ? ulong.Parse(text, CultureInfo.InvariantCulture)
        : IsLong ? (ulong)Environment.TickCount64 : 20_091;

    /// <summary>How many inputs.</summary>
    public static int Count(int normal) => IsLong ? normal * 10 : normal;

    /// <summary>Runs inputs 0, 1, 2 … on several lanes beside each other, each with a mutator of its own that depends on the seed and the input's number alone.</summary>
    /// <param name="count">How many.</param>
    /// <param name="lanes">How many at once.</param>
    /// <param name="dictionary">Words for the mutators.</param>
    /// <param name="open">Opens what a lane needs; closed at its end.</param>
    /// <param name="attempt">Tries one input.</param>
    /// <exception cref="InvalidOperationException">One failed; says which, and how to repeat it.</exception>
    public static async Task RunAsync<T>(int count, int lanes, IReadOnlyList<byte[]> dictionary, Func<ValueTask<T>> open, Func<T, int, Mutator, Task> attempt)
        where T : IAsyncDisposable
    {
        var next = -1;
        var failures = new ConcurrentQueue<Exception>();
        await Task.WhenAll(Enumerable.Range(0, lanes).Select(_ => Task.Run(async () =>
        {
            await using var lane = await open();
            while (failures.IsEmpty && Interlocked.Increment(ref next) is var number && number < count)
            {
                try
                {
                    await attempt(lane, number, new Mutator(Seed * 0x9e3779b97f4a7c15 + (ulong)number, dictionary));
                }
                catch (Exception problem)
                {
                    failures.Enqueue(new InvalidOperationException($"Input {number} of seed {Seed} (BELFRY_TEST_SEED={Seed} repeats it): {problem.Message}", problem));
                }
            }
        })));
        if (failures.TryDequeue(out var first)) throw first;
    }
}

/// <summary>Exceptions of tasks that nobody looked at, as far as our own code is in them.</summary>
public sealed class UnobservedFaults : IDisposable
{
    readonly ConcurrentQueue<Exception> seen = new();

    /// <summary>Begins to listen.</summary>
    public UnobservedFaults() => TaskScheduler.UnobservedTaskException += Note;

    /// <summary>What was found so far; collects garbage first, because only then is it known.</summary>
    public IReadOnlyList<Exception> Find()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return [.. seen];
    }

    /// <inheritdoc/>
    public void Dispose() => TaskScheduler.UnobservedTaskException -= Note;

    void Note(object? sender, UnobservedTaskExceptionEventArgs told)
    {
        // The outermost frame of ours says whose task it was: other tests of this process drop tasks of their own when they kill a server.
        var owner = told.Exception.ToString().Split('\n').LastOrDefault(static line => line.TrimStart().StartsWith("at Belfry.", StringComparison.Ordinal));
        if (owner is not null && !owner.Contains(".Tests.", StringComparison.Ordinal) && !owner.Contains("at Belfry.TestKit.", StringComparison.Ordinal)) seen.Enqueue(told.Exception);
    }
}
