using Belfry.Fuzz.Engine;
using Belfry.Fuzz.Instrumentation;
using Belfry.Fuzz.Targets;
using Shouldly;

namespace Belfry.Fuzz.Tests;

/// <summary>The fuzzer itself: it finds bugs that were put in, because it looks at the ways that inputs take.</summary>
public sealed class FuzzerTests
{
    const long Enough = 400_000;

    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    [InlineData(3UL)]
    public void A_planted_bug_behind_a_magic_number_is_found(ulong seed)
    {
        var result = Fuzz(seed, guided: true);
        result.Findings.ShouldHaveSingleItem().Problem.ShouldBeOfType<ArgumentOutOfRangeException>();
        result.Findings[0].Run.ShouldBeLessThan(Enough);
        result.Findings[0].Input.AsSpan(0, 6).ToArray().ShouldBe([(byte)'B', (byte)'u', (byte)'g', (byte)'!', 3, 0xfd], "an input is reduced to what matters");
        result.Findings[0].Input.Length.ShouldBeLessThanOrEqualTo(24);
    }

    [Fact]
    public void The_same_mutations_without_coverage_do_not_find_it() => Fuzz(1, guided: false).Findings.ShouldBeEmpty();

    [Fact]
    public void The_same_seed_makes_the_same_runs()
    {
        var (first, second) = (Fuzz(9, guided: true), Fuzz(9, guided: true));
        second.Runs.ShouldBe(first.Runs);
        second.Kept.ShouldBe(first.Kept);
    }

    [Fact]
    public void A_corpus_is_minimised_and_keeps_every_way()
    {
        var target = InstrumentedTarget.Load(PlantedBugTarget.Name);
        var fuzzer = new Fuzzer(target, new FuzzOptions { Seed = 4, MaxRuns = 50_000 });
        var kept = fuzzer.Run([]).Kept;
        var minimal = fuzzer.Minimise(kept.Concat(kept.Select(input => (byte[])[.. input, 1, 2, 3])));
        minimal.Count.ShouldBeLessThanOrEqualTo(kept.Count);
        Ways(target, minimal).ShouldBe(Ways(target, kept));
    }

    static FuzzResult Fuzz(ulong seed, bool guided) =>
        new Fuzzer(InstrumentedTarget.Load(PlantedBugTarget.Name), new FuzzOptions { Seed = seed, MaxRuns = Enough, Guided = guided, StopAtFinding = true, LongestInput = 64 }).Run([]);

    static List<int> Ways(InstrumentedTarget target, IEnumerable<byte[]> inputs)
    {
        var ways = new HashSet<int>();
        foreach (var input in inputs)
        {
            target.Reset();
            try
            {
                target.Run(input);
            }
            catch (ArgumentOutOfRangeException)
            {
                // The planted bug.
            }

            ways.UnionWith(Coverage.Features(target.Map));
        }

        return [.. ways.Order()];
    }
}
