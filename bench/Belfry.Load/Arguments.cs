using System.Globalization;

namespace Belfry.Load;

/// <summary>A command and <c>--name value</c> pairs.</summary>
sealed class Arguments(string[] args)
{
    public string Command => args.Length == 0 ? "--help" : args[0];

    public string? Text(string name)
    {
        var at = Array.IndexOf(args, "--" + name);
        return at < 0 ? null : at + 1 < args.Length ? args[at + 1] : throw new ArgumentException($"--{name} needs a value", nameof(name));
    }

    public int Number(string name, int otherwise) => Text(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    public IReadOnlyList<string> List(string name) => Text(name)?.Split(',') ?? [];
}
