using System.Buffers.Binary;
using System.Text;
using Belfry.Core.Chains;
using Belfry.Core.Watches;

namespace Belfry.Core.Listeners;

/// <summary>
/// Scripts packed into bytes: a million of 22 bytes are 33 MB, where as many <see cref="Script"/> objects in a set of the framework are 120. Exact, whatever the
/// fingerprints do. Counted tables also keep an address and how often each script was added. One thread at a time changes; looking up takes no lock and may go on meanwhile.
/// </summary>
/// <param name="key">Keys the places, so that nobody can prepare scripts that crowd together.</param>
/// <param name="isCounted">Whether each script has an address and a count.</param>
public sealed class ScriptTable(FingerprintKey key, bool isCounted = false)
{
    // An offset is 12 bits of chunk and 20 bits within it; a slot holds it plus one.
    const int ChunkBits = 20;
    const int FirstChunk = 128;
    const uint Free = 0;
    const uint Gone = uint.MaxValue;
    View view = new(new uint[8], []);
    byte[][] chunks = [];
    int used;
    int slotsTaken;
    long bytesHeld;
    long bytesGone;

    /// <summary>How many scripts.</summary>
    public int Count { get; private set; }

    /// <summary>Sum of all counts.</summary>
    public long Total { get; private set; }

    /// <summary>Whether the script is there.</summary>
    public bool Contains(Script script)
    {
        ArgumentNullException.ThrowIfNull(script);
        return Find(script.Span) >= 0;
    }

    /// <summary>Adds the script.</summary>
    /// <returns>How often it is there now; 1 when it is new. A table without counts says 0 when it was there already.</returns>
    public int Add(Script script, string address = "")
    {
        ArgumentNullException.ThrowIfNull(script);
        Total++;
        if (Find(script.Span) is var slot and >= 0)
        {
            if (isCounted) return Bump(slot, 1);
            Total--;
            return 0;
        }

        if (slotsTaken + 1 > view.Index.Length / 4 * 3) Rebuild();
        var place = Write(script.Span, address);
        if (chunks != view.Chunks) Volatile.Write(ref view, view with { Chunks = chunks });
        Insert(view.Index, script.Span, place);
        Count++;
        return 1;
    }

    /// <summary>Removes one occurrence.</summary>
    /// <returns>How often it is still there; -1 when it was not.</returns>
    public int Remove(Script script)
    {
        ArgumentNullException.ThrowIfNull(script);
        var slot = Find(script.Span);
        if (slot < 0) return -1;
        Total--;
        if (isCounted && Bump(slot, -1) is var left and > 0) return left;
        bytesGone += Size(Record(view, view.Index[slot]));
        Volatile.Write(ref view.Index[slot], Gone);
        Count--;
        if (bytesGone > 4096 && bytesGone > bytesHeld / 2) Rebuild();
        return 0;
    }

    /// <summary>Everything, in no order; changes meanwhile are the caller's to prevent.</summary>
    public IEnumerable<(Script Script, string Address, int Count)> ReadAll()
    {
        foreach (var slot in view.Index)
        {
            if (slot is Free or Gone) continue;
            yield return Read(slot);
        }
    }

    (Script Script, string Address, int Count) Read(uint slot)
    {
        var record = Record(view, slot);
        var script = new Script(ScriptOf(record));
        if (!isCounted) return (script, "", 1);
        var rest = record[(2 + script.Length)..];
        var count = BinaryPrimitives.ReadInt32LittleEndian(rest);
        return (script, Encoding.UTF8.GetString(rest.Slice(6, BinaryPrimitives.ReadUInt16LittleEndian(rest[4..]))), count);
    }

    // The slot, or -1. A reader may meet a slot whose chunk its view does not have yet: then there is a newer view.
    int Find(ReadOnlySpan<byte> script)
    {
        while (true)
        {
            var seen = Volatile.Read(ref view);
            var mask = seen.Index.Length - 1;
            var at = (int)(key.Hash(script) >> 32) & mask;
            for (; ; at = (at + 1) & mask)
            {
                var slot = Volatile.Read(ref seen.Index[at]);
                if (slot == Free) return -1;
                if (slot == Gone) continue;
                if ((slot - 1) >> ChunkBits >= seen.Chunks.Length) break;
                if (ScriptOf(Record(seen, slot)).SequenceEqual(script)) return at;
            }
        }
    }

