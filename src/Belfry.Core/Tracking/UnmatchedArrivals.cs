using Belfry.Core.Chains;
using Belfry.Core.Watches;

namespace Belfry.Core.Tracking;

/// <summary>The latest transactions that touched nothing watched when they arrived: whether one spends a coin that turns up a moment later is seen only then.</summary>
sealed class UnmatchedArrivals
{
    const long MostBytes = 8 << 20;
    static readonly TimeSpan Kept = TimeSpan.FromSeconds(15);

    readonly Queue<(TimeSpan At, ReadOnlyMemory<byte> Raw)> queue = new();
    long bytes;

    /// <summary>Keeps one for a while.</summary>
    /// <param name="raw">Its bytes.</param>
    /// <param name="now">The steady time.</param>
    public void Keep(ReadOnlyMemory<byte> raw, TimeSpan now)
    {
        queue.Enqueue((now, raw));
        bytes += raw.Length;
        while (queue.TryPeek(out var oldest) && (bytes > MostBytes || now - oldest.At > Kept)) bytes -= queue.Dequeue().Raw.Length;
    }

    /// <summary>Matches all of them again and lets go of those that match now.</summary>
    public IEnumerable<MatchedTransaction> Rematch(IChainDecoder decoder, WatchIndex index)
    {
        for (var left = queue.Count; left > 0; left--)
        {
            var (at, raw) = queue.Dequeue();
            var matched = decoder.MatchTransaction(raw, index);
            if (matched.Match is null)
            {
                queue.Enqueue((at, raw));
                continue;
            }

            bytes -= raw.Length;
            yield return matched;
        }
    }
}
