using Microsoft.Extensions.Logging;

namespace Belfry.Nodes.Bitcoin.Peer;

static partial class PeerLog
{
    [LoggerMessage(1140, LogLevel.Information, "Peer {EndPoint} connected: {UserAgent}, protocol {Version}, height {Height}")]
    public static partial void Connected(this ILogger logger, string endPoint, string userAgent, int version, int height);

    [LoggerMessage(1141, LogLevel.Warning, "Peer {EndPoint} lost ({Reason}): {Detail}")]
    public static partial void Disconnected(this ILogger logger, string endPoint, string reason, string detail);

    [LoggerMessage(1142, LogLevel.Debug, "Peer {EndPoint}: attempt {Attempt} failed ({Reason}), next in {Pause}")]
    public static partial void AttemptFailed(this ILogger logger, string endPoint, int attempt, string reason, TimeSpan pause);

    [LoggerMessage(1143, LogLevel.Debug, "Peer {EndPoint} rejected our '{Command}' with code {Code}: {Text}")]
    public static partial void Rejected(this ILogger logger, string endPoint, string command, byte code, string text);

    [LoggerMessage(1144, LogLevel.Warning, "Peer {EndPoint}: {Count} announced transactions did not come ({Reason})")]
    public static partial void AnnouncementsLost(this ILogger logger, string endPoint, int count, string reason);

    [LoggerMessage(1145, LogLevel.Debug, "Peer {EndPoint}: a transaction that lives in MWEB alone came empty and is skipped")]
    public static partial void EmptyTransaction(this ILogger logger, string endPoint);

    [LoggerMessage(1146, LogLevel.Debug, "Peer {EndPoint} sent a {Kind} that nobody asked for")]
    public static partial void Unsolicited(this ILogger logger, string endPoint, string kind);

    [LoggerMessage(1147, LogLevel.Debug, "Peer {EndPoint} announces no transactions below {FeeRate} per 1000 bytes")]
    public static partial void FeeFilter(this ILogger logger, string endPoint, long feeRate);
}
