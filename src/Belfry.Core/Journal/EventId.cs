using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Belfry.Core.Chains;

namespace Belfry.Core.Journal;

/// <summary>
/// Event ids: 32 hexadecimal digits of SHA-256 over what the event tells, never over when it was told. Working the same block in twice gives the same id, and
/// the journal keeps one. What really happens again (a dropped transaction comes back) differs by its attempt.
/// </summary>
public static class EventId
{
    /// <summary>The id of what happened to one transaction at one address.</summary>
    /// <param name="genesis">Tells the networks of one chain apart.</param>
    /// <param name="kind">What is told.</param>
    /// <param name="transaction">The transaction.</param>
    /// <param name="script">The address's script.</param>
    /// <param name="state">The state entered, with <paramref name="confirmations"/> for milestones.</param>
    /// <param name="block">The block that holds it, or held it; null in the mempool.</param>
    /// <param name="attempt">1 at first, more when it came back.</param>
    /// <param name="confirmations">The milestone; 0 where none is told.</param>
    /// <param name="received">Where sums are told: what the address receives. They can grow while the state stays, when more of the transaction's inputs become known.</param>
    /// <param name="sent">The same for what it sends.</param>
    public static string OfTransaction(
        BlockHash genesis, EventKind kind, TxHash transaction, Script script, int state, BlockHash? block, int attempt, int confirmations, Amount received = default, Amount sent = default)
    {
        Span<byte> head = stackalloc byte[32 + 1 + 32 + 1 + 32 + 4 + 4 + 32 + 32];
        genesis.Value.CopyTo(head);
        head[32] = (byte)kind;
        transaction.Value.CopyTo(head[33..]);
        head[65] = (byte)state;
        (block?.Value ?? default).CopyTo(head[66..]);
        BinaryPrimitives.WriteInt32BigEndian(head[98..], attempt);
        BinaryPrimitives.WriteInt32BigEndian(head[102..], confirmations);
        received.Units.TryWriteBytes(head[106..138], out _, isUnsigned: true);
        sent.Units.TryWriteBytes(head[138..], out _, isUnsigned: true);
        return Digest(head, script.Span);
    }

    /// <summary>The id of a block joining or leaving the best chain, after <paramref name="disconnects"/> blocks had left it.</summary>
    public static string OfBlock(BlockHash genesis, EventKind kind, BlockHash block, long disconnects)
    {
        Span<byte> head = stackalloc byte[32 + 1 + 32 + 8];
        genesis.Value.CopyTo(head);
        head[32] = (byte)kind;
        block.Value.CopyTo(head[33..]);
        BinaryPrimitives.WriteInt64BigEndian(head[65..], disconnects);
        return Digest(head, default);
    }

    /// <summary>The id of a change of the feed's health at a time.</summary>
    public static string OfFeed(BlockHash genesis, EventKind kind, string reason, DateTimeOffset at)
    {
        Span<byte> head = stackalloc byte[32 + 1 + 8];
        genesis.Value.CopyTo(head);
        head[32] = (byte)kind;
        BinaryPrimitives.WriteInt64BigEndian(head[33..], at.UtcTicks);
        return Digest(head, Encoding.UTF8.GetBytes(reason));
    }

    static string Digest(ReadOnlySpan<byte> head, ReadOnlySpan<byte> tail)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(head);
        hash.AppendData(tail);
        Span<byte> digest = stackalloc byte[32];
        hash.GetHashAndReset(digest);
        return Convert.ToHexStringLower(digest[..16]);
    }
}
