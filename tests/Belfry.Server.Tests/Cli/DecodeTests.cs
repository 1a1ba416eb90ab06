using Belfry.Cli;
using Shouldly;

namespace Belfry.Server.Tests.Cli;

/// <summary><c>belfry decode</c> as a tool in a pipe, the built program.</summary>
public sealed class DecodeTests
{
    const string Address = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";

    [Fact]
    public async Task Twenty_thousand_lines_are_answered_in_order_and_a_bad_one_is_a_value()
    {
        const int Count = 20_000;
        var lines = Enumerable.Range(0, Count).Select(number => number % 1000 == 999 ? $"broken {number}" : $$"""{"in":"0014{{number:x40}}"}""");
        var seen = await Typed.EndedAsync(["decode", "script", "--chain", "btc"], input: string.Join('\n', lines));
        seen.ExitCode.ShouldBe(ExitCodes.Done, seen.Error);
        var answers = seen.Json;
        answers.Count.ShouldBe(Count);
        for (var number = 0; number < Count; number++)
        {
            answers[number].GetProperty("ok").GetBoolean().ShouldBe(number % 1000 != 999);
            answers[number].GetProperty("in").GetString()!.ShouldEndWith(number % 1000 == 999 ? $"{number}" : $"{number:x40}");
        }
    }

    [Fact]
    public async Task An_answer_comes_before_the_next_question_and_who_reads_no_further_ends_it()
    {
        // the second question is asked only when the first was answered
        var talk = await Typed.Shell($$"""
            coproc D { belfry decode address --chain btc; }
            echo '{"in":"{{Address}}"}' >&"${D[1]}"; read -r first <&"${D[0]}"; echo "$first"
            echo '{"in":"nonsense"}' >&"${D[1]}"; read -r second <&"${D[0]}"; echo "$second"
            """).EndAsync();
        talk.Json.Select(answer => answer.GetProperty("ok").GetBoolean()).ShouldBe([true, false]);

        var cut = await Typed.Shell($$"""{ yes '{"in":"{{Address}}"}' | head -n 200000; } 2>/dev/null | belfry decode address --chain btc | head -n 1""").EndAsync();
        cut.Lines.Count.ShouldBe(1);
        cut.Error.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("address --chain bch 1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu", ExitCodes.Done, "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a")]
    [InlineData("address --chain btc bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", ExitCodes.Refused, "checksum")]
    [InlineData("tx --chain btc 00", ExitCodes.Refused, "\"ok\":false")]
    [InlineData("block --chain btc zz", ExitCodes.Refused, "\"ok\":false")]
    [InlineData("block --chain btc --file /no/such/file", ExitCodes.Configuration, "/no/such/file")]
    [InlineData("script --chain nowhere 00", ExitCodes.Refused, "nowhere")]
    public async Task One_input_is_told_by_the_exit_code_too(string line, int code, string told)
    {
        var seen = await Typed.EndedAsync(["decode", .. line.Split(' ')]);
        seen.ExitCode.ShouldBe(code, seen.Out + seen.Error);
        (seen.Out + seen.Error).ShouldContain(told);
        seen.Error.ShouldNotContain("   at ");
    }
}
