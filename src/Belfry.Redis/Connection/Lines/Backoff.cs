using Belfry.Core.Runtime;

namespace Belfry.Redis.Connection.Lines;

/// <summary>Pauses that double, each between half and the whole of its length: a hundred clients must not come back at once.</summary>
static class Backoff
{
    public static TimeSpan Pause(TimeSpan shortest, TimeSpan longest, int attempt, IEntropy entropy)
    {
        var pause = shortest * Math.Pow(2, Math.Clamp(attempt, 0, 20));
        return (pause < longest ? pause : longest) * (0.5 + entropy.NextDouble() / 2);
    }
}
