using Belfry.Core.Chains;
using Microsoft.Extensions.Logging;

namespace Belfry.Nodes.Bitcoin.Sources;

static partial class SourceLog
{
    [LoggerMessage(1120, LogLevel.Warning, "ZeroMQ: {Missing} messages of topic {Topic} are missing before number {Counter}")]
    public static partial void FrameGap(ILogger logger, string topic, uint missing, uint counter);

    [LoggerMessage(1180, LogLevel.Information, "{Chain}: hears {Endpoint} by {Feed}")]
    public static partial void Opened(ILogger logger, ChainId chain, string endpoint, FeedKind feed);

    [LoggerMessage(1181, LogLevel.Warning, "{Chain}: {Feed} of {Endpoint} is lost ({Reason}): {Detail}")]
    public static partial void Lost(ILogger logger, ChainId chain, string endpoint, FeedKind feed, string reason, string detail);

    [LoggerMessage(1182, LogLevel.Information, "{Chain}: {Feed} of {Endpoint} cannot be opened ({Reason}): {Detail}; next attempt in {Delay}")]
    public static partial void NotOpened(ILogger logger, ChainId chain, string endpoint, FeedKind feed, string reason, string detail, TimeSpan delay);

    [LoggerMessage(1183, LogLevel.Warning, "{Chain}: the node cannot be used: {Problem}")]
    public static partial void NodeAway(ILogger logger, ChainId chain, string problem);

    [LoggerMessage(1184, LogLevel.Error, "{Chain}: {Problem}")]
    public static partial void WrongNetwork(ILogger logger, ChainId chain, string problem);

    [LoggerMessage(1185, LogLevel.Warning, "{Chain}: goes over from {From} to {To}")]
    public static partial void Switched(ILogger logger, ChainId chain, string from, string to);
}
