namespace Belfry.Server.Tests.Faults;

/// <summary>The ordinary run keeps a developer waiting for minutes, the long one (<c>./test --long</c>) for as long as it takes.</summary>
static class TestLength
{
    /// <summary>Whether this is the long run.</summary>
    public static bool IsLong { get; } = Environment.GetEnvironmentVariable("BELFRY_TEST_LONG") == "1";

    /// <summary>One number of the two.</summary>
    public static T Choose<T>(T ordinary, T full) => IsLong ? full : ordinary;

    /// <summary>A line in the test's own output.</summary>
    public static void Say(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);
}
