using Belfry.Bench;

namespace Belfry.Load;

/// <summary>Result files of several sections, each written by a run of its own.</summary>
static class Results
{
    /// <summary>Prints a section and puts it into its file, in place of the one with the same heading.</summary>
    /// <param name="file">File of bench/results.</param>
    /// <param name="title">The file's own heading.</param>
    /// <param name="section">Begins with <c>## heading</c>.</param>
    public static void Publish(string file, string title, string section)
    {
        var path = Path.Combine(Workplace.Root, "bench", "results", file);
        var heading = section.Split('\n')[0];
        var sections = File.Exists(path) ? File.ReadAllText(path).Split("\n## ").Skip(1).Select(static text => "## " + text.TrimEnd() + "\n").ToList() : [];
        var at = sections.FindIndex(text => text.Split('\n')[0] == heading);
        if (at < 0) sections.Add(section.TrimEnd() + "\n");
        else sections[at] = section.TrimEnd() + "\n";
        Workplace.Publish(file, $"# {title}\n\n{string.Join('\n', sections)}");
    }
}
