using System.Buffers.Binary;
using Belfry.Core.Runtime;

namespace Belfry.Nodes.Simnet;

/// <summary>Repeatable randomness: the same seed gives the same bytes on every machine. For simulation only, never for keys.</summary>
/// <remarks>SplitMix64: one addition and three mixing steps a word, full period of 2^64.</remarks>
public sealed class SeededEntropy(ulong seed) : IEntropy
{
    ulong state = seed;

    /// <inheritdoc/>
    public void Fill(Span<byte> bytes)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        while (!bytes.IsEmpty)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(word, Next());
            var take = Math.Min(word.Length, bytes.Length);
            word[..take].CopyTo(bytes);
            bytes = bytes[take..];
        }
    }

    /// <inheritdoc/>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    ulong Next()
    {
        state += 0x9E3779B97F4A7C15;
        var mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}

static class EntropyChoices
{
    /// <summary>A whole number from 0 to <paramref name="bound"/> - 1.</summary>
    public static int Below(this IEntropy entropy, int bound) => (int)(entropy.NextDouble() * bound);

    public static bool Chance(this IEntropy entropy, double probability) => entropy.NextDouble() < probability;

    public static T Pick<T>(this IEntropy entropy, IReadOnlyList<T> items) => items[entropy.Below(items.Count)];

    public static byte[] Bytes(this IEntropy entropy, int count)
    {
        var bytes = new byte[count];
        entropy.Fill(bytes);
        return bytes;
    }
}
