using System.Buffers.Binary;

namespace Belfry.Nodes.Bitcoin.Readers.Hashing;

/// <summary>A padded message in a buffer of 64-byte blocks.</summary>
/// <param name="Offset">First byte of the first block.</param>
/// <param name="Blocks">How many blocks, at least one.</param>
/// <param name="Target">Where its hash goes, in units of hashes.</param>
readonly record struct HashJob(int Offset, int Blocks, int Target);

/// <summary>Drives the lanes: every lane works on its own message and takes the next one when it is done.</summary>
static unsafe class LaneHasher<TLanes>
    where TLanes : ISha256Lanes
{
    const int BlockSize = 64;
    const int HashSize = 32;

    /// <summary>Single SHA-256 of padded messages.</summary>
    /// <param name="jobs">The messages within <paramref name="source"/>.</param>
    /// <param name="source">The padded messages.</param>
    /// <param name="hashes">Receives the hash of each at its target.</param>
    /// <param name="stride">Bytes from one hash to the next.</param>
    public static void Hash(ReadOnlySpan<HashJob> jobs, ReadOnlySpan<byte> source, Span<byte> hashes, int stride)
    {
        var lanes = TLanes.Lanes;
        var memory = stackalloc uint[(24 * lanes) + 16];
        var state = Align(memory);
        var words = state + (8 * lanes);
        var offsets = stackalloc int[lanes];
        var left = stackalloc int[lanes];
        var target = stackalloc int[lanes];
        var next = 0;
        var running = 0;
        for (var lane = 0; lane < lanes; lane++)
        {
            left[lane] = 0;
            offsets[lane] = 0;
            if (next >= jobs.Length) continue;
            (offsets[lane], left[lane], target[lane]) = jobs[next++];
            Reset(state, lanes, lane);
            running++;
        }

        fixed (byte* bytes = source)
        {
            while (running > 0)
            {
                TLanes.Load(bytes, offsets, words);
                TLanes.Compress(state, words);
                for (var lane = 0; lane < lanes; lane++)
                {
                    if (left[lane] == 0) continue; // idle: it hashes its last block again and nobody looks
                    if (--left[lane] > 0)
                    {
                        offsets[lane] += BlockSize;
                        continue;
                    }

                    Store(state, lanes, lane, hashes.Slice(target[lane] * stride, HashSize));
                    if (next < jobs.Length)
                    {
                        (offsets[lane], left[lane], target[lane]) = jobs[next++];
                        Reset(state, lanes, lane);
                    }
                    else
                    {
                        running--;
                    }
                }
            }
        }
    }

    /// <summary>Double SHA-256 of neighbouring pairs of hashes: one level of a merkle tree. Output may be the input's own buffer.</summary>
    public static void DoubleHashPairs(ReadOnlySpan<byte> pairs, Span<byte> output)
    {
        var lanes = TLanes.Lanes;
        var memory = stackalloc uint[(24 * lanes) + 16];
        var state = Align(memory);
        var words = state + (8 * lanes);
        var offsets = stackalloc int[lanes];
        var count = pairs.Length / BlockSize;
        fixed (byte* bytes = pairs)
        {
            for (var first = 0; first < count; first += lanes)
            {
                for (var lane = 0; lane < lanes; lane++)
                {
                    offsets[lane] = Math.Min(first + lane, count - 1) * BlockSize;
                    Reset(state, lanes, lane);
                }

                TLanes.Load(bytes, offsets, words);
                TLanes.Compress(state, words);
                FillPadding(words, lanes, from: 0, bits: 512);
                TLanes.Compress(state, words);
                HashAgain(state, words, lanes);
                for (var lane = 0; lane < lanes && first + lane < count; lane++) Store(state, lanes, lane, output.Slice((first + lane) * HashSize, HashSize));
            }
        }
    }

    /// <summary>SHA-256 of each 32-byte hash, in place.</summary>
    public static void HashHashes(Span<byte> hashes)
    {
        var lanes = TLanes.Lanes;
        var memory = stackalloc uint[(24 * lanes) + 16];
        var state = Align(memory);
        var words = state + (8 * lanes);
        for (; hashes.Length > 0; hashes = hashes[Math.Min(hashes.Length, lanes * HashSize)..])
        {
            for (var lane = 0; lane < lanes && lane * HashSize < hashes.Length; lane++)
            {
                for (var word = 0; word < 8; word++)
                {
                    state[(word * lanes) + lane] = BinaryPrimitives.ReadUInt32BigEndian(hashes[((lane * HashSize) + (word * 4))..]);
                }
            }

            HashAgain(state, words, lanes);
            for (var lane = 0; lane < lanes && lane * HashSize < hashes.Length; lane++) Store(state, lanes, lane, hashes.Slice(lane * HashSize, HashSize));
        }
    }

    // The state of the first hash is already the first half of the second one's message, word by word.
    static void HashAgain(uint* state, uint* words, int lanes)
    {
        new ReadOnlySpan<uint>(state, 8 * lanes).CopyTo(new Span<uint>(words, 8 * lanes));
        FillPadding(words, lanes, from: 8, bits: 256);
        for (var word = 0; word < 8; word++) new Span<uint>(state + (word * lanes), lanes).Fill(Sha256Constants.Initial[word]);
        TLanes.Compress(state, words);
    }

    static void FillPadding(uint* words, int lanes, int from, uint bits)
    {
        new Span<uint>(words + (from * lanes), lanes).Fill(0x80000000);
        new Span<uint>(words + ((from + 1) * lanes), (14 - from) * lanes).Clear();
        new Span<uint>(words + (15 * lanes), lanes).Fill(bits);
    }

    // 64-byte aligned, so that no vector straddles two cache lines; 16 words of room for that.
    static uint* Align(uint* memory) => (uint*)(((nint)memory + 63) & ~(nint)63);

    static void Reset(uint* state, int lanes, int lane)
    {
        for (var word = 0; word < 8; word++) state[(word * lanes) + lane] = Sha256Constants.Initial[word];
    }

    static void Store(uint* state, int lanes, int lane, Span<byte> hash)
    {
        for (var word = 0; word < 8; word++) BinaryPrimitives.WriteUInt32BigEndian(hash[(word * 4)..], state[(word * lanes) + lane]);
    }
}
