using Belfry.Core.Chains;
using Microsoft.Extensions.Logging;

namespace Belfry.Nodes.Simnet;

static partial class SimnetLog
{
    [LoggerMessage(1160, LogLevel.Information, "Simulated chain {Chain} runs from height {Height}")]
    public static partial void Running(ILogger logger, ChainId chain, long height);

    [LoggerMessage(1161, LogLevel.Information, "Simulated chain {Chain} stopped at height {Height}")]
    public static partial void Stopped(ILogger logger, ChainId chain, long height);

    [LoggerMessage(1162, LogLevel.Debug, "Simulated chain {Chain} displaced {Depth} blocks, now at height {Height}")]
    public static partial void Reorganised(ILogger logger, ChainId chain, int depth, long height);
}
