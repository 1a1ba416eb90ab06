using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Belfry.Cli;

/// <summary>A command whose help ends with examples.</summary>
sealed class TeachingCommand(string name, string description, params IReadOnlyList<string> examples) : Command(name, description)
{
    /// <summary>Command lines to try, as a person would type them; text after two spaces and '#' explains.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;
}

/// <summary>The usual help, then examples, and for the root the exit codes.</summary>
sealed class TeachingHelp(HelpAction usual, IReadOnlyList<string> rootExamples) : SynchronousCommandLineAction
{
    const string Codes = """

        Exit codes:
          0   done, also after Ctrl-C of a command that runs until stopped
          1   the answer is no: refused, not found, not an address, something does not work
          2   the command line cannot be understood
          3   the server cannot be reached
          4   the configuration, the data folder or the port cannot be used
          70  a fault of Belfry's own

        belfry COMMAND --help shows options and examples of one command. Completion by the Tab key: source <(belfry completion bash)
        """;

    public override int Invoke(ParseResult parseResult)
    {
        var result = usual.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        var command = parseResult.CommandResult.Command;
        var examples = command is TeachingCommand teaching ? teaching.Examples : command is RootCommand ? rootExamples : [];
        if (examples.Count > 0) output.WriteLine("Examples:");
        foreach (var example in examples) output.WriteLine("  " + example);
        if (command is RootCommand) output.WriteLine(Codes);
        return result;
    }

    public static void Install(RootCommand root, params IReadOnlyList<string> examples)
    {
        var option = root.Options.OfType<HelpOption>().Single();
        if (option.Action is HelpAction usual) option.Action = new TeachingHelp(usual, examples);
    }
}
