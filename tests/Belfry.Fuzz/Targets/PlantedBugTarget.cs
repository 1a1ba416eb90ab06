using System.Buffers.Binary;
using Belfry.Core.Runtime;

namespace Belfry.Fuzz.Targets;

/// <summary>A decoder with bugs put in on purpose: a fuzzer that does not find them finds nothing.</summary>
sealed class PlantedBugTarget : FuzzTarget
{
    public const string Name = "planted";

    public override IReadOnlyList<byte[]> Seeds => [[0, 0, 0, 0, 0, 0, 0, 0], .. Words("just some text that means nothing")];

    public override IReadOnlyList<string> Scope => ["Belfry.Fuzz.Targets.Planted"];

    public override bool Run(byte[] input) => Decodes(() => PlantedDecoder.Read(input));
}

/// <summary>A made-up format: four letters, a version, a count of the usual variable length, items of eight bytes.</summary>
static class PlantedDecoder
{
    public static long Read(ReadOnlySpan<byte> data)
    {
        if (data.Length < 6) throw new MalformedDataException("planted", "too short");
        if (data[0] != 'B') throw new MalformedDataException("planted", "no magic", 0);
        if (data[1] != 'u') throw new MalformedDataException("planted", "no magic", 1);
        if (data[2] != 'g') throw new MalformedDataException("planted", "no magic", 2);
        if (data[3] != '!') throw new MalformedDataException("planted", "no magic", 3);
        if (data[4] is 0 or > 3) throw new MalformedDataException("planted", "unknown version", 4);
        var at = 6;
        long count = data[5];
        if (count == 0xfd)
        {
            if (data.Length < 8) throw new MalformedDataException("planted", "cut short", 6);
            count = BinaryPrimitives.ReadUInt16LittleEndian(data[6..]);
            at = 8;
            // The bug: a count in its long form is believed.
            if (data[4] == 3) return Sum(data[at..], count);
        }

        if (count * 8 > data.Length - at) throw new MalformedDataException("planted", "more items than bytes", 5);
        return Sum(data[at..], count);
    }

    static long Sum(ReadOnlySpan<byte> items, long count)
    {
        long sum = 0;
        for (var i = 0; i < count; i++) sum += BinaryPrimitives.ReadInt64LittleEndian(items[(i * 8)..]);
        return sum;
    }
}
