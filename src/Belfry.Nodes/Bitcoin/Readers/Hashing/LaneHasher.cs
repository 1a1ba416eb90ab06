using System.Numerics;
using System.Runtime.Intrinsics;

namespace Belfry.Nodes.Bitcoin.Readers.Hashing;

/// <summary>A padded message in a buffer of 64-byte blocks.</summary>
/// <param name="Offset">First byte of the first block.</param>
/// <param name="Length">Bytes without padding.</param>
/// <param name="Target">Where its hash goes, in units of hashes.</param>
readonly record struct HashJob(int Offset, int Length, int Target)
{
    /// <summary>How many blocks the padded message has, at least one.</summary>
    public int Blocks => BlocksOf(Length);

    /// <summary>How many blocks a message of <paramref name="length"/> bytes has with its padding: one byte and eight of length.</summary>
    public static int BlocksOf(int length) => (length + 9 + 63) / 64;
}

/// <summary>Drives the lanes: every lane works on its own message and takes the next one when it is done.</summary>
static unsafe class LaneHasher<TLanes>
    where TLanes : ISha256Lanes
{
    const int BlockSize = 64;
    const int HashSize = 32;
    const int StateWords = 8;
    const int BlockWords = 16;

    /// <summary>How many bytes of room behind the hashes <see cref="Hash"/> needs.</summary>
    public const int Slack = 2 * HashSize;

    /// <summary>Single SHA-256 of padded messages.</summary>
    /// <param name="jobs">The messages within <paramref name="source"/>, at least one; the longest first, so that the lanes end together.</param>
    /// <param name="source">The padded messages, and behind them room for the longest once more.</param>
    /// <param name="hashes">Receives the hash of each at its target; <see cref="Slack"/> longer than the last target needs.</param>
    public static void Hash(ReadOnlySpan<HashJob> jobs, ReadOnlySpan<byte> source, Span<byte> hashes)
    {
        var lanes = TLanes.Lanes;
        var memory = stackalloc uint[((StateWords + BlockWords + 4) * lanes) + 16];
        var state = Align(memory);
        var words = state + (StateWords * lanes);
        var fresh = words + (BlockWords * lanes);
        var offsets = (int*)(fresh + lanes);
        var targets = offsets + lanes;
        var left = targets + lanes;
        var (next, running) = (0, 0);
        for (var lane = 0; lane < lanes; lane++) Start(jobs, lane);
        fixed (byte* bytes = source, output = hashes)
        {
            TLanes.Reset(state, fresh);
            while (running > 0)
            {
                TLanes.Load(bytes, offsets, words);
                TLanes.Compress(state, words);
                // What is not finished goes where nobody looks.
                var finished = Advance(offsets, left, targets, fresh, (int*)words, hashes.Length - HashSize);
                if (finished == 0) continue;
                TLanes.Store(state, output, (int*)words);
                TLanes.Reset(state, fresh);
                for (; finished != 0; finished &= finished - 1)
                {
                    running--;
                    Start(jobs, BitOperations.TrailingZeroCount(finished));
                }
            }
        }

        // A lane without a message hashes the first blocks of the buffer and nobody looks.
        void Start(ReadOnlySpan<HashJob> jobs, int lane)
        {
            var job = next < jobs.Length ? jobs[next++] : default;
            fresh[lane] = uint.MaxValue;
            offsets[lane] = job.Offset;
            targets[lane] = job.Target * HashSize;
            left[lane] = job.Length == 0 ? int.MaxValue : job.Blocks;
            if (job.Length > 0) running++;
        }
    }

    // One block on in every lane. Returns the lanes that are done, one bit each; marks them as fresh, and tells where every lane's hash goes.
    static uint Advance(int* offsets, int* left, int* targets, uint* fresh, int* places, int nowhere)
    {
        var finished = 0u;
        for (var lane = 0; lane < TLanes.Lanes; lane += Vector256<int>.Count)
        {
            (Vector256.Load(offsets + lane) + Vector256.Create(BlockSize)).Store(offsets + lane);
            var blocks = Vector256.Load(left + lane) - Vector256<int>.One;
            blocks.Store(left + lane);
            var done = Vector256.Equals(blocks, Vector256<int>.Zero);
            done.AsUInt32().Store(fresh + lane);
            Vector256.ConditionalSelect(done, Vector256.Load(targets + lane), Vector256.Create(nowhere)).Store(places + lane);
            finished |= done.ExtractMostSignificantBits() << lane;
        }

        return finished;
    }

    /// <summary>SHA-256 of neighbouring 32-byte hashes, in place; the span is <see cref="Slack"/> longer than they are.</summary>
    public static void HashHashes(Span<byte> hashes)
    {
        var lanes = TLanes.Lanes;
        var memory = stackalloc uint[((StateWords + BlockWords) * lanes) + 16];
        var state = Align(memory);
        var words = state + (StateWords * lanes);
        var offsets = stackalloc int[lanes];
        var count = (hashes.Length - Slack) / HashSize;
        fixed (byte* bytes = hashes)
        {
            for (var first = 0; first < count; first += lanes)
            {
                for (var lane = 0; lane < lanes; lane++) offsets[lane] = Math.Min(first + lane, count - 1) * HashSize;
                // Reads the next hash too; the padding takes its place.
                TLanes.Load(bytes, offsets, words);
                HashAgain(state, words, lanes);
                TLanes.Store(state, bytes, offsets);
            }
        }
    }

    /// <summary>Double SHA-256 of neighbouring pairs of hashes: one level of a merkle tree. Output may be the input's own buffer.</summary>
    public static void DoubleHashPairs(ReadOnlySpan<byte> pairs, Span<byte> output)
    {
        var lanes = TLanes.Lanes;
        var memory = stackalloc uint[((StateWords + BlockWords) * lanes) + 16];
        var state = Align(memory);
        var words = state + (StateWords * lanes);
        var offsets = stackalloc int[lanes];
        var count = pairs.Length / BlockSize;
        if (output.Length < count * HashSize) throw new ArgumentOutOfRangeException(nameof(output));
        fixed (byte* bytes = pairs, target = output)
        {
            fixed (uint* padding = Sha256Constants.PaddingAfter64Bytes)
            {
                for (var first = 0; first < count; first += lanes)
                {
                    for (var lane = 0; lane < lanes; lane++) offsets[lane] = Math.Min(first + lane, count - 1) * BlockSize;
                    Reset(state, lanes);
                    TLanes.Load(bytes, offsets, words);
                    TLanes.Compress(state, words);
                    TLanes.CompressKnown(state, padding);
                    // The state is already the first half of the second hash's message, word by word.
                    new ReadOnlySpan<uint>(state, StateWords * lanes).CopyTo(new Span<uint>(words, StateWords * lanes));
                    HashAgain(state, words, lanes);
                    for (var lane = 0; lane < lanes; lane++) offsets[lane] /= 2;
                    TLanes.Store(state, target, offsets);
                }
            }
        }
    }

    // The second hash of a double one, from the first in the first half of the words.
    static void HashAgain(uint* state, uint* words, int lanes)
    {
        new Span<uint>(words + (8 * lanes), lanes).Fill(0x80000000);
        new Span<uint>(words + (9 * lanes), 6 * lanes).Clear();
        new Span<uint>(words + (15 * lanes), lanes).Fill(HashSize * 8);
        Reset(state, lanes);
        TLanes.Compress(state, words);
    }

    // 64-byte aligned, so that no vector straddles two cache lines; 16 words of room for that.
    static uint* Align(uint* memory) => (uint*)(((nint)memory + 63) & ~(nint)63);

    static void Reset(uint* state, int lanes)
    {
        for (var word = 0; word < StateWords; word++) new Span<uint>(state + (word * lanes), lanes).Fill(Sha256Constants.Initial[word]);
    }
}
