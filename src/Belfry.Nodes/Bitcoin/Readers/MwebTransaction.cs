using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Readers.Hashing;

namespace Belfry.Nodes.Bitcoin.Readers;

/// <summary>Where Litecoin's extension-block transaction (LIP 3, LIP 4) stands within a transaction. Its structure is checked, its contents are confidential.</summary>
/// <param name="Length">Length in bytes; 0 when there is none.</param>
/// <param name="FirstKernel">Offset of its first kernel.</param>
/// <param name="FirstKernelLength">Length of that kernel; 0 when it has no kernel.</param>
public readonly record struct MwebTransaction(int Length, int FirstKernel, int FirstKernelLength)
{
    const int PublicKey = 33, Scalar = 32, Signature = 64, RangeProof = 675;

    /// <summary>Writes the id that Litecoin's nodes give it: BLAKE3 of its first kernel, in wire order.</summary>
    internal void WriteId(ReadOnlySpan<byte> data, Span<byte> hash) => Blake3.Hash(data.Slice(FirstKernel, FirstKernelLength), hash[..Hash256.Size]);

    internal static MwebTransaction Skip(ref WireReader reader)
    {
        var start = reader.Position;
        reader.Skip(2 * Scalar, "MWEB offsets");
        for (var left = reader.ReadCount(Scalar + PublicKey, "MWEB input count"); left > 0; left--) SkipInput(ref reader);
        for (var left = reader.ReadCount(RangeProof, "MWEB output count"); left > 0; left--) SkipOutput(ref reader);
        var kernels = reader.ReadCount(PublicKey + Signature, "MWEB kernel count");
        if (kernels == 0) throw reader.Fault("an MWEB transaction has at least one kernel", reader.Position);
        var first = reader.Position;
        var firstEnd = first;
        for (var i = 0; i < kernels; i++)
        {
            SkipKernel(ref reader);
            if (i == 0) firstEnd = reader.Position;
        }

        return new MwebTransaction(reader.Position - start, first, firstEnd - first);
    }

    static void SkipInput(ref WireReader reader)
    {
        var features = reader.ReadByte("MWEB input features");
        reader.Skip(Scalar + PublicKey + PublicKey, "MWEB input");
        if ((features & 1) != 0) reader.Skip(PublicKey, "MWEB input key");
        if ((features & 2) != 0) reader.TakeBytes("MWEB input extra data");
        reader.Skip(Signature, "MWEB input signature");
    }

    static void SkipOutput(ref WireReader reader)
    {
        reader.Skip(3 * PublicKey, "MWEB output");
        var features = reader.ReadByte("MWEB output features");
        if ((features & 1) != 0) reader.Skip(PublicKey + 1 + 8 + 16, "MWEB output fields");
        if ((features & 2) != 0) reader.TakeBytes("MWEB output extra data");
        reader.Skip(RangeProof + Signature, "MWEB range proof");
    }

    static void SkipKernel(ref WireReader reader)
    {
        var features = reader.ReadByte("MWEB kernel features");
        if ((features & 1) != 0) SkipVarInt(ref reader, "MWEB fee");
        if ((features & 2) != 0) SkipVarInt(ref reader, "MWEB peg-in amount");
        if ((features & 4) != 0) SkipPegOuts(ref reader);
        if ((features & 8) != 0) SkipVarInt(ref reader, "MWEB lock height");
        if ((features & 16) != 0) reader.Skip(PublicKey, "MWEB stealth excess");
        if ((features & 32) != 0) reader.TakeBytes("MWEB kernel extra data");
        reader.Skip(PublicKey + Signature, "MWEB kernel");
    }

    static void SkipPegOuts(ref WireReader reader)
    {
        for (var left = reader.ReadCount(2, "MWEB peg-out count"); left > 0; left--)
        {
            SkipVarInt(ref reader, "MWEB peg-out amount");
            reader.TakeBytes("MWEB peg-out script");
        }
    }

    // Base-128, most significant group first; at most 10 bytes for 64 bits.
    static void SkipVarInt(ref WireReader reader, string field)
    {
        var at = reader.Position;
        while ((reader.ReadByte(field) & 0x80) != 0)
        {
            if (reader.Position - at >= 10) throw reader.Fault($"{field} is longer than 64 bits", at);
        }
    }
}
