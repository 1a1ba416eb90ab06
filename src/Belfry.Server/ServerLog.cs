namespace Belfry.Server;

sealed partial class ServerLog(ILogger<ServerLog> logger)
{
    [LoggerMessage(1600, LogLevel.Error, "A client's message could not be worked on; the client was told to try again.")]
    public partial void RequestFailed(Exception problem);

    [LoggerMessage(1601, LogLevel.Error, "The request {Method} {Route} failed.")]
    public partial void HttpFailed(Exception problem, string method, string route);

    [LoggerMessage(1602, LogLevel.Information, "Listening on {Urls}; the journal {Epoch} ends at {Head}.")]
    public partial void Listening(string urls, string epoch, long head);

    [LoggerMessage(1603, LogLevel.Information, "Shutting down: {Connections} event connections are closed with their cursor.")]
    public partial void ShuttingDown(int connections);

    [LoggerMessage(1604, LogLevel.Warning, "{Warning}")]
    public partial void UnknownSetting(string warning);

    [LoggerMessage(1605, LogLevel.Debug, "An event connection was refused: {Reason}.")]
    public partial void Refused(string reason);

    [LoggerMessage(1606, LogLevel.Warning, "Of {Limit} open files that this process may have, the last ones are kept for its own work: new event connections are refused. Raise the limit (ulimit -n).")]
    public partial void OutOfHandles(int limit);
}
