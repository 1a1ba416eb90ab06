using System.CommandLine;
using System.CommandLine.Completions;

namespace Belfry.Cli.Completion;

/// <summary>What can be typed at one place of the command line.</summary>
/// <param name="Path">The commands before it: <c>/watch/add</c>; empty for the root.</param>
/// <param name="Commands">Subcommands, with what they do.</param>
/// <param name="Options">Options.</param>
/// <param name="Words">Words that can be its arguments.</param>
/// <param name="TakesFiles">Whether a file can be an argument.</param>
sealed record Place(string Path, IReadOnlyList<(string Name, string Description)> Commands, IReadOnlyList<Choice> Options, IReadOnlyList<string> Words, bool TakesFiles);

/// <summary>One option.</summary>
/// <param name="Names">All its spellings.</param>
/// <param name="Description">What it does.</param>
/// <param name="TakesValue">Whether a value follows.</param>
/// <param name="Values">The values that are known.</param>
/// <param name="TakesFile">Whether the value is a file or folder.</param>
sealed record Choice(IReadOnlyList<string> Names, string Description, bool TakesValue, IReadOnlyList<string> Values, bool TakesFile);

/// <summary>Reads the commands as they are built, so that no completion is ever forgotten.</summary>
static class CommandModel
{
    /// <summary>All places, the root first.</summary>
    public static IReadOnlyList<Place> Read(Command root) => [.. Read(root, "")];

    static IEnumerable<Place> Read(Command command, string path)
    {
        var words = command.Arguments.SelectMany(argument => Values(argument.CompletionSources)).ToList();
        yield return new Place(
            path, [.. command.Subcommands.Where(sub => !sub.Hidden).Select(sub => (sub.Name, Line(sub.Description)))],
            [.. command.Options.Where(option => !option.Hidden).Select(Read)], words, command.Arguments.Any(argument => argument.ValueType == typeof(FileInfo) || argument.Name == "file"));
        foreach (var place in command.Subcommands.SelectMany(sub => Read(sub, $"{path}/{sub.Name}"))) yield return place;
    }

    static Choice Read(Option option)
    {
        var takesValue = option.ValueType != typeof(bool) && option.ValueType != typeof(void);
        return new Choice(
            [.. new[] { option.Name }.Concat(option.Aliases).Where(name => !name.StartsWith('/') && name != "-?").Distinct()], Line(option.Description), takesValue,
            takesValue ? Values(option.CompletionSources) : [], option.HelpName is "file" or "folder" or "path");
    }

    static List<string> Values(IEnumerable<Func<CompletionContext, IEnumerable<CompletionItem>>> sources) =>
        [.. sources.SelectMany(source => source(CompletionContext.Empty)).Select(item => item.Label).Distinct()];

    static string Line(string? text) => (text ?? "").ReplaceLineEndings(" ");
}
