using System.Runtime.CompilerServices;
using Belfry.Core.Watches;

namespace Belfry.Nodes.Bitcoin.Readers;

/// <summary>Fingerprints of a whole block, each with the position of its transaction; looked up all at once. Keeps its arrays between blocks.</summary>
sealed class FingerprintBuffer
{
    ulong[] fingerprints = new ulong[1024];
    int[] positions = new int[1024];
    int[] hits = [];
    int count;

    public ReadOnlySpan<ulong> Fingerprints => fingerprints.AsSpan(0, count);

    public ReadOnlySpan<int> Positions => positions.AsSpan(0, count);

    public void Clear() => count = 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(ulong fingerprint, int position)
    {
        if (count == fingerprints.Length) Grow();
        fingerprints[count] = fingerprint;
        positions[count++] = position;
    }

    /// <summary>The entries that are in <paramref name="set"/>, ascending; valid until the next call.</summary>
    public ReadOnlySpan<int> Find(FingerprintSet set)
    {
        if (hits.Length < count) hits = new int[fingerprints.Length];
        return hits.AsSpan(0, set.Find(Fingerprints, hits));
    }

    void Grow()
    {
        Array.Resize(ref fingerprints, fingerprints.Length * 2);
        Array.Resize(ref positions, positions.Length * 2);
    }
}
