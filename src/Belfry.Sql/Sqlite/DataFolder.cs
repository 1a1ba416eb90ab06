using System.Globalization;
using Belfry.Core.Runtime;

namespace Belfry.Sql.Sqlite;

/// <summary>
/// The data folder, held by one process: <c>belfry.lock</c> is locked by the operating system, so that a dead holder never blocks; <c>belfry.pid</c> names the
/// holder, in a file of its own because .NET cannot open a locked one even for reading.
/// </summary>
sealed class DataFolder : IDisposable
{
    // EAGAIN on Linux, EAGAIN on macOS, ERROR_SHARING_VIOLATION.
    static readonly int[] InUse = [11, 35, unchecked((int)0x80070020)];

    readonly FileStream held;
    readonly string pidFile;

    DataFolder(FileStream held, string pidFile) => (this.held, this.pidFile) = (held, pidFile);

    /// <summary>Creates the folder when missing and takes it.</summary>
    /// <exception cref="StoreException">Another process has it, or it cannot be written.</exception>
    public static DataFolder Take(string path)
    {
        FileStream? stream = null;
        var holder = Path.Combine(path, "belfry.pid");
        try
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
            else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            stream = new FileStream(Path.Combine(path, "belfry.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(holder, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return new DataFolder(stream, holder);
        }
        catch (UnauthorizedAccessException problem)
        {
            stream?.Dispose();
            throw new StoreException(path, "the data folder cannot be written by this user; change its owner or choose another one", problem);
        }
        catch (IOException problem)
        {
            stream?.Dispose();
            throw new StoreException(path, InUse.Contains(problem.HResult)
                ? $"the data folder is in use by process {Read(holder)}; stop it or choose another one"
                : $"the data folder cannot be used: {problem.Message}", problem);
        }
    }

    public void Dispose()
    {
        File.Delete(pidFile);
        held.Dispose();
    }

    static string Read(string holder)
    {
        try
        {
            return File.ReadAllText(holder).Trim();
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return "(unknown)";
        }
    }
}
