using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Belfry.Nodes.Bitcoin.Readers.Hashing;

/// <summary>
/// Double SHA-256 of many short messages. A native hash per transaction costs more in the call than in the hashing; here they are collected, padded,
/// ordered by length, and hashed side by side in vector lanes (32 with AVX-512, 8 with AVX2, otherwise one by one). Long messages, and those that would
/// keep the other lanes waiting, go to the platform's own hash.
/// </summary>
/// <param name="lanes">Which lanes to use.</param>
sealed class Sha256Batch(Sha256LaneWidth lanes)
{
    const int HashSize = 32;
    const int BlockSize = 64;
    const int LanesCost = 8;
    const int LongMessage = 32 * 1024;
    const int Capacity = 1536 * 1024;
    readonly int[] places = new int[HashJob.BlocksOf(LongMessage) + 1];
    HashJob[] jobs = new HashJob[1024], ordered = [];
    byte[] messages = new byte[64 * 1024], results = [];
    int jobCount, used, nextTarget;

    /// <summary>A batch on the widest lanes of this processor.</summary>
    public Sha256Batch()
        : this(Widest)
    {
    }

    /// <summary>The widest lanes of this processor.</summary>
    public static Sha256LaneWidth Widest { get; } =
        Sha256Lanes32.IsSupported ? Sha256LaneWidth.ThirtyTwo : Sha256Lanes8.IsSupported ? Sha256LaneWidth.Eight : Sha256LaneWidth.One;

    /// <summary>Forgets what was collected and starts at the first hash.</summary>
    public void Clear() => (jobCount, used, nextTarget) = (0, 0, 0);

    /// <summary>Collects a message; its hash becomes the next of <paramref name="hashes"/>.</summary>
    /// <param name="head">First four bytes, little-endian.</param>
    /// <param name="body">What stands between.</param>
    /// <param name="tail">Last four bytes, little-endian.</param>
    /// <param name="hashes">Receives the hashes, now or later: always the same, or a longer copy of it.</param>
    public void Add(uint head, ReadOnlySpan<byte> body, uint tail, Span<byte> hashes)
    {
        var length = sizeof(uint) + body.Length + sizeof(uint);
        var target = nextTarget++;
        if (length > LongMessage || lanes == Sha256LaneWidth.One)
        {
            HashAlone(head, body, tail, hashes.Slice(target * HashSize, HashSize));
            return;
        }

        var size = HashJob.BlocksOf(length) * BlockSize;
        // Room behind the messages for the longest: idle lanes read on.
        if (used + size + LongMessage + (2 * BlockSize) > messages.Length) Array.Resize(ref messages, messages.Length * 2);
        var message = messages.AsSpan(used, size);
        // Before the bytes of the message that stand in the same two blocks.
        if (size > BlockSize) message[^(2 * BlockSize)..].Clear();
        else message.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(message, head);
        body.CopyTo(message[sizeof(uint)..]);
        BinaryPrimitives.WriteUInt32LittleEndian(message[(length - sizeof(uint))..], tail);
        message[length] = 0x80;
        BinaryPrimitives.WriteUInt64BigEndian(message[^8..], (ulong)length * 8);
        if (jobCount == jobs.Length) Array.Resize(ref jobs, jobs.Length * 2);
        jobs[jobCount++] = new HashJob(used, length, target);
        used += size;
        if (used >= Capacity) Flush(hashes);
    }

    /// <summary>Hashes what was collected.</summary>
    public void Flush(Span<byte> hashes)
    {
        if (jobCount == 0) return;
        OrderByLength();
        if (lanes == Sha256LaneWidth.ThirtyTwo) HashInLanes<Sha256Lanes32>(hashes);
        else HashInLanes<Sha256Lanes8>(hashes);
        (jobCount, used) = (0, 0);
    }

    /// <summary>Double SHA-256 of neighbouring pairs of hashes: one level of a merkle tree. Output may be the input's own buffer.</summary>
    public static void DoubleHashPairs(ReadOnlySpan<byte> pairs, Span<byte> output) => DoubleHashPairs(pairs, output, Widest);

    /// <summary>The same on lanes of choice.</summary>
    public static void DoubleHashPairs(ReadOnlySpan<byte> pairs, Span<byte> output, Sha256LaneWidth lanes)
    {
        if (lanes == Sha256LaneWidth.ThirtyTwo) LaneHasher<Sha256Lanes32>.DoubleHashPairs(pairs, output);
        else if (lanes == Sha256LaneWidth.Eight) LaneHasher<Sha256Lanes8>.DoubleHashPairs(pairs, output);
        else DoubleHashPairsOneByOne(pairs, output);
    }

