using System.Security.Cryptography;
using Belfry.Core.Chains;

namespace Belfry.Nodes.Bitcoin.Sources;

/// <summary>
/// The last few blocks that were pushed or read, by the hash of their own header: a block that was just pushed need not be asked for, and its transactions are
/// needed again for the outputs that they spend from each other.
/// </summary>
/// <param name="isSound">Whether a block holds what its header says. Asked before a kept block is handed out: bytes that went wrong on the way must not be handed out again and again.</param>
/// <param name="maxBlocks">How many are kept.</param>
/// <param name="maxBytes">How much they may take together.</param>
sealed class RecentBlocks(Func<ReadOnlyMemory<byte>, bool> isSound, int maxBlocks = 8, long maxBytes = 48 << 20)
{
    const int HeaderLength = 80;

    readonly Lock gate = new();
    readonly LinkedList<(BlockHash Hash, ReadOnlyMemory<byte> Raw, bool Sound)> blocks = new();
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
            blocks.AddFirst((hash, raw, false));
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

    /// <summary>A kept block that holds what its header says, or null.</summary>
    public ReadOnlyMemory<byte>? Get(BlockHash hash)
    {
        lock (gate)
        {
            if (Find(hash) is not { } node) return null;
            blocks.Remove(node);
            if (!node.Value.Sound && !isSound(node.Value.Raw))
            {
                bytes -= node.Value.Raw.Length;
                return null;
            }

            node.Value = node.Value with { Sound = true };
            blocks.AddFirst(node);
            return node.Value.Raw;
        }
    }

    LinkedListNode<(BlockHash Hash, ReadOnlyMemory<byte> Raw, bool Sound)>? Find(BlockHash hash)
    {
        for (var node = blocks.First; node is not null; node = node.Next)
        {
            if (node.Value.Hash == hash) return node;
        }

        return null;
    }
}
