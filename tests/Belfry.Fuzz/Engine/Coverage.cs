using System.Runtime.InteropServices;

namespace Belfry.Fuzz.Engine;

/// <summary>What was ever seen of the edges: for each, the magnitudes of its counts (1, 2, 3, 4–7, 8–15, 16–31, 32–127, more), a bit each.</summary>
sealed class Coverage(int size)
{
    static readonly byte[] Magnitudes = [.. Enumerable.Range(0, 256).Select(Magnitude)];
    readonly byte[] seen = new byte[size];

    /// <summary>Edges ever taken.</summary>
    public int Edges { get; private set; }

    /// <summary>Takes a run's counts in; true when they show something new.</summary>
    public bool Add(byte[] counts)
    {
        var news = false;
        foreach (var (edge, magnitude) in Read(counts))
        {
            if ((seen[edge] & magnitude) != 0) continue;
            if (seen[edge] == 0) Edges++;
            seen[edge] |= magnitude;
            news = true;
        }

        return news;
    }

    /// <summary>What a run's counts show, as numbers of edge and magnitude.</summary>
    public static HashSet<int> Features(byte[] counts) => [.. Read(counts).Select(feature => (feature.Edge << 8) | feature.Magnitude)];

    static List<(int Edge, byte Magnitude)> Read(byte[] counts)
    {
        var found = new List<(int, byte)>(256);
        var words = MemoryMarshal.Cast<byte, ulong>(counts);
        for (var word = words.IndexOfAnyExcept(0UL); word >= 0;)
        {
            for (var edge = word * 8; edge < (word + 1) * 8; edge++)
            {
                if (counts[edge] != 0) found.Add((edge, Magnitudes[counts[edge]]));
            }

            var next = words[(word + 1)..].IndexOfAnyExcept(0UL);
            word = next < 0 ? -1 : word + 1 + next;
        }

        return found;
    }

    static byte Magnitude(int count) => count switch
    {
        0 => 0,
        1 => 1,
        2 => 2,
        3 => 4,
        < 8 => 8,
        < 16 => 16,
        < 32 => 32,
        < 128 => 64,
        _ => 128,
    };
}
