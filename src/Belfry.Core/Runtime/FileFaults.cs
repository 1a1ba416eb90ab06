namespace Belfry.Core.Runtime;

/// <summary>Why a file of the settings cannot be used, in our own words: the system's repeat the path, with whatever somebody pasted into it.</summary>
public static class FileFaults
{
    /// <summary>One clause for a message that has named the setting and the file.</summary>
    public static string Explain(Exception problem) => problem switch
    {
        FileNotFoundException or DirectoryNotFoundException => "there is no such file",
        UnauthorizedAccessException => "this user may not read it, or it is a folder",
        IOException => "the system cannot open it",
        _ => ForeignText.Clean(problem.Message, ForeignText.Sentence),
    };
}
