namespace Belfry.Core.Journal;

/// <summary>What every adapter of the journal decides alike.</summary>
public static class JournalRules
{
    /// <summary>Whether an entry is wanted.</summary>
    public static bool Matches(JournalFilter? filter, JournalEntry entry) => filter is null
        || ((filter.Chain is not { } chain || entry.Chain == chain)
            && (filter.Script is null || filter.Script.Equals(entry.Event.Script))
            && (filter.Kinds is null || filter.Kinds.Contains(entry.Event.Kind)));

    /// <summary>Refuses a position that this journal never gave out: reading on from it would wait for ever, or skip.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Before the beginning, beyond the head, or no entries wanted.</exception>
    public static void CheckRange(long after, int limit, long head)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        if (after > head) throw new ArgumentOutOfRangeException(nameof(after), after, $"The journal ends at {head}: this position is from another journal.");
    }

    /// <summary>A new journal's epoch: 16 hexadecimal digits.</summary>
    public static string NewEpoch(Runtime.IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        Span<byte> bytes = stackalloc byte[8];
        entropy.Fill(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
