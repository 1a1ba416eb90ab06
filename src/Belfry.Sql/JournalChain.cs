using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Belfry.Core.Chains;
using Belfry.Core.Journal;

namespace Belfry.Sql;

/// <summary>
/// The hash chain of the journal: each row carries SHA-256 over the hash of the row before it and its own canonical bytes, so that no row can change, go
/// missing or move unseen. The first row follows a hash of the epoch.
/// </summary>
static class JournalChain
{
    public static byte[] Genesis(string epoch) => SHA256.HashData(Encoding.UTF8.GetBytes("belfry journal " + epoch));

    public static byte[] Hash(ReadOnlySpan<byte> previous, JournalEntry entry)
    {
        var bytes = new ArrayBufferWriter<byte>(256 + entry.Event.Data.Length);
        bytes.Write(previous);
        Number(bytes, entry.Sequence);
        Canonical(bytes, entry.Chain, entry.Event);
        bytes.Write(entry.Event.Data.Span);
        return SHA256.HashData(bytes.WrittenSpan);
    }

    /// <summary>What stands between the sequence number and the data: for a store that gives out numbers and hashes by itself.</summary>
    public static byte[] Canonical(ChainId chain, PendingEvent told)
    {
        var bytes = new ArrayBufferWriter<byte>(256);
        Canonical(bytes, chain, told);
        return bytes.WrittenSpan.ToArray();
    }

    static void Canonical(ArrayBufferWriter<byte> bytes, ChainId chain, PendingEvent told)
    {
        Text(bytes, chain.Value);
        Number(bytes, (long)told.Kind);
        Bytes(bytes, told.Script is null, told.Script is null ? default : told.Script.Span);
        Text(bytes, told.Address);
        Span<byte> hash = stackalloc byte[Hash256.Size];
        told.Transaction.GetValueOrDefault().Value.CopyTo(hash);
        Bytes(bytes, told.Transaction is null, told.Transaction is null ? default : hash);
        // Absent and present differ by the flag, so that height 0 is not "none".
        Bytes(bytes, told.Height is null, default);
        Number(bytes, told.Height ?? 0);
        Text(bytes, told.Id);
        Number(bytes, told.At.UtcTicks);
        Number(bytes, told.Data.Length);
    }

    static void Number(ArrayBufferWriter<byte> bytes, long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(bytes.GetSpan(8), value);
        bytes.Advance(8);
    }

    static void Text(ArrayBufferWriter<byte> bytes, string? text) => Bytes(bytes, text is null, text is null ? default : Encoding.UTF8.GetBytes(text));

    static void Bytes(ArrayBufferWriter<byte> bytes, bool absent, ReadOnlySpan<byte> value)
    {
        Number(bytes, absent ? -1 : value.Length);
        bytes.Write(value);
    }
}
