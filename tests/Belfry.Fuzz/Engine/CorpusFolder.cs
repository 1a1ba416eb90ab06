using System.Security.Cryptography;

namespace Belfry.Fuzz.Engine;

/// <summary>
/// Kept inputs of one target: a file each, named after their content. Those that once broke something are named <c>broke-…</c> and stay for ever.
/// </summary>
sealed class CorpusFolder(string target)
{
    const string Broke = "broke-";

    /// <summary>Where they are, in the repository.</summary>
    public string Path { get; } = System.IO.Path.Combine(Root(), target);

    /// <summary>All of them, in the order of their names.</summary>
    public IReadOnlyList<(string Name, byte[] Input)> Read() => Directory.Exists(Path)
        ? [.. Directory.EnumerateFiles(Path).Order(StringComparer.Ordinal).Select(file => (System.IO.Path.GetFileName(file), File.ReadAllBytes(file)))]
        : [];

    /// <summary>Puts these in place of what was kept; what once broke something stays.</summary>
    public void Replace(IEnumerable<byte[]> inputs)
    {
        Directory.CreateDirectory(Path);
        foreach (var file in Directory.EnumerateFiles(Path).Where(file => !System.IO.Path.GetFileName(file).StartsWith(Broke, StringComparison.Ordinal))) File.Delete(file);
        foreach (var input in inputs) File.WriteAllBytes(System.IO.Path.Combine(Path, NameOf(input)), input);
    }

    /// <summary>Keeps an input that broke something; its name.</summary>
    public string Keep(byte[] input)
    {
        Directory.CreateDirectory(Path);
        var name = Broke + NameOf(input);
        File.WriteAllBytes(System.IO.Path.Combine(Path, name), input);
        return name;
    }

    static string NameOf(byte[] input) => Convert.ToHexStringLower(SHA256.HashData(input).AsSpan(0, 6));

    static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = System.IO.Path.Combine(folder.FullName, "tests", "Belfry.Fuzz", "corpus");
            if (Directory.Exists(candidate)) return candidate;
        }

        throw new DirectoryNotFoundException($"No tests/Belfry.Fuzz/corpus above {AppContext.BaseDirectory}.");
    }
}
