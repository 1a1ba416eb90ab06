using System.Security.Cryptography;

namespace Belfry.Core.Runtime;

/// <summary>Where randomness comes from. A simulation passes a seeded one, so that a run repeats bit by bit.</summary>
public interface IEntropy
{
    /// <summary>Fills <paramref name="bytes"/> with random bytes.</summary>
    void Fill(Span<byte> bytes);

    /// <summary>A number from 0 (inclusive) to 1 (exclusive); for jitter.</summary>
    double NextDouble();
}

/// <summary>The operating system's generator: good for keys and tickets.</summary>
public sealed class SystemEntropy : IEntropy
{
    /// <summary>The one instance: it has no state.</summary>
    public static SystemEntropy Instance { get; } = new();

    /// <inheritdoc/>
#pragma warning disable RS0030 // this is the one place where the system's generator is called
    public void Fill(Span<byte> bytes) => RandomNumberGenerator.Fill(bytes);
#pragma warning restore RS0030

    /// <inheritdoc/>
    public double NextDouble() => RandomNumberGenerator.GetInt32(int.MaxValue) / (double)int.MaxValue;
}
