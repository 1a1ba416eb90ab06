namespace Belfry.Core.Chains;

/// <summary>
/// What an output pays to: the locking script on Bitcoin-family chains, the 20-byte account on Ethereum-family chains and Tron. Every spelling of an
/// address is one script; matching and storage go by it, never by the address text. Immutable.
/// </summary>
public sealed class Script : IEquatable<Script>
{
    readonly byte[] bytes;
    readonly int hashCode;

    /// <summary>Copies <paramref name="bytes"/>.</summary>
    public Script(ReadOnlySpan<byte> bytes)
    {
        this.bytes = bytes.ToArray();
        var hash = new HashCode();
        hash.AddBytes(bytes);
        hashCode = hash.ToHashCode();
    }

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Span => bytes;

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Memory => bytes;

    /// <summary>Length in bytes.</summary>
    public int Length => bytes.Length;

    /// <summary>Reads hexadecimal digits.</summary>
    /// <exception cref="FormatException">Not an even number of hexadecimal digits.</exception>
    public static Script Parse(string hex) => new(Convert.FromHexString(hex));

    /// <inheritdoc/>
    public bool Equals(Script? other) => other is not null && hashCode == other.hashCode && bytes.AsSpan().SequenceEqual(other.bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Script);

    /// <inheritdoc/>
    public override int GetHashCode() => hashCode;

    /// <summary>Lower-case hexadecimal digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(bytes);
}
