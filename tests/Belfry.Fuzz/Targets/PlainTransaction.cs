using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Belfry.Fuzz.Targets;

/// <summary>
/// The Bitcoin transaction format read as plainly as can be, to compare the real readers with. Shares no code with them. Segregated witness and the original form; no
/// extension of other chains.
/// </summary>
sealed class PlainTransaction
{
    const ulong Largest = 0x02000000;

    /// <summary>Double SHA-256 without witness, wire order.</summary>
    public required byte[] Id { get; init; }

    public required byte[] WitnessId { get; init; }

    public required List<byte[]> Spends { get; init; }

    public required List<(long Value, byte[] Script)> Outputs { get; init; }

    public required int End { get; init; }

    /// <summary>Reads one; null when the bytes are none.</summary>
    public static PlainTransaction? Read(byte[] data, int start, bool segwit)
    {
        try
        {
            return new Parser(data, start).Read(segwit);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>Reads a whole block: header, transactions, nothing behind; null when it is none. The merkle root is not checked.</summary>
    public static List<PlainTransaction>? ReadBlock(byte[] data, bool segwit)
    {
        try
        {
            var parser = new Parser(data, 0);
            parser.Take(80);
            var list = new List<PlainTransaction>();
            var count = parser.Count();
            if (count == 0) return null;
            for (ulong i = 0; i < count; i++) list.Add(parser.Read(segwit));
            return parser.At == data.Length ? list : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>The merkle root over ids, and whether no pair of equal hashes stands at any level where both are really there.</summary>
    public static (byte[] Root, bool Sound) MerkleRoot(IEnumerable<byte[]> ids)
    {
        var level = ids.ToList();
        var sound = true;
        while (level.Count > 1)
        {
            for (var i = 0; i + 1 < level.Count; i += 2) sound &= !level[i].AsSpan().SequenceEqual(level[i + 1]);
            if (level.Count % 2 == 1) level.Add(level[^1]);
            level = [.. level.Chunk(2).Select(pair => Twice([.. pair[0], .. pair[1]]))];
        }

        return (level[0], sound);
    }

    static byte[] Twice(ReadOnlySpan<byte> bytes) => SHA256.HashData(SHA256.HashData(bytes));

    sealed class Parser(byte[] data, int from)
    {
        public int At { get; private set; } = from;

        public PlainTransaction Read(bool segwit)
        {
            var start = At;
            var version = Take(4).ToArray();
            var extended = segwit && At + 1 < data.Length && data[At] == 0 && data[At + 1] != 0;
            if (extended && data[At + 1] != 1) throw new FormatException("flag");
            if (extended) At += 2;
            var body = At;
            var spends = new List<byte[]>();
            for (var left = Count(); left > 0; left--)
            {
                spends.Add(Take(36).ToArray());
                Take(Count());
                Take(4);
            }

            var outputs = new List<(long, byte[])>();
            for (var left = Count(); left > 0; left--) outputs.Add((BinaryPrimitives.ReadInt64LittleEndian(Take(8)), Take(Count()).ToArray()));
            var bodyEnd = At;
            var any = !extended;
            for (var input = 0; extended && input < spends.Count; input++)
            {
                for (var left = Count(); left > 0; left--, any = true) Take(Count());
            }

            if (!any) throw new FormatException("no witness");
            var lockTime = Take(4).ToArray();
            return new PlainTransaction
            {
                Id = Twice([.. version, .. data[body..bodyEnd], .. lockTime]),
                WitnessId = Twice(data.AsSpan(start, At - start)),
                Spends = spends,
                Outputs = outputs,
                End = At,
            };
        }

        public ReadOnlySpan<byte> Take(ulong count)
        {
            if (count > (ulong)(data.Length - At)) throw new FormatException("cut short");
            At += (int)count;
            return data.AsSpan(At - (int)count, (int)count);
        }

        public ulong Count()
        {
            var first = Take(1)[0];
            var (value, least) = first switch
            {
                0xfd => (BinaryPrimitives.ReadUInt16LittleEndian(Take(2)), 0xfdUL),
                0xfe => (BinaryPrimitives.ReadUInt32LittleEndian(Take(4)), 0x10000UL),
                0xff => (BinaryPrimitives.ReadUInt64LittleEndian(Take(8)), 0x100000000UL),
                _ => ((ulong)first, 0UL),
            };
            return value >= least && value <= Largest ? value : throw new FormatException("count");
        }
    }
}
