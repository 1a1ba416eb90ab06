using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.Cli;

/// <summary>The scripts of <c>belfry completion</c> in the shells that they are for.</summary>
public sealed class CompletionTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("belfry-test-").FullName;

    // What is typed (the last word is being completed), what must be offered, and what must not.
    static readonly List<(string Line, string Offered, string Absent)> Lines =
    [
        ("", "listen trigger watch doctor completion", "--json import"),
        ("li", "listen", ""),
        ("listen --", "--json --forward-to --server", "listen"),
        ("listen --event ", "new_payment transaction_reorged", "--json"),
        ("listen --json --currency ", "BTC DOGE", "new_payment"),
        ("watch ", "add remove list import", "listen"),
        ("watch import --chain ", "btc ltc", "--json"),
        ("address ", "btc bch", "listen"),
        ("trigger payment --", "--rbf --reorg-after", "--then-rest"),
        ("decode ", "address script tx block", "listen"),
    ];

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Bash_completes_what_can_be_typed() => await AllAsync("bash", "/bin/bash", """
        complete_line() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _belfry; printf '%s\n' "${COMPREPLY[@]}"; }
        """);

    [Fact]
    public async Task Zsh_completes_what_can_be_typed()
    {
        TestPeers.Require("zsh", "/usr/bin/zsh");
        // what zsh itself does with the offers is zsh's; they are printed in their place
        await AllAsync("zsh", "/usr/bin/zsh", """
            compdef() { :; }
            compadd() { shift; print -l -- "$@"; }
            _files() { print -l -- *; }
            complete_line() { words=("$@"); CURRENT=$#; _belfry; }
            """);
    }

    [Fact]
    public async Task Fish_completes_what_can_be_typed()
    {
        TestPeers.Require("fish", "/usr/bin/fish");
        await AllAsync("fish", "/usr/bin/fish", """
            function complete_line
                complete -C (string join ' ' -- $argv) | string replace -r '\t.*' ''
            end
            """);
    }

    [Fact]
    public async Task Bash_completes_files_where_files_belong_and_nothing_where_nobody_can_guess()
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "addresses.ndjson"), "", TestContext.Current.CancellationToken);
        var seen = await CompleteAsync("bash", "/bin/bash", """
            complete_line() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _belfry; printf '%s\n' "${COMPREPLY[@]}"; }
            """, ["watch import addr", "listen --cursor addr", "listen --after "]);
        seen[0].ShouldBe(["addresses.ndjson"]);
        seen[1].ShouldBe(["addresses.ndjson"]);
        seen[2].ShouldBeEmpty();
    }

    [Fact]
    public async Task A_shell_that_is_not_known_is_a_fault_of_the_command_line()
    {
        var refused = await Typed.EndedAsync(["completion", "tcsh"]);
        refused.ExitCode.ShouldBe(Belfry.Cli.ExitCodes.Usage);
        refused.Error.ShouldContain("bash");
    }

    async Task AllAsync(string shell, string program, string helper)
    {
        var seen = await CompleteAsync(shell, program, helper, [.. Lines.Select(item => item.Line)]);
        for (var index = 0; index < Lines.Count; index++)
        {
            var offers = seen[index];
            foreach (var word in Lines[index].Offered.Split(' ')) offers.ShouldContain(word, $"{shell}: belfry {Lines[index].Line}");
            foreach (var word in Lines[index].Absent.Split(' ', StringSplitOptions.RemoveEmptyEntries)) offers.ShouldNotContain(word, $"{shell}: belfry {Lines[index].Line}");
        }
    }

    async Task<List<List<string>>> CompleteAsync(string shell, string program, string helper, IReadOnlyList<string> lines)
    {
        var script = (await Typed.EndedAsync(["completion", shell])).Out;
        var calls = lines.Select(line => "complete_line belfry " + string.Join(' ', line.Split(' ').Select(word => word.Length == 0 ? "''" : word)) + "\necho '===='");
        var file = Path.Combine(folder, "script");
        await File.WriteAllTextAsync(file, $"{helper}\n{script}\n{string.Join('\n', calls)}\n", TestContext.Current.CancellationToken);
        var run = await Typed.Shell($"{program} {(shell == "fish" ? "--no-config" : shell == "zsh" ? "-f" : "--norc")} {file}", new Dictionary<string, string> { ["HOME"] = folder }, folder).EndAsync();
        run.Error.ShouldBeEmpty();
        return [.. run.Out.Split("====").Take(lines.Count).Select(part => part.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).ToList())];
    }
}
