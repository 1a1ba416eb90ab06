namespace Belfry.Nodes.Bitcoin.Readers.Hashing;

/// <summary>Bitcoin's merkle tree over transaction ids; keeps its buffer between calls.</summary>
sealed class MerkleTree
{
    const int HashSize = 32;
    byte[] level = [];

    /// <summary>Computes the root.</summary>
    /// <param name="ids">Ids in wire order, at least one.</param>
    /// <param name="root">Receives 32 bytes in wire order.</param>
    /// <returns>
    /// False when two neighbours are equal: repeating the end of a list of transactions leaves the root as it was (CVE-2012-2459), so that such a list is
    /// not the one the miner committed to.
    /// </returns>
    public bool TryComputeRoot(ReadOnlySpan<byte> ids, Span<byte> root)
    {
        var count = ids.Length / HashSize;
        if (level.Length < ids.Length + HashSize) level = new byte[ids.Length + HashSize];
        ids.CopyTo(level);
        var sound = true;
        while (count > 1)
        {
            for (var i = 0; i + 1 < count; i += 2)
            {
                sound &= !level.AsSpan(i * HashSize, HashSize).SequenceEqual(level.AsSpan((i + 1) * HashSize, HashSize));
            }

            if ((count & 1) == 1)
            {
                level.AsSpan((count - 1) * HashSize, HashSize).CopyTo(level.AsSpan(count * HashSize));
                count++;
            }

            Sha256Batch.DoubleHashPairs(level.AsSpan(0, count * HashSize), level);
            count /= 2;
        }

        level.AsSpan(0, HashSize).CopyTo(root);
        return sound;
    }
}
