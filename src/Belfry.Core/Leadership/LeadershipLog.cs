using Microsoft.Extensions.Logging;

namespace Belfry.Core.Leadership;

static partial class LeadershipLog
{
    [LoggerMessage(1200, LogLevel.Information, "{Chain}: this server ({Server}) leads from now on, epoch {Epoch}")]
    public static partial void Leads(ILogger logger, string chain, string server, long epoch);

    [LoggerMessage(1201, LogLevel.Warning, "{Chain}: this server ({Server}) leads no more, epoch {Epoch}: {Why}")]
    public static partial void Lost(ILogger logger, string chain, string server, long epoch, string why);

    [LoggerMessage(1202, LogLevel.Information, "{Chain}: gave up the lead in good order, epoch {Epoch}")]
    public static partial void Released(ILogger logger, string chain, long epoch);

    [LoggerMessage(1203, LogLevel.Information, "{Chain}: following {Leader}, epoch {Epoch}")]
    public static partial void Follows(ILogger logger, string chain, string leader, long epoch);

    [LoggerMessage(1204, LogLevel.Warning, "{Chain}: cannot tell who leads")]
    public static partial void StoreSilent(ILogger logger, Exception problem, string chain);

    [LoggerMessage(1205, LogLevel.Warning, "{Chain}: changed watches could not be read")]
    public static partial void WatchesUnread(ILogger logger, Exception problem, string chain);
}
