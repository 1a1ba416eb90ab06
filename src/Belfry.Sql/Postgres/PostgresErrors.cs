using System.Net.Sockets;
using Belfry.Core.Runtime;
using Npgsql;

namespace Belfry.Sql.Postgres;

/// <summary>PostgreSQL's errors as one line that names the server and says what to do; never with a password.</summary>
sealed class PostgresErrors(string store, string setting)
{
    /// <summary>A lease is lost; the message is the member's place.</summary>
    public const string LeaseLost = "BF001";

    /// <summary>The chain's data are of another network.</summary>
    public const string OtherNetwork = "BF002";

    /// <summary>A watch's id was used before; the message is the id.</summary>
    public const string UsedId = "BF003";

    /// <summary>There is no partition for a number.</summary>
    public const string NoPartition = PostgresErrorCodes.CheckViolation;

    // idle_in_transaction_session_timeout
    const string IdleTooLong = "25P03";

    public string Store => store;

    /// <summary>How long to stand back before the same again: two that were in each other's way must not come back together.</summary>
    public static TimeSpan Pause(int attempt, IEntropy entropy) => TimeSpan.FromMilliseconds(1 + (entropy.NextDouble() * (5 << Math.Min(attempt, 8))));

    /// <summary>Whether the same again may succeed at once: somebody else was in the way.</summary>
    public static bool IsInTheWay(PostgresException problem) => problem.SqlState is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected
        or PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.CannotConnectNow;

    /// <summary>Whether the connection, not the statement, is at fault.</summary>
    public static bool IsOfTheLine(Exception problem) => problem switch
    {
        PostgresException told => told.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
            or PostgresErrorCodes.TooManyConnections or IdleTooLong,
        NpgsqlException or SocketException or IOException or TimeoutException or ObjectDisposedException => true,
        _ => false,
    };

    public StoreException Translate(Exception problem) => new(store, problem switch
    {
        PostgresException told => Told(told),
        NpgsqlException { InnerException: TimeoutException } or TimeoutException => $"did not answer in time; is the server overloaded, or a firewall in between? (setting {setting})",
        NpgsqlException { InnerException: SocketException socket } => $"cannot be reached: {socket.SocketErrorCode}; is the server running, and are host and port right? (setting {setting})",
        NpgsqlException { InnerException: IOException } => "the connection broke; the server was restarted, or the network failed",
        NpgsqlException => $"{problem.Message} (setting {setting})",
        _ => $"cannot be used: {problem.Message} (setting {setting})",
    }, problem);

    public StoreException Of(string what, Exception? inner = null) => new(store, what, inner);

    string Told(PostgresException told) => told.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification => $"the server refuses user and password; correct them (setting {setting})",
        PostgresErrorCodes.InvalidCatalogName => $"the database does not exist; create it with: createdb {store[(store.LastIndexOf('/') + 1)..]} (setting {setting})",
        PostgresErrorCodes.InsufficientPrivilege => $"the user may not do this: {told.MessageText}; make it the owner of the database (setting {setting})",
        PostgresErrorCodes.DiskFull => "the server's disk is full; nothing was written; free some space",
        PostgresErrorCodes.IoError => $"the server's disk reported an error; nothing was written: {told.MessageText}",
        PostgresErrorCodes.OutOfMemory => "the server has not enough memory",
        PostgresErrorCodes.TooManyConnections => $"the server has no connection left; raise its max_connections, or lower Belfry:Store:Connections (setting {setting})",
        PostgresErrorCodes.ReadOnlySqlTransaction => $"the server only reads: it is a standby, or was told so; connect to the primary (setting {setting})",
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow => "the server is restarting",
        PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable =>
            $"others were in the way again and again ({told.SqlState}); nothing was written",
        PostgresErrorCodes.QueryCanceled => $"did not answer in time; nothing was written; is the server overloaded? (setting {setting})",
        PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.InvalidSchemaName =>
            $"its tables are not there any more: {told.MessageText}; restore a backup, or start again to make new ones",
        _ => $"refused ({told.SqlState}): {told.MessageText}",
    };
}
