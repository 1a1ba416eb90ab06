using System.Security.Cryptography;

namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>The two composed hashes of Bitcoin's addresses. Allocate nothing.</summary>
public static class Hash160
{
    /// <summary>Length of a hash in bytes.</summary>
    public const int Size = Ripemd160.Size;

    /// <summary>RIPEMD-160 of SHA-256, 20 bytes: what p2pkh, p2wpkh and p2sh commit to.</summary>
    public static void Compute(ReadOnlySpan<byte> data, Span<byte> destination)
    {
        Span<byte> inner = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(data, inner);
        Ripemd160.Hash(inner, destination);
    }

    /// <summary>SHA-256 of SHA-256, 32 bytes: checksums of Base58Check, and what a 32-byte P2SH on Bitcoin Cash commits to.</summary>
    public static void ComputeDoubleSha256(ReadOnlySpan<byte> data, Span<byte> destination)
    {
        Span<byte> inner = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(data, inner);
        SHA256.HashData(inner, destination);
    }
}
