using System.Globalization;
using System.Text;
using Belfry.Core.Runtime;

namespace Belfry.Sql.Sqlite;

/// <summary>The data folder, held by one process: <c>belfry.lock</c> is locked by the operating system and names the holder, so that a dead one never blocks.</summary>
sealed class DataFolder : IDisposable
{
    readonly FileStream held;

    DataFolder(FileStream held, string path) => (this.held, Path) = (held, path);

    public string Path { get; }

    /// <summary>Creates the folder when missing and takes it.</summary>
    /// <exception cref="StoreException">Another process has it, or it cannot be written.</exception>
    public static DataFolder Take(string path)
    {
        FileStream? stream = null;
        var file = System.IO.Path.Combine(path, "belfry.lock");
        try
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
            else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            stream = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            stream.SetLength(0);
            stream.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            stream.Flush();
            return new DataFolder(stream, path);
        }
        catch (UnauthorizedAccessException problem)
        {
            throw new StoreException(path, "the data folder cannot be written by this user; change its owner or choose another one", problem);
        }
        catch (IOException problem) when (stream is null && ReadHolder(file) is { } holder)
        {
            throw new StoreException(path, $"the data folder is in use by process {holder}; stop it or choose another one", problem);
        }
        catch (IOException problem)
        {
            stream?.Dispose();
            throw new StoreException(path, $"the data folder cannot be used: {problem.Message}", problem);
        }
    }

    public void Dispose() => held.Dispose();

    // Opening for reading and sharing everything asks for no lock, so the holder's number can be read beside its lock.
    static string? ReadHolder(string file)
    {
        try
        {
            using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
            return reader.ReadToEnd().Trim() is { Length: > 0 } holder ? holder : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
