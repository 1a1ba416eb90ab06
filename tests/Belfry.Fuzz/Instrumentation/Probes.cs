using System.Runtime.CompilerServices;

namespace Belfry.Fuzz.Instrumentation;

/// <summary>
/// What instrumented code calls at the start of every basic block. Each load context has a copy of its own: the one whose code runs in it. One thread at a time.
/// </summary>
public static class Probes
{
    /// <summary>Edges that fit into the map; a power of two.</summary>
    public const int MapSize = 1 << 16;

    static readonly byte[] Edges = new byte[MapSize];
    static byte[] blocks = [];
    static int previous;

    /// <summary>How often each edge was taken since the last <see cref="Reset"/>; wraps at 256.</summary>
    public static byte[] Map => Edges;

    /// <summary>Whether each block was ever entered.</summary>
    public static byte[] Blocks => blocks;

    /// <summary>Makes room for the blocks that were numbered.</summary>
    public static void Open(int count) => blocks = new byte[count];

    /// <summary>Forgets the edges; the blocks stay.</summary>
    public static void Reset()
    {
        Array.Clear(Edges);
        previous = 0;
    }

    /// <summary>A block begins.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Hit(int block)
    {
        Edges[(block ^ previous) & (MapSize - 1)]++;
        // Spread, so that A to B and B to A are two edges, and neighbours do not share one.
        previous = block * 31 >> 1;
        blocks[block] = 1;
    }
}
