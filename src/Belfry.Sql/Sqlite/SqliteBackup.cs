using Belfry.Core.Runtime;
using Microsoft.Data.Sqlite;

namespace Belfry.Sql.Sqlite;

/// <summary>A consistent copy of a database that is in use.</summary>
static class SqliteBackup
{
    /// <summary>Copies; the file appears under its name when it is complete and synced.</summary>
    /// <exception cref="StoreException">It exists already, or cannot be written.</exception>
    public static void Write(string database, string path)
    {
        var part = path + ".part";
        try
        {
            if (File.Exists(path)) throw new StoreException(path, "exists already; choose another name for the backup");
            File.Delete(part);
            using (var session = SqliteStore.OpenReader(database))
            {
                session.Run("PRAGMA query_only = 0");
                session.Execute("backup", part);
            }

            using (var copy = new FileStream(part, FileMode.Open, FileAccess.ReadWrite)) copy.Flush(flushToDisk: true);
            File.Move(part, path);
        }
        catch (SqliteException problem)
        {
            throw SqliteErrors.Translate(path, problem);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(path, $"the backup cannot be written: {problem.Message}", problem);
        }
    }

    /// <summary>Puts a copy into a folder that has none, under a name.</summary>
    /// <returns>The file.</returns>
    /// <exception cref="StoreException">There is no copy, or the folder has a store.</exception>
    public static string Place(string copy, string folder, string name)
    {
        var target = Path.Combine(folder, name);
        if (!File.Exists(copy)) throw new StoreException(copy, "there is no such file; name the one that 'belfry backup' wrote");
        if (File.Exists(target)) throw new StoreException(folder, $"has a {name} already; name an empty folder");
        try
        {
            Directory.CreateDirectory(folder);
            // beside a file of a snapshot lies what was not in it yet
            if (File.Exists(copy + "-wal")) File.Copy(copy + "-wal", target + "-wal");
            File.Copy(copy, target + ".part", overwrite: true);
            using (var placed = new FileStream(target + ".part", FileMode.Open, FileAccess.ReadWrite)) placed.Flush(flushToDisk: true);
            File.Move(target + ".part", target);
            return target;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(folder, $"the copy cannot be put there: {problem.Message}", problem);
        }
    }
}
