namespace Belfry.Fuzz.Targets;

/// <summary>Measures what decoding takes from the heap: at most 64 KB for every KB of input, and as much again.</summary>
readonly ref struct Allocation
{
    const long PerKilobyte = 64 << 10;
    readonly long before;

    Allocation(long before) => this.before = before;

    /// <summary>Starts to measure.</summary>
    public static Allocation Start() => new(GC.GetAllocatedBytesForCurrentThread());

    /// <summary>Throws when more was taken than an input of this length may cost.</summary>
    public void Check(int inputLength)
    {
        var taken = GC.GetAllocatedBytesForCurrentThread() - before;
        var allowed = PerKilobyte * (2 + (inputLength >> 10));
        if (taken > allowed) throw new CostException($"decoding {inputLength} bytes allocated {taken}, allowed are {allowed}");
    }
}

/// <summary>An input costs more than it may. Confirmed by trying again: the first run of anything also pays for its compilation.</summary>
public sealed class CostException(string cost) : Exception(cost);
