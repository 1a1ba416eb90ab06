using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Belfry.Nodes.Bitcoin.Readers.Hashing;

/// <summary>
/// Double SHA-256 of many short messages. A native hash per transaction costs more in the call than in the hashing; here they are collected, padded,
/// and hashed side by side in vector lanes (16 with AVX-512, 8 with AVX2, otherwise one by one). Long messages go to the platform's own hash.
/// </summary>
sealed class Sha256Batch
{
    const int HashSize = 32;
    const int BlockSize = 64;
    const int LongMessage = 2048;
    const int Capacity = 192 * 1024;
    readonly byte[] messages = new byte[Capacity + LongMessage + (2 * BlockSize)];
    HashJob[] jobs = new HashJob[1024];
    int jobCount, used, firstTarget;

    /// <summary>Whether messages are hashed side by side on this machine.</summary>
    public static bool IsVectorized => Sha256Lanes16.IsSupported || Sha256Lanes8.IsSupported;

    /// <summary>Forgets what was collected and starts at the first hash.</summary>
    public void Clear() => (jobCount, used, firstTarget) = (0, 0, 0);

    /// <summary>Collects the message that consists of three parts; its hash becomes the next of <paramref name="hashes"/>.</summary>
    public void Add(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, Span<byte> hashes)
    {
        var length = first.Length + second.Length + third.Length;
        var target = firstTarget + jobCount;
        if (length > LongMessage || !IsVectorized)
        {
            Flush(hashes);
            HashLong(first, second, third, hashes.Slice(target * HashSize, HashSize));
            firstTarget++;
            return;
        }

        var blocks = (length + 9 + BlockSize - 1) / BlockSize;
        var message = messages.AsSpan(used, blocks * BlockSize);
        first.CopyTo(message);
        second.CopyTo(message[first.Length..]);
        third.CopyTo(message[(first.Length + second.Length)..]);
        message[length] = 0x80;
        message[(length + 1)..^8].Clear();
        BinaryPrimitives.WriteUInt64BigEndian(message[^8..], (ulong)length * 8);
        if (jobCount == jobs.Length) Array.Resize(ref jobs, jobs.Length * 2);
        jobs[jobCount++] = new HashJob(used, blocks, target);
        used += blocks * BlockSize;
        if (used >= Capacity) Flush(hashes);
    }

    /// <summary>Hashes what was collected.</summary>
    public void Flush(Span<byte> hashes)
    {
        if (jobCount == 0) return;
        var ready = jobs.AsSpan(0, jobCount);
        if (Sha256Lanes16.IsSupported)
        {
            LaneHasher<Sha256Lanes16>.Hash(ready, messages, hashes, HashSize);
            LaneHasher<Sha256Lanes16>.HashHashes(hashes.Slice(firstTarget * HashSize, jobCount * HashSize));
        }
        else
        {
            LaneHasher<Sha256Lanes8>.Hash(ready, messages, hashes, HashSize);
            LaneHasher<Sha256Lanes8>.HashHashes(hashes.Slice(firstTarget * HashSize, jobCount * HashSize));
        }

        firstTarget += jobCount;
        (jobCount, used) = (0, 0);
    }

    /// <summary>Double SHA-256 of neighbouring pairs of hashes: one level of a merkle tree. Output may be the input's own buffer.</summary>
    public static void DoubleHashPairs(ReadOnlySpan<byte> pairs, Span<byte> output)
    {
        if (Sha256Lanes16.IsSupported) LaneHasher<Sha256Lanes16>.DoubleHashPairs(pairs, output);
        else if (Sha256Lanes8.IsSupported) LaneHasher<Sha256Lanes8>.DoubleHashPairs(pairs, output);
        else DoubleHashPairsOneByOne(pairs, output);
    }

    /// <summary>Double SHA-256 of three parts as one message.</summary>
    public static void DoubleHash(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, Span<byte> hash) =>
        HashLong(first, second, third, hash);

    static void DoubleHashPairsOneByOne(ReadOnlySpan<byte> pairs, Span<byte> output)
    {
        for (var i = 0; i < pairs.Length / BlockSize; i++)
        {
            var hash = output.Slice(i * HashSize, HashSize);
            SHA256.HashData(pairs.Slice(i * BlockSize, BlockSize), hash);
            SHA256.HashData(hash, hash);
        }
    }

    static void HashLong(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, Span<byte> hash)
    {
        var whole = ArrayPool<byte>.Shared.Rent(first.Length + second.Length + third.Length);
        first.CopyTo(whole);
        second.CopyTo(whole.AsSpan(first.Length));
        third.CopyTo(whole.AsSpan(first.Length + second.Length));
        SHA256.HashData(whole.AsSpan(0, first.Length + second.Length + third.Length), hash);
        ArrayPool<byte>.Shared.Return(whole);
        SHA256.HashData(hash, hash);
    }
}
