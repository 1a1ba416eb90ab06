namespace Belfry.Core.Watches;

/// <summary>A set of 64-bit fingerprints that counts how often each was added, so that two things with one fingerprint do not remove each other.</summary>
public sealed class FingerprintSet
{
    readonly Dictionary<ulong, int> counts = [];

    /// <summary>How many distinct fingerprints it holds.</summary>
    public int Count => counts.Count;

    /// <summary>Whether the fingerprint is there.</summary>
    public bool Contains(ulong fingerprint) => counts.ContainsKey(fingerprint);

    /// <summary>Adds one occurrence.</summary>
    public void Add(ulong fingerprint) => counts[fingerprint] = counts.GetValueOrDefault(fingerprint) + 1;

    /// <summary>Removes one occurrence.</summary>
    public void Remove(ulong fingerprint)
    {
        if (!counts.TryGetValue(fingerprint, out var count)) return;
        if (count == 1) counts.Remove(fingerprint);
        else counts[fingerprint] = count - 1;
    }
}
