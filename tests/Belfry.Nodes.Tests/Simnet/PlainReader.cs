using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Belfry.Nodes.Tests.Simnet;

/// <summary>A deliberately simple reader of consensus bytes for checking what the simulated chain writes; shares no code with it nor with the server.</summary>
sealed class PlainReader(byte[] data)
{
    int at;

    public sealed record Tx(string Id, string WitnessId, List<(string Id, uint Index)> Inputs, List<(long Value, string Script)> Outputs, List<List<string>> Witnesses);

    public sealed record Block(string Hash, string Previous, string MerkleRoot, uint Time, uint Bits, List<Tx> Transactions);

    public static Block ReadBlock(ReadOnlyMemory<byte> raw)
    {
        var reader = new PlainReader(raw.ToArray());
        var header = reader.Take(80);
        var transactions = new List<Tx>();
        for (var left = reader.Count(); left > 0; left--) transactions.Add(reader.Transaction());
        if (reader.at != raw.Length) throw new FormatException("bytes are left over");
        return new Block(
            Reversed(Twice(header)), Reversed(header[4..36]), Reversed(header[36..68]), BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(68)),
            BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(72)), transactions);
    }

    public static Tx ReadTransaction(ReadOnlyMemory<byte> raw)
    {
        var reader = new PlainReader(raw.ToArray());
        var transaction = reader.Transaction();
        return reader.at == raw.Length ? transaction : throw new FormatException("bytes are left over");
    }

    /// <summary>The root by recursion over halves of a list padded at each level.</summary>
    public static string MerkleRoot(IEnumerable<string> ids)
    {
        var level = ids.Select(id => Convert.FromHexString(id).Reverse().ToArray()).ToList();
        while (level.Count > 1)
        {
            if (level.Count % 2 == 1) level.Add(level[^1]);
            level = [.. level.Chunk(2).Select(pair => Twice([.. pair[0], .. pair[1]]))];
        }

        return Reversed(level[0]);
    }

    static byte[] Twice(byte[] bytes) => SHA256.HashData(SHA256.HashData(bytes));

    static string Reversed(byte[] bytes) => Convert.ToHexStringLower([.. bytes.Reverse()]);

    Tx Transaction()
    {
        var start = at;
        var version = Take(4);
        var segwit = data[at] == 0 && data[at + 1] == 1;
        if (segwit) at += 2;
        var body = at;
        var inputs = new List<(string, uint)>();
        for (var left = Count(); left > 0; left--)
        {
            inputs.Add((Reversed(Take(32)), BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
            Take((int)Count());
            Take(4);
        }

        var outputs = new List<(long, string)>();
        for (var left = Count(); left > 0; left--) outputs.Add((BinaryPrimitives.ReadInt64LittleEndian(Take(8)), Convert.ToHexStringLower(Take((int)Count()))));
        var bodyEnd = at;
        var witnesses = new List<List<string>>();
        for (var input = 0; segwit && input < inputs.Count; input++)
        {
            var items = new List<string>();
            for (var left = Count(); left > 0; left--) items.Add(Convert.ToHexStringLower(Take((int)Count())));
            witnesses.Add(items);
        }

        var lockTime = Take(4);
        return new Tx(Reversed(Twice([.. version, .. data[body..bodyEnd], .. lockTime])), Reversed(Twice(data[start..at])), inputs, outputs, witnesses);
    }

    byte[] Take(int count)
    {
        if (at + count > data.Length) throw new FormatException("truncated");
        at += count;
        return data[(at - count)..at];
    }

    ulong Count() => Take(1)[0] switch
    {
        0xfd => BinaryPrimitives.ReadUInt16LittleEndian(Take(2)),
        0xfe => BinaryPrimitives.ReadUInt32LittleEndian(Take(4)),
        0xff => BinaryPrimitives.ReadUInt64LittleEndian(Take(8)),
        var small => small,
    };
}
