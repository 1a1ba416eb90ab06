using Belfry.Fuzz.Engine;
using Belfry.Fuzz.Targets;
using Shouldly;

namespace Belfry.Fuzz.Tests;

/// <summary>Every kept input, those that once broke something above all, against today's code.</summary>
public sealed class CorpusTests
{
    public static TheoryData<string> Targets => [.. TargetCatalog.Names];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Every_kept_input_is_taken_or_refused_as_documented(string name)
    {
        var target = TargetCatalog.Create(name);
        var accepted = 0;
        foreach (var (file, input) in new CorpusFolder(name).Read())
        {
            try
            {
                if (target.Run(input)) accepted++;
            }
            catch (CostException)
            {
                // The first run also pays for its compilation.
                Should.NotThrow(() => target.Run(input), $"corpus/{name}/{file}");
            }
            catch (Exception problem)
            {
                throw new InvalidOperationException($"corpus/{name}/{file}", problem);
            }
        }

        accepted.ShouldBePositive("without valid inputs a corpus reaches nothing");
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Each_target_accepts_its_own_seeds_or_has_a_reason(string name)
    {
        var target = TargetCatalog.Create(name);
        target.Seeds.Count(seed => target.Run(seed)).ShouldBePositive();
    }

    [Fact]
    public void The_corpus_stays_small() =>
        TargetCatalog.Names.Sum(name => new CorpusFolder(name).Read().Sum(kept => (long)kept.Input.Length)).ShouldBeLessThan(1 << 20);
}
