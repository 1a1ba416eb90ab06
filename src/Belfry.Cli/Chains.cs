using System.CommandLine;

namespace Belfry.Cli;

/// <summary>Chains on a command line.</summary>
static class Chains
{
    /// <summary>Those that this program can follow.</summary>
    public static string[] Ids { get; } = ["btc", "ltc", "bch", "doge"];

    /// <summary>The chain as an argument.</summary>
    public static Argument<string> Argument()
    {
        var argument = new Argument<string>("chain") { Description = "btc, ltc, bch, doge" };
        argument.CompletionSources.Add(Ids);
        return argument;
    }

    /// <summary>The chain as an option.</summary>
    public static Option<string?> Option(string description)
    {
        var option = new Option<string?>("--chain") { Description = description, HelpName = "id" };
        option.CompletionSources.Add(Ids);
        return option;
    }
}
