using System.Collections.Frozen;

namespace Belfry.Sql;

/// <summary>SQL kept in files of its own, embedded: whole scripts, and files of statements that each begin with a line <c>-- :name</c>.</summary>
static class SqlText
{
    const string Mark = "-- :";

    /// <summary>SQLite's statements by name.</summary>
    public static FrozenDictionary<string, string> Statements { get; } = Parse("Ledger.sql", "Journal.sql", "Sqlite/Session.sql", "Sqlite/Journal.sql").ToFrozenDictionary();

    /// <summary>A whole embedded file.</summary>
    public static string Read(string path)
    {
        using var stream = typeof(SqlText).Assembly.GetManifestResourceStream(path) ?? throw new InvalidOperationException($"{path} is not embedded.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>Names of the embedded files in a folder, in order.</summary>
    public static IReadOnlyList<string> List(string folder) =>
        [.. typeof(SqlText).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(folder, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <summary>Statements of several files; a later one takes the place of an earlier one of its name.</summary>
    public static Dictionary<string, string> Parse(params string[] paths)
    {
        var statements = new Dictionary<string, string>();
        foreach (var path in paths)
        {
            foreach (var section in Read(path).Split(Mark).Skip(1))
            {
                var end = section.IndexOf('\n');
                statements[section[..end].Trim()] = section[(end + 1)..].Trim();
            }
        }

        return statements;
    }
}