    /// <summary>Double SHA-256 of three parts as one message.</summary>
    public static void DoubleHash(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, Span<byte> hash)
    {
        var whole = ArrayPool<byte>.Shared.Rent(first.Length + second.Length + third.Length);
        first.CopyTo(whole);
        second.CopyTo(whole.AsSpan(first.Length));
        third.CopyTo(whole.AsSpan(first.Length + second.Length));
        SHA256.HashData(whole.AsSpan(0, first.Length + second.Length + third.Length), hash);
        ArrayPool<byte>.Shared.Return(whole);
        SHA256.HashData(hash, hash);
    }

    static void HashAlone(uint head, ReadOnlySpan<byte> body, uint tail, Span<byte> hash)
    {
        Span<byte> ends = stackalloc byte[2 * sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(ends, head);
        BinaryPrimitives.WriteUInt32LittleEndian(ends[sizeof(uint)..], tail);
        DoubleHash(ends[..sizeof(uint)], body, ends[sizeof(uint)..], hash);
    }

    // Longest first, by counting: there are few different numbers of blocks.
    void OrderByLength()
    {
        if (ordered.Length < jobCount) ordered = new HashJob[jobs.Length];
        Array.Clear(places);
        var ready = jobs.AsSpan(0, jobCount);
        foreach (var job in ready) places[job.Blocks]++;
        var next = 0;
        for (var blocks = places.Length - 1; blocks > 0; blocks--) (places[blocks], next) = (next, next + places[blocks]);
        foreach (var job in ready) ordered[places[job.Blocks]++] = job;
    }

    void HashInLanes<TLanes>(Span<byte> hashes)
        where TLanes : ISha256Lanes
    {
        var ready = ordered.AsSpan(0, jobCount);
        var alone = CountAlone(ready, TLanes.Lanes);
        foreach (var job in ready[..alone]) DoubleHash(messages.AsSpan(job.Offset, job.Length), default, default, hashes.Slice(job.Target * HashSize, HashSize));
        ready = ready[alone..];
        if (ready.Length == 0) return;
        var size = (ready.Length * HashSize) + LaneHasher<TLanes>.Slack;
        if (results.Length < size) results = new byte[(ordered.Length * HashSize) + LaneHasher<TLanes>.Slack];
        var firsts = results.AsSpan(0, size);
        for (var i = 0; i < ready.Length; i++) jobs[i] = ready[i] with { Target = i };
        LaneHasher<TLanes>.Hash(jobs.AsSpan(0, ready.Length), messages, firsts);
        LaneHasher<TLanes>.HashHashes(firsts);
        for (var i = 0; i < ready.Length; i++) firsts.Slice(i * HashSize, HashSize).CopyTo(hashes.Slice(ready[i].Target * HashSize, HashSize));
    }

    // How many of the longest to hash alone, so that they do not keep idle lanes waiting: the number that costs least in all. The platform's hash (with the
    // processor's own instructions) does some eight blocks in the time that the lanes need for one block in each of them.
    static int CountAlone(ReadOnlySpan<HashJob> longestFirst, int lanes)
    {
        var rest = 0;
        foreach (var job in longestFirst) rest += job.Blocks;
        var (best, least, spent) = (0, int.MaxValue, 0);
        for (var alone = 0; alone <= longestFirst.Length; alone++)
        {
            var longest = alone < longestFirst.Length ? longestFirst[alone].Blocks : 0;
            var cost = spent + (LanesCost * Math.Max(longest, rest / lanes));
            if (cost < least) (best, least) = (alone, cost);
            if (longest * lanes <= rest) break; // balanced from here on
            spent += longest;
            rest -= longest;
        }

        return best;
    }

    static void DoubleHashPairsOneByOne(ReadOnlySpan<byte> pairs, Span<byte> output)
    {
        for (var i = 0; i < pairs.Length / BlockSize; i++)
        {
            var hash = output.Slice(i * HashSize, HashSize);
            SHA256.HashData(pairs.Slice(i * BlockSize, BlockSize), hash);
            SHA256.HashData(hash, hash);
        }
    }
}

/// <summary>How many messages are hashed side by side.</summary>
enum Sha256LaneWidth
{
    One = 1,
    Eight = 8,
    ThirtyTwo = 32,
}
