using Microsoft.Extensions.Logging;

namespace Belfry.Redis.Listeners;

static partial class ListenersLog
{
    [LoggerMessage(1950, LogLevel.Warning, "{Chain}: who listens could not be shared with the other servers; it is said again")]
    public static partial void Unsaid(ILogger logger, Exception problem, string chain);
}
