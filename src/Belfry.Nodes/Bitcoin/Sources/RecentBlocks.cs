using System.Security.Cryptography;
using Belfry.Core.Chains;

namespace Belfry.Nodes.Bitcoin.Sources;

/// <summary>
/// The last few blocks that were pushed or read, by the hash of their own header: a block that was just pushed need not be asked for, and its transactions are
/// needed again for the outputs that they spend from each other.
/// </summary>
sealed class RecentBlocks(int maxBlocks = 8, long maxBytes = 48 << 20)
{
    const int HeaderLength = 80;

    readonly Lock gate = new();
    readonly LinkedList<(BlockHash Hash, ReadOnlyMemory<byte> Raw)> blocks = new();
    long bytes;

    /// <summary>The hash of a block's header; null when it is too short to have one.</summary>
    public static BlockHash? HashOf(ReadOnlySpan<byte> raw)
    {
        if (raw.Length < HeaderLength) return null;
        Span<byte> hash = stackalloc byte[Hash256.Size];
        SHA256.HashData(raw[..HeaderLength], hash);
        SHA256.HashData(hash, hash);
        return new BlockHash(Hash256.FromWire(hash));
    }

    /// <summary>Keeps a block; returns its hash, or null when it is none.</summary>
    public BlockHash? Add(ReadOnlyMemory<byte> raw)
    {
        if (HashOf(raw.Span) is not { } hash) return null;
        lock (gate)
        {
            if (Find(hash) is not null) return hash;
            blocks.AddFirst((hash, raw));
            bytes += raw.Length;
            while (blocks.Count > maxBlocks || (bytes > maxBytes && blocks.Count > 1))
            {
                bytes -= blocks.Last!.Value.Raw.Length;
                blocks.RemoveLast();
            }
        }

        return hash;
    }

    /// <summary>Keeps a block when it is the expected one; says whether it is.</summary>
    public bool Add(ReadOnlyMemory<byte> raw, BlockHash expected) => HashOf(raw.Span) == expected && Add(raw) is not null;

    /// <summary>A kept block, or null.</summary>
    public ReadOnlyMemory<byte>? Get(BlockHash hash)
    {
        lock (gate)
        {
            if (Find(hash) is not { } node) return null;
            blocks.Remove(node);
            blocks.AddFirst(node);
            return node.Value.Raw;
        }
    }

    /// <summary>Forgets a block: a header that hashes right says nothing of what stands behind it.</summary>
    public void Remove(BlockHash hash)
    {
        lock (gate)
        {
            if (Find(hash) is not { } node) return;
            bytes -= node.Value.Raw.Length;
            blocks.Remove(node);
        }
    }

    LinkedListNode<(BlockHash Hash, ReadOnlyMemory<byte> Raw)>? Find(BlockHash hash)
    {
        for (var node = blocks.First; node is not null; node = node.Next)
        {
            if (node.Value.Hash == hash) return node;
        }

        return null;
    }
}
