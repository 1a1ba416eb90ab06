namespace Belfry.TestKit;

/// <summary>Published vectors and real chain data, kept beside the repository (<c>../shared/data</c>); tests skip with this reason where it is absent.</summary>
public static class SharedData
{
    static readonly string? Root = Find();

    /// <summary>Whether the folder is there.</summary>
    public static bool Exists => Root is not null;

    /// <summary>The path of a file in the data folder; skips the running test when the folder is absent.</summary>
    public static string Path(string relative)
    {
        Assert.SkipWhen(Root is null, "The folder shared/data beside the repository is absent: published vectors and real blocks cannot be read.");
        return System.IO.Path.Combine(Root!, relative);
    }

    static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = System.IO.Path.Combine(folder.FullName, "shared", "data");
            if (Directory.Exists(candidate)) return candidate;
        }

        return null;
    }
}
