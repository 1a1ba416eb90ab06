using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Belfry.TestKit;

namespace Belfry.Server.Tests.EndToEnd;

/// <summary>An output as the file has it.</summary>
sealed record RawOutput(string Script, long Value);

/// <summary>A transaction as the file has it, with the outputs that it spends.</summary>
sealed record RawSpend(string Id, IReadOnlyList<(string Id, uint Index)> Inputs, IReadOnlyList<RawOutput> Spent, IReadOnlyList<RawOutput> Outputs)
{
    public long Fee => Spent.Sum(static output => output.Value) - Outputs.Sum(static output => output.Value);
}

/// <summary>Bitcoin's block 866342 and what its transactions spend, read by a plain parser that shares nothing with Belfry's.</summary>
sealed class PublishedBlock
{
    readonly byte[] raw;
    int at;

    PublishedBlock(byte[] raw, IReadOnlyList<RawOutput> spent)
    {
        (this.raw, at) = (raw, 80);
        var transactions = new List<RawSpend>();
        var (count, next) = (ReadCount(), 0);
        for (var i = 0; i < count; i++)
        {
            var (id, inputs, outputs) = ReadTransaction();
            // the coinbase spends nothing that exists
            var prevouts = i == 0 ? [] : spent.Skip(next).Take(inputs.Count).ToList();
            next += prevouts.Count;
            transactions.Add(new RawSpend(id, i == 0 ? [] : inputs, prevouts, outputs));
        }

        Transactions = transactions;
    }

    public const long Height = 866342;

    public IReadOnlyList<RawSpend> Transactions { get; }

    public ReadOnlyMemory<byte> Raw => raw;

    public string Hash => Name(raw.AsSpan(0, 80));

    public string Previous => Convert.ToHexStringLower([.. raw.AsSpan(4, 32).ToArray().Reverse()]);

    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadUInt32LittleEndian(raw.AsSpan(68)));

    public static PublishedBlock Read()
    {
        using var packed = new GZipStream(File.OpenRead(SharedData.Path("btc/mainnet_866342.spent_utxos.json.gz")), CompressionMode.Decompress);
        using var json = JsonDocument.Parse(packed);
        var spent = json.RootElement.EnumerateArray().Select(static entry => entry.GetProperty("txout"))
            .Select(static output => new RawOutput(output.GetProperty("script_pubkey").GetString()!, output.GetProperty("value").GetInt64())).ToList();
        return new PublishedBlock(File.ReadAllBytes(SharedData.Path("btc/mainnet_866342.raw")), spent);
    }

    (string Id, List<(string Id, uint Index)> Inputs, List<RawOutput> Outputs) ReadTransaction()
    {
        var start = at;
        at += 4;
        var segwit = raw[at] == 0;
        if (segwit) at += 2;
        var body = at;
        var inputs = new List<(string, uint)>();
        for (var left = ReadCount(); left > 0; left--)
        {
            var id = Convert.ToHexStringLower([.. raw.AsSpan(at, 32).ToArray().Reverse()]);
            inputs.Add((id, BinaryPrimitives.ReadUInt32LittleEndian(raw.AsSpan(at + 32))));
            at += 36;
            Skip(ReadCount() + 4);
        }

        var outputs = new List<RawOutput>();
        for (var left = ReadCount(); left > 0; left--)
        {
            var value = BinaryPrimitives.ReadInt64LittleEndian(raw.AsSpan(at));
            at += 8;
            var length = (int)ReadCount();
            outputs.Add(new RawOutput(Convert.ToHexStringLower(raw.AsSpan(at, length)), value));
            at += length;
        }

        var end = at;
        if (segwit)
        {
            for (var i = 0; i < inputs.Count; i++)
            {
                for (var items = ReadCount(); items > 0; items--) Skip(ReadCount());
            }
        }

        byte[] stripped = [.. raw.AsSpan(start, 4), .. raw.AsSpan(body, end - body), .. raw.AsSpan(at, 4)];
        at += 4;
        return (Name(stripped), inputs, outputs);
    }

    void Skip(long bytes) => at += (int)bytes;

    long ReadCount()
    {
        var first = raw[at++];
        var size = first switch { 0xfd => 2, 0xfe => 4, 0xff => 8, _ => 0 };
        if (size == 0) return first;
        long value = 0;
        for (var i = 0; i < size; i++) value |= (long)raw[at++] << (8 * i);
        return value;
    }

    static string Name(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower([.. SHA256.HashData(SHA256.HashData(bytes)).Reverse()]);
}
