using System.Globalization;
using Belfry.Fuzz.Engine;
using Belfry.Fuzz.Instrumentation;
using Belfry.Fuzz.Targets;

namespace Belfry.Fuzz;

/// <summary><c>dotnet run --project tests/Belfry.Fuzz -- block --seconds 60 --seed 7 --save --untouched</c>.</summary>
static class FuzzCommand
{
    /// <summary>Fuzzes; 1 when something broke.</summary>
    public static int Run(string[] args)
    {
        if (args[0] == "list")
        {
            foreach (var name in TargetCatalog.Names) Console.WriteLine(name);
            return 0;
        }

        var seconds = Number(args, "--seconds", 60);
        var seed = (ulong)Number(args, "--seed", Environment.TickCount64);
        var failed = false;
        foreach (var name in args[0] == "all" ? TargetCatalog.Names : [args[0]]) failed |= !Fuzz(name, seconds, seed, args.Contains("--save"), args.Contains("--untouched"));
        return failed ? 1 : 0;
    }

    static bool Fuzz(string name, long seconds, ulong seed, bool save, bool untouched)
    {
        var target = InstrumentedTarget.Load(name);
        var folder = new CorpusFolder(name);
        var fuzzer = new Fuzzer(target, new FuzzOptions { Seed = seed, Duration = TimeSpan.FromSeconds(seconds) });
        var result = fuzzer.Run(folder.Read().Select(kept => kept.Input));
        var (entered, all) = target.Blocks();
        Console.WriteLine(
            $"{name,-12} seed {seed}: {result.Runs} runs, {result.Rate:F0}/s, {100.0 * result.Accepted / result.Runs:F0} % accepted, {result.Edges} edges, blocks {entered} of {all} ({100.0 * entered / all:F0} %), {result.Kept.Count} inputs, {result.Findings.Count} findings");
        foreach (var finding in result.Findings)
            Console.WriteLine($"  {folder.Keep(finding.Input)} in run {finding.Run}: {finding.Problem}");
        if (save)
        {
            var minimal = fuzzer.Minimise(result.Kept);
            folder.Replace(minimal);
            Console.WriteLine($"  kept {minimal.Count} inputs, {minimal.Sum(input => input.Length)} bytes");
        }

        if (untouched) foreach (var method in target.Untouched()) Console.WriteLine("  never entered: " + method);
        return result.Findings.Count == 0;
    }

    static long Number(string[] args, string option, long otherwise)
    {
        var at = Array.IndexOf(args, option);
        return at >= 0 && at + 1 < args.Length ? long.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
    }
}
