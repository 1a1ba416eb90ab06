namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>The form of signatures.</summary>
static class Signature
{
    /// <summary>Whether the bytes are an ECDSA signature in strict DER and a hash type (BIP 66): 30 length 02 length R 02 length S type.</summary>
    public static bool IsDer(ReadOnlySpan<byte> signature)
    {
        if (signature.Length is < 9 or > 73 || signature[0] != 0x30 || signature[1] != signature.Length - 3) return false;
        var body = signature[2..^1];
        return TryInteger(ref body) && TryInteger(ref body) && body.IsEmpty;
    }

    // Positive, and no zero byte in front but the one that keeps it so.
    static bool TryInteger(ref ReadOnlySpan<byte> body)
    {
        if (body.Length < 3 || body[0] != 2) return false;
        int length = body[1];
        if (length == 0 || length > body.Length - 2) return false;
        var integer = body.Slice(2, length);
        body = body[(2 + length)..];
        return (integer[0] & 0x80) == 0 && (length == 1 || integer[0] != 0 || (integer[1] & 0x80) != 0);
    }
}
