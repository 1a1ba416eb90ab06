using Microsoft.Extensions.Logging;

namespace Belfry.Sql;

static partial class SqlLog
{
    [LoggerMessage(1300, LogLevel.Information, "Opened {Store}: SQLite {Engine}, schema {Version}, journal at {Head}")]
    public static partial void Opened(ILogger log, string store, string engine, int version, long head);

    [LoggerMessage(1301, LogLevel.Information, "Migrated {Store} from schema {Before} to {After}")]
    public static partial void Migrated(ILogger log, string store, int before, int after);

    [LoggerMessage(1302, LogLevel.Error, "Nothing was written: {Reason}")]
    public static partial void WriteRefused(ILogger log, string reason);

    [LoggerMessage(1303, LogLevel.Error, "A transaction could not be taken back")]
    public static partial void RollbackFailed(ILogger log, Exception problem);

    [LoggerMessage(1304, LogLevel.Error, "A journal listener threw; it must not")]
    public static partial void ListenerThrew(ILogger log, Exception problem);

    [LoggerMessage(1306, LogLevel.Warning, "The write-ahead log could not be moved into the database; it is tried again")]
    public static partial void CheckpointFailed(ILogger log, Exception problem);

    [LoggerMessage(1305, LogLevel.Information, "Backed up {Store} to {Target}")]
    public static partial void BackedUp(ILogger log, string store, string target);
}
