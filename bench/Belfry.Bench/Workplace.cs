using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Belfry.Bench;

/// <summary>Where the repository, its data and its results are, and what machine this is.</summary>
static class Workplace
{
    public static string Root { get; } = Find("Belfry.slnx");

    public static string Data(string relative) => Path.Combine(Find(Path.Combine("shared", "data")), "shared", "data", relative);

    /// <summary>Prints the table and writes it to bench/results.</summary>
    public static void Publish(string file, string text)
    {
        Console.WriteLine(text);
        var folder = Directory.CreateDirectory(Path.Combine(Root, "bench", "results")).FullName;
        File.WriteAllText(Path.Combine(folder, file), text);
    }

    public static string Machine() =>
        $"{Environment.ProcessorCount} cores, {RuntimeInformation.ProcessArchitecture}, {RuntimeInformation.FrameworkDescription}"
        + $", AVX-512 {YesNo(System.Runtime.Intrinsics.X86.Avx512BW.IsSupported)}, AVX2 {YesNo(System.Runtime.Intrinsics.X86.Avx2.IsSupported)}";

    public static double Best(IReadOnlyList<double> runs) => runs.Min();

    public static double Median(IReadOnlyList<double> runs)
    {
        var sorted = runs.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    public static StringBuilder Row(this StringBuilder text, params object[] cells) =>
        text.Append("| ").AppendJoin(" | ", cells.Select(cell => Convert.ToString(cell, CultureInfo.InvariantCulture))).Append(" |\n");

    static string YesNo(bool value) => value ? "yes" : "no";

    static string Find(string entry)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Path.Exists(Path.Combine(folder.FullName, entry))) return folder.FullName;
        }

        throw new DirectoryNotFoundException($"{entry} is in no folder above {AppContext.BaseDirectory}");
    }
}
