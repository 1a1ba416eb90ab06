using Belfry.Core.Runtime;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Belfry.Sql.Sqlite;

/// <summary>SQLite's result codes as one line that says what to do.</summary>
static class SqliteErrors
{
    public static StoreException Translate(string store, SqliteException problem) => new(store, problem.SqliteErrorCode switch
    {
        raw.SQLITE_FULL => "the disk is full; nothing was written; free some space",
        raw.SQLITE_IOERR => $"the disk reported an error (code {problem.SqliteExtendedErrorCode}); nothing was written; check the disk",
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => "the file is damaged or not a database; restore a backup",
        raw.SQLITE_READONLY => "cannot be written; check the permissions of the data folder and whether its file system is mounted read-only",
        raw.SQLITE_CANTOPEN => "cannot be opened; check that the data folder exists and belongs to this user",
        raw.SQLITE_PERM or raw.SQLITE_AUTH => "access denied; check the owner of the data folder",
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => "is locked by another program; stop it",
        raw.SQLITE_NOMEM => "not enough memory",
        _ => $"refused (code {problem.SqliteExtendedErrorCode}): {problem.Message}",
    }, problem);

    /// <summary>Whether a failed statement harms the whole transaction, not only itself.</summary>
    public static bool IsOfTheDisk(SqliteException problem) => problem.SqliteErrorCode is raw.SQLITE_FULL or raw.SQLITE_IOERR or raw.SQLITE_CORRUPT
        or raw.SQLITE_NOTADB or raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_NOMEM or raw.SQLITE_BUSY or raw.SQLITE_LOCKED;

    /// <summary>What reading damaged rows throws beside SQLite's own errors.</summary>
    public static bool IsOfDamagedRow(Exception problem) => problem is InvalidCastException or FormatException or OverflowException or InvalidOperationException;

    public static StoreException Damaged(string store, Exception problem) => new(store, $"a row cannot be read ({problem.Message}): the file is damaged; restore a backup", problem);
}
