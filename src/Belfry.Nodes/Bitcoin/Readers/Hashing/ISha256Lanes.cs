using System.Numerics;

namespace Belfry.Nodes.Bitcoin.Readers.Hashing;

/// <summary>
/// The SHA-256 compression function (FIPS 180-4) on several messages at once, one per lane of a vector. State and words are held word by word:
/// word w of lane l at <c>w * Lanes + l</c>.
/// </summary>
unsafe interface ISha256Lanes
{
    /// <summary>Whether this processor can.</summary>
    static abstract bool IsSupported { get; }

    /// <summary>How many messages go side by side.</summary>
    static abstract int Lanes { get; }

    /// <summary>Sets the initial state in the lanes whose mask is all ones.</summary>
    static abstract void Reset(uint* state, uint* mask);

    /// <summary>Reads one 64-byte block per lane, at the given offset of each, as big-endian words.</summary>
    static abstract void Load(byte* source, int* offsets, uint* words);

    /// <summary>Compresses the 16 words of every lane into its state of 8 words; the words are overwritten.</summary>
    static abstract void Compress(uint* state, uint* words);

    /// <summary>Compresses a block that is the same in all lanes, given as 64 words of its schedule with the round constants added.</summary>
    static abstract void CompressKnown(uint* state, uint* schedule);

    /// <summary>Writes the state of every lane as a big-endian hash of 32 bytes, at the given offset of each.</summary>
    static abstract void Store(uint* state, byte* hashes, int* offsets);
}

static class Sha256Constants
{
    public static ReadOnlySpan<uint> Initial =>
        [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    public static ReadOnlySpan<uint> Round =>
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    /// <summary>The schedule of the block that pads a message of 64 bytes, with the round constants added: nothing in it depends on the message.</summary>
    public static readonly uint[] PaddingAfter64Bytes = Schedule([0x80000000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 512]);

    static uint[] Schedule(ReadOnlySpan<uint> block)
    {
        var w = new uint[64];
        block.CopyTo(w);
        for (var t = 16; t < 64; t++)
        {
            var s0 = BitOperations.RotateRight(w[t - 15], 7) ^ BitOperations.RotateRight(w[t - 15], 18) ^ (w[t - 15] >> 3);
            var s1 = BitOperations.RotateRight(w[t - 2], 17) ^ BitOperations.RotateRight(w[t - 2], 19) ^ (w[t - 2] >> 10);
            w[t] = unchecked(w[t - 16] + s0 + w[t - 7] + s1);
        }

        for (var t = 0; t < 64; t++) w[t] = unchecked(w[t] + Round[t]);
        return w;
    }
}