    int Bump(int slot, int by)
    {
        var record = Record(view, view.Index[slot]);
        var count = record[(2 + ScriptOf(record).Length)..];
        var next = BinaryPrimitives.ReadInt32LittleEndian(count) + by;
        BinaryPrimitives.WriteInt32LittleEndian(count, next);
        return next;
    }

    uint Write(ReadOnlySpan<byte> script, string address)
    {
        var text = isCounted ? Encoding.UTF8.GetBytes(address) : [];
        var size = 2 + script.Length + (isCounted ? 6 + text.Length : 0);
        var record = Reserve(size, out var slot);
        BinaryPrimitives.WriteUInt16LittleEndian(record, checked((ushort)script.Length));
        script.CopyTo(record[2..]);
        if (!isCounted) return slot;
        var rest = record[(2 + script.Length)..];
        BinaryPrimitives.WriteInt32LittleEndian(rest, 1);
        BinaryPrimitives.WriteUInt16LittleEndian(rest[4..], checked((ushort)text.Length));
        text.CopyTo(rest[6..]);
        return slot;
    }

    Span<byte> Reserve(int size, out uint slot)
    {
        if (chunks.Length == 0 || chunks[^1].Length - used < size)
        {
            var length = Math.Max(size, (int)Math.Clamp(bytesHeld, FirstChunk, 1 << ChunkBits));
            if (chunks.Length == 1 << (32 - ChunkBits)) throw new InvalidOperationException("The table of scripts is full.");
            chunks = [.. chunks, new byte[length]];
            used = 0;
        }

        slot = (((uint)(chunks.Length - 1) << ChunkBits) | (uint)used) + 1;
        var record = chunks[^1].AsSpan(used, size);
        used += size;
        bytesHeld += size;
        return record;
    }

    void Insert(uint[] index, ReadOnlySpan<byte> script, uint slot)
    {
        var mask = index.Length - 1;
        var at = (int)(key.Hash(script) >> 32) & mask;
        while (index[at] is not (Free or Gone)) at = (at + 1) & mask;
        if (index[at] == Free) slotsTaken++;
        Volatile.Write(ref index[at], slot);
    }

    // Grows the index, or only drops what was removed; readers keep the old arrays, which nobody changes any more.
    void Rebuild()
    {
        var old = view;
        var compact = bytesGone > bytesHeld / 4;
        var length = 8;
        while (length / 2 < Count + 1) length *= 2;
        var index = new uint[length];
        slotsTaken = 0;
        if (compact) (chunks, used, bytesHeld, bytesGone) = ([], 0, 0, 0);

        foreach (var slot in old.Index)
        {
            if (slot is Free or Gone) continue;
            var record = Record(old, slot);
            var size = Size(record);
            var kept = slot;
            if (compact) record[..size].CopyTo(Reserve(size, out kept));
            Insert(index, ScriptOf(record), kept);
        }

        Volatile.Write(ref view, new View(index, chunks));
    }

    int Size(ReadOnlySpan<byte> record)
    {
        var size = 2 + ScriptOf(record).Length;
        return isCounted ? size + 6 + BinaryPrimitives.ReadUInt16LittleEndian(record[(size + 4)..]) : size;
    }

    static Span<byte> Record(View seen, uint slot) => seen.Chunks[(slot - 1) >> ChunkBits].AsSpan((int)((slot - 1) & ((1 << ChunkBits) - 1)));

    static ReadOnlySpan<byte> ScriptOf(ReadOnlySpan<byte> record) => record.Slice(2, BinaryPrimitives.ReadUInt16LittleEndian(record));

    sealed record View(uint[] Index, byte[][] Chunks);
}
