using Belfry.Core.Chains;

namespace Belfry.Core.Watches;

/// <summary>
/// What the matcher holds in memory of everything watched on one chain: fingerprints of scripts and of outpoints. A hit may be a collision and is verified
/// against the ledger; a miss is certain. One writer and one reader, the chain's own loop.
/// </summary>
public sealed class WatchIndex
{
    /// <summary>An index whose fingerprints are keyed by <paramref name="key"/>, so that nobody can prepare collisions.</summary>
    public WatchIndex(FingerprintKey key)
        : this(key, new FingerprintSet())
    {
    }

    /// <summary>An index that shares the scripts of another one with the same key, and has outpoints of its own.</summary>
    public WatchIndex(FingerprintKey key, FingerprintSet scripts)
    {
        Key = key;
        Scripts = scripts;
        OutPoints = new FingerprintSet();
    }

    /// <summary>The key of all fingerprints.</summary>
    public FingerprintKey Key { get; }

    /// <summary>Fingerprints of watched scripts.</summary>
    public FingerprintSet Scripts { get; }

    /// <summary>Fingerprints of outpoints that matter: coins of watched scripts, and every input of a tracked transaction that is not final.</summary>
    public FingerprintSet OutPoints { get; }

    /// <summary>Starts to match <paramref name="script"/>.</summary>
    public void Add(Script script) => Scripts.Add(Key.Hash(script.Span));

    /// <summary>Starts to match spends of <paramref name="outPoint"/>.</summary>
    public void Add(OutPoint outPoint) => OutPoints.Add(Fingerprint(outPoint));

    /// <summary>Stops to match <paramref name="script"/>.</summary>
    public void Remove(Script script) => Scripts.Remove(Key.Hash(script.Span));

    /// <summary>Stops to match spends of <paramref name="outPoint"/>.</summary>
    public void Remove(OutPoint outPoint) => OutPoints.Remove(Fingerprint(outPoint));

    /// <summary>Whether spends of <paramref name="outPoint"/> are matched; a collision may answer yes.</summary>
    public bool MightContain(OutPoint outPoint) => OutPoints.Contains(Fingerprint(outPoint));

    ulong Fingerprint(OutPoint outPoint)
    {
        Span<byte> wire = stackalloc byte[OutPoint.WireSize];
        outPoint.CopyToWire(wire);
        return Key.HashOutPoint(wire);
    }
}
