using System.Globalization;
using Belfry.Fuzz.Engine;
using Belfry.Fuzz.Instrumentation;
using Shouldly;

namespace Belfry.Fuzz.Tests;

/// <summary>Fuzzes each target for a moment, from its corpus on. Two halves, so that two processors are busy.</summary>
public abstract class FuzzTests(ITestOutputHelper output)
{
    static readonly bool Long = Environment.GetEnvironmentVariable("BELFRY_TEST_LONG") == "1";

    // BELFRY_TEST_SEED repeats a run; the long variant tries what nobody tried before.
    static readonly ulong Seed = Environment.GetEnvironmentVariable("BELFRY_TEST_SEED") is { Length: > 0 } text ? ulong.Parse(text, CultureInfo.InvariantCulture)
        : Long ? (ulong)Environment.TickCount64 : 20_091;

    protected void Fuzz(string name)
    {
        var target = InstrumentedTarget.Load(name);
        var result = new Fuzzer(target, new FuzzOptions { Seed = Seed, Duration = TimeSpan.FromSeconds(Long ? 120 : 5) }).Run(new CorpusFolder(name).Read().Select(kept => kept.Input));
        var (entered, all) = target.Blocks();
        output.WriteLine($"{name}: seed {Seed}, {result.Runs} runs, {result.Rate:F0} a second, {result.Edges} edges, {entered} of {all} blocks");
        result.Findings.Select(finding => $"seed {Seed}, run {finding.Run}, input {Convert.ToHexString(finding.Input)}: {finding.Problem}").ShouldBeEmpty();
        result.Runs.ShouldBeGreaterThan(200, "also when other tests take the processors");
        result.Accepted.ShouldBePositive("a target that refuses everything is not reached");
        (entered * 100 / all).ShouldBeGreaterThan(50, "half of the decoder's blocks at least are entered");
    }
}

/// <inheritdoc/>
public sealed class BinaryFuzzTests(ITestOutputHelper output) : FuzzTests(output)
{
    [Theory]
    [InlineData("block")]
    [InlineData("tx")]
    [InlineData("script")]
    [InlineData("zmtp")]
    [InlineData("peer")]
    [InlineData("frames")]
    public void Nothing_but_documented_refusals(string target) => Fuzz(target);
}

/// <inheritdoc/>
public sealed class TextFuzzTests(ITestOutputHelper output) : FuzzTests(output)
{
    [Theory]
    [InlineData("address")]
    [InlineData("rpc")]
    [InlineData("message")]
    [InlineData("filter")]
    [InlineData("cursor")]
    [InlineData("event")]
    public void Nothing_but_documented_refusals(string target) => Fuzz(target);
}
