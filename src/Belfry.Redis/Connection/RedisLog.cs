using Microsoft.Extensions.Logging;

namespace Belfry.Redis.Connection;

static partial class RedisLog
{
    [LoggerMessage(1900, LogLevel.Information, "Redis {Endpoint} connected for {Purpose}: version {Version}, RESP{Protocol}, role {Role}")]
    public static partial void Connected(this ILogger logger, string endpoint, string purpose, string version, int protocol, string role);

    [LoggerMessage(1901, LogLevel.Warning, "Redis {Endpoint} lost ({Purpose}): {Problem}")]
    public static partial void Lost(this ILogger logger, string endpoint, string purpose, string problem);

    [LoggerMessage(1902, LogLevel.Debug, "Redis {Endpoint} ({Purpose}): attempt {Attempt} failed, next in {Pause}: {Problem}")]
    public static partial void AttemptFailed(this ILogger logger, string endpoint, string purpose, int attempt, TimeSpan pause, string problem);

    [LoggerMessage(1903, LogLevel.Warning, "Redis {Endpoint} cannot be used ({Purpose}), trying on: {Problem}")]
    public static partial void Unusable(this ILogger logger, string endpoint, string purpose, string problem);

    [LoggerMessage(1904, LogLevel.Warning, "Redis {Endpoint} owes answers and is silent: commands are refused until it answers")]
    public static partial void Silent(this ILogger logger, string endpoint);

    [LoggerMessage(1905, LogLevel.Information, "Redis {Endpoint} answers again")]
    public static partial void AnswersAgain(this ILogger logger, string endpoint);

    [LoggerMessage(1906, LogLevel.Information, "The sentinels name {Endpoint} as primary {Name}")]
    public static partial void PrimaryFound(this ILogger logger, string endpoint, string name);

    [LoggerMessage(1907, LogLevel.Warning, "Sentinel {Endpoint} cannot be asked: {Problem}")]
    public static partial void SentinelFailed(this ILogger logger, string endpoint, string problem);

    [LoggerMessage(1908, LogLevel.Information, "Redis Cluster: {Primaries} primaries serve {Slots} of 16384 slots, as {Endpoint} says")]
    public static partial void MapChanged(this ILogger logger, int primaries, int slots, string endpoint);

    [LoggerMessage(1909, LogLevel.Warning, "Redis Cluster: no node could tell the map: {Problem}")]
    public static partial void MapUnknown(this ILogger logger, string problem);

    [LoggerMessage(1910, LogLevel.Warning, "Redis subscription to {Name} may have missed messages: {Reason}")]
    public static partial void Gap(this ILogger logger, string name, string reason);

    [LoggerMessage(1911, LogLevel.Warning, "Redis {Endpoint}: the password goes over the network unencrypted; use rediss:// outside a private network")]
    public static partial void Unencrypted(this ILogger logger, string endpoint);
}
