using System.Text;

namespace Belfry.Cli.Completion;

/// <summary>Completion scripts. All that can be typed stands in them: a press of the Tab key starts no program.</summary>
static class Shells
{
    /// <summary>The shells that there are scripts for.</summary>
    public static IReadOnlyList<string> Names { get; } = ["bash", "zsh", "fish"];

    /// <summary>The script of one shell.</summary>
    public static string Write(string shell, IReadOnlyList<Place> places) => shell switch
    {
        "bash" => Bash(places),
        "zsh" => Zsh(places),
        "fish" => Fish(places),
        _ => throw new ArgumentOutOfRangeException(nameof(shell), shell, "There is no script for it."),
    };

    static string Bash(IReadOnlyList<Place> places)
    {
        var text = new StringBuilder();
        text.AppendLine("""
            # Completion of belfry for bash:  source <(belfry completion bash)
            _belfry() {
                local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" at="" i
                COMPREPLY=()
                for ((i = 1; i < COMP_CWORD; i++)); do
                    case "$at/${COMP_WORDS[i]}" in
            """);
        text.AppendLine($"            {string.Join('|', Paths(places))}) at=\"$at/${{COMP_WORDS[i]}}\" ;;");
        text.AppendLine("        esac\n    done\n    case \"$at $prev\" in");
        WriteValues(text, places, values => $"COMPREPLY=($(compgen -W '{values}' -- \"$cur\"))", "COMPREPLY=($(compgen -f -- \"$cur\"))");
        text.AppendLine("    esac\n    case \"$at\" in");
        foreach (var place in places)
            text.AppendLine($"        '{place.Path}') COMPREPLY=($(compgen {(place.TakesFiles ? "-f " : "")}-W '{Words(place)}' -- \"$cur\")) ;;");
        return text.AppendLine("    esac\n}\ncomplete -F _belfry belfry ./belfry").ToString();
    }

    static string Zsh(IReadOnlyList<Place> places)
    {
        var text = new StringBuilder();
        text.AppendLine("""
            #compdef belfry
            # Completion of belfry for zsh:  source <(belfry completion zsh)   or as _belfry in a folder of $fpath
            _belfry() {
                local at="" prev="${words[CURRENT-1]}" i
                for ((i = 2; i < CURRENT; i++)); do
                    case "$at/${words[i]}" in
            """);
        text.AppendLine($"            {string.Join('|', Paths(places))}) at=\"$at/${{words[i]}}\" ;;");
        text.AppendLine("        esac\n    done\n    case \"$at $prev\" in");
        WriteValues(text, places, values => $"compadd -- {values}", "_files");
        text.AppendLine("    esac\n    case \"$at\" in");
        foreach (var place in places) text.AppendLine($"        '{place.Path}') compadd -- {Words(place)}{(place.TakesFiles ? "; _files" : "")} ;;");
        return text.AppendLine("    esac\n}\nif [ \"${funcstack[1]}\" = _belfry ]; then _belfry \"$@\"; else compdef _belfry belfry ./belfry; fi").ToString();
    }

    static string Fish(IReadOnlyList<Place> places)
    {
        var text = new StringBuilder();
        text.AppendLine("""
            # Completion of belfry for fish:  belfry completion fish | source
            function __belfry_at
                set -l at ''
                for word in (commandline -opc)[2..-1]
                    switch "$at/$word"
            """);
        text.AppendLine($"            case {string.Join(' ', Paths(places).Select(path => $"'{path}'"))}\n                set at \"$at/$word\"\n        end\n    end\n    test \"$at\" = \"$argv[1]\"\nend");
        text.AppendLine("complete -c belfry -f");
        foreach (var place in places)
        {
            var when = $"complete -c belfry -n '__belfry_at \"{place.Path}\"'";
            foreach (var (name, description) in place.Commands) text.AppendLine($"{when} -a '{name}' -d '{Quote(description)}'");
            foreach (var option in place.Options)
            {
                var names = string.Concat(option.Names.Select(name => name.StartsWith("--", StringComparison.Ordinal) ? $" -l {name[2..]}" : $" -s {name[1..]}"));
                var value = !option.TakesValue ? "" : option.TakesFile ? " -r -F" : option.Values.Count > 0 ? $" -x -a '{string.Join(' ', option.Values)}'" : " -x";
                text.AppendLine($"{when}{names}{value} -d '{Quote(option.Description)}'");
            }

            if (place.Words.Count > 0) text.AppendLine($"{when} -a '{string.Join(' ', place.Words)}'");
            if (place.TakesFiles) text.AppendLine($"{when} -F");
        }

        return text.ToString();
    }

    static IEnumerable<string> Paths(IReadOnlyList<Place> places) => places.Select(place => place.Path).Where(path => path.Length > 0);

    static string Words(Place place) => string.Join(' ', place.Commands.Select(command => command.Name).Concat(place.Options.SelectMany(option => option.Names)).Concat(place.Words));

    /// <summary>What may follow an option that takes a value: those that are known, a file, or nothing that anybody could guess.</summary>
    static void WriteValues(StringBuilder text, IReadOnlyList<Place> places, Func<string, string> ofWords, string ofFiles)
    {
        foreach (var place in places)
            foreach (var option in place.Options.Where(option => option.TakesValue))
            {
                var patterns = string.Join('|', option.Names.Select(name => $"'{place.Path} {name}'"));
                var act = option.TakesFile ? ofFiles : option.Values.Count > 0 ? ofWords(string.Join(' ', option.Values)) : ":";
                text.AppendLine($"        {patterns}) {act}; return ;;");
            }
    }

    static string Quote(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal);
}
