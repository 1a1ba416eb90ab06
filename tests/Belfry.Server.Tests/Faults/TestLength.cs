namespace Belfry.Server.Tests.Faults;

/// <summary>The ordinary run keeps a developer waiting for minutes, the long one (<c>./test --long</c>) for as long as it takes.</summary>
static class TestLength
{
    /// <summary>Whether this is the long run.</summary>
    public static bool IsLong { get; } = Environment.GetEnvironmentVariable("BELFRY_TEST_LONG") == "1";

    /// <summary>One number of the two.</summary>
    public static T Choose<T>(T ordinary, T full) => IsLong ? full : ordinary;

    /// <summary>
    /// A limit of the fault matrix, which is meant for a machine of one's own. On a shared one a neighbour may take half of it unseen, and where more wants to run than
    /// there are processors everything takes longer: three times the limit at least. What was measured is said, benchmarks hold it against others.
    /// </summary>
    public static TimeSpan Within(double seconds)
    {
        var load = OperatingSystem.IsLinux() ? double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) : 0;
        return TimeSpan.FromSeconds(seconds * Math.Max(3, 2 * load / Environment.ProcessorCount));
    }

    /// <summary>A line in the test's own output.</summary>
    public static void Say(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);
}
