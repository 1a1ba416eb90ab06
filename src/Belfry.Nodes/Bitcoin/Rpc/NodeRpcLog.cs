using Microsoft.Extensions.Logging;

namespace Belfry.Nodes.Bitcoin.Rpc;

static partial class NodeRpcLog
{
    [LoggerMessage(1100, LogLevel.Debug, "{Endpoint}: {Method} failed ({Problem}); attempt {Attempt} follows in {Delay}")]
    public static partial void Retrying(ILogger logger, string endpoint, string method, string problem, int attempt, TimeSpan delay);

    [LoggerMessage(1101, LogLevel.Information, "{Endpoint}: a batch of {Size} calls failed ({Problem}); batches of {NextSize} from now on")]
    public static partial void BatchHalved(ILogger logger, string endpoint, int size, string problem, int nextSize);
}
