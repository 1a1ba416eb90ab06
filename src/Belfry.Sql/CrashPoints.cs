using System.Globalization;

namespace Belfry.Sql;

/// <summary>Named places in the writer where a test ends the process as a power cut would.</summary>
interface ICrashPoints
{
    /// <summary>The writer is at a named place; does not return when the process is to end here.</summary>
    void Reach(string name);
}

/// <summary>Never crashes.</summary>
sealed class NoCrashPoints : ICrashPoints
{
    public static NoCrashPoints Instance { get; } = new();

    public void Reach(string name)
    {
    }
}

/// <summary>Ends the process at the n-th arrival at one place: environment <c>BELFRY_CRASHPOINT=name:n</c>.</summary>
sealed class EnvironmentCrashPoints : ICrashPoints
{
    public const string Variable = "BELFRY_CRASHPOINT";

    readonly string name;
    int left;

    EnvironmentCrashPoints(string name, int left) => (this.name, this.left) = (name, left);

    public static ICrashPoints Read()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } value) return NoCrashPoints.Instance;
        var parts = value.Split(':');
        return parts.Length == 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var times) && times > 0
            ? new EnvironmentCrashPoints(parts[0], times)
            : throw new InvalidOperationException($"{Variable}={value}: expected name:n, for instance ledger.before_commit:3.");
    }

    public void Reach(string name)
    {
        if (name == this.name && --left == 0) Environment.FailFast($"{Variable} {name}");
    }
}
