using Belfry.Core.Hosting;

namespace Belfry.Cli;

/// <summary>
/// The data folder of a simulated chain: emptied at each start, because the chain begins anew with the process. Only a folder that carries our mark is ever
/// emptied, and only while no other process uses it.
/// </summary>
sealed class DisposableData : IDisposable
{
    const string Mark = "simulated-data";
    readonly FileStream mark;

    DisposableData(FileStream mark) => this.mark = mark;

    /// <summary>Takes the folder for this process and empties it.</summary>
    /// <exception cref="ConfigurationException">Another process uses it, or it holds something that is not ours.</exception>
    public static DisposableData Take(string folder)
    {
        var path = Path.Combine(folder, Mark);
        if (Directory.Exists(folder) && !File.Exists(path) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new ConfigurationException([$"Data: {Path.GetFullPath(folder)} holds files that are not of a simulated chain, and would have to be emptied; name another folder with --data."]);
        FileStream held;
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException([$"Data: {Path.GetFullPath(folder)} cannot be made a folder ({problem.Message}); name another one with --data."]);
        }

        try
        {
            held = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new ConfigurationException([$"Data: another Belfry runs a simulated chain in {Path.GetFullPath(folder)}; stop it, or name another folder with --data."]);
        }

        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos().Where(entry => entry.Name != Mark).ToList())
        {
            if (entry is DirectoryInfo { LinkTarget: null } directory) directory.Delete(recursive: true);
            else entry.Delete();
        }

        return new DisposableData(held);
    }

    public void Dispose() => mark.Dispose();
}
