namespace Belfry.Fuzz.Engine;

/// <summary>How long to fuzz, and how.</summary>
sealed record FuzzOptions
{
    /// <summary>The same seed makes the same inputs, as long as the code takes the same ways.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Ends after this time.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.MaxValue;

    /// <summary>Ends after this many inputs.</summary>
    public long MaxRuns { get; init; } = long.MaxValue;

    /// <summary>Longest input.</summary>
    public int LongestInput { get; init; } = 8192;

    /// <summary>Longest time of one input: generous, because other programs run beside.</summary>
    public TimeSpan LongestRun { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Whether inputs that take new ways are built upon; without, only the first ones are mutated.</summary>
    public bool Guided { get; init; } = true;

    /// <summary>Whether to end with the first finding.</summary>
    public bool StopAtFinding { get; init; }
}

/// <summary>An input that broke something.</summary>
/// <param name="Input">The input, as short as could be found.</param>
/// <param name="Problem">What happened.</param>
/// <param name="Run">The number of the run that found it.</param>
sealed record Finding(byte[] Input, Exception Problem, long Run);

/// <summary>What came of it.</summary>
/// <param name="Runs">Inputs tried.</param>
/// <param name="Accepted">Of these, how many were valid.</param>
/// <param name="Took">Time.</param>
/// <param name="Edges">Edges taken.</param>
/// <param name="Kept">Inputs that took new ways.</param>
/// <param name="Findings">What broke, one for each place.</param>
sealed record FuzzResult(long Runs, long Accepted, TimeSpan Took, int Edges, IReadOnlyList<byte[]> Kept, IReadOnlyList<Finding> Findings)
{
    /// <summary>Inputs a second.</summary>
    public double Rate => Runs / Took.TotalSeconds;
}
