using Microsoft.Extensions.Logging;

namespace Belfry.Sql.Postgres;

static partial class PostgresLog
{
    [LoggerMessage(1350, LogLevel.Information, "Opened {Store}: PostgreSQL {Engine}, schema {Version}, journal at {Head}")]
    public static partial void Opened(ILogger log, string store, string engine, int version, long head);

    [LoggerMessage(1351, LogLevel.Warning, "The connection to {Store} broke during a commit; finding out whether it was written")]
    public static partial void OutcomeUnknown(ILogger log, Exception problem, string store);

    [LoggerMessage(1352, LogLevel.Warning, "The commit that {Store} did not answer was {Outcome}")]
    public static partial void OutcomeKnown(ILogger log, string store, string outcome);

    [LoggerMessage(1353, LogLevel.Information, "The mark of this writer stays behind in {Store}")]
    public static partial void MarkStays(ILogger log, Exception problem, string store);

    [LoggerMessage(1354, LogLevel.Information, "A commit was in the way of others ({State}) and is tried again")]
    public static partial void TriedAgain(ILogger log, string state);

    [LoggerMessage(1355, LogLevel.Warning, "The journal of {Store} cannot be followed now; it is tried again")]
    public static partial void FollowingFailed(ILogger log, Exception problem, string store);

    [LoggerMessage(1356, LogLevel.Information, "Nothing is heard from {Store}; it is asked every now and then instead, until it can be listened to again")]
    public static partial void NotListening(ILogger log, Exception problem, string store);

    [LoggerMessage(1358, LogLevel.Information, "No room could be made yet for the next entries of the journal of {Store}; it is tried again with the next commit")]
    public static partial void NoRoomYet(ILogger log, Exception problem, string store);

    [LoggerMessage(1357, LogLevel.Information, "The journal of {Store} has room up to {Sequence}")]
    public static partial void Extended(ILogger log, string store, long sequence);
}
