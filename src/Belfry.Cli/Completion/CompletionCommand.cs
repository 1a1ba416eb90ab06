using System.CommandLine;
using Belfry.Core.Runtime;

namespace Belfry.Cli.Completion;

/// <summary><c>belfry completion</c>: a script that teaches a shell what can be typed.</summary>
static class CompletionCommand
{
    public static Command Build(Terminal terminal)
    {
        var command = new TeachingCommand(
            "completion", "Print the completion script of a shell: subcommands, options and their values by the Tab key.",
            "source <(belfry completion bash)                              # in ~/.bashrc",
            "source <(belfry completion zsh)                               # in ~/.zshrc, after compinit",
            "belfry completion fish > ~/.config/fish/completions/belfry.fish");
        var shell = new Argument<string>("shell") { Description = string.Join(", ", Shells.Names) };
        shell.AcceptOnlyFromAmong([.. Shells.Names]);
        command.Arguments.Add(shell);
        command.SetAction(async parsed =>
        {
            // What stands behind "--" passes the parser unchecked.
            var name = parsed.GetValue(shell)!;
            if (!Shells.Names.Contains(name)) throw new UsageException($"there is no completion for '{ForeignText.Clean(name)}': expected {string.Join(", ", Shells.Names)}.");
            await terminal.Out.WriteAsync(Shells.Write(name, CommandModel.Read(parsed.RootCommandResult.Command)));
            return ExitCodes.Done;
        });
        return command;
    }
}
