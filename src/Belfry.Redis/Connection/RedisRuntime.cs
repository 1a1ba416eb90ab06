using Belfry.Core.Runtime;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Belfry.Redis.Connection;

/// <summary>What a connection takes from its surroundings. The defaults are the real ones; a simulation passes its own.</summary>
public sealed record RedisRuntime
{
    /// <summary>Dials.</summary>
    public INetwork Network { get; init; } = TcpNetwork.Instance;

    /// <summary>Time-outs, pauses.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Jitter.</summary>
    public IEntropy Entropy { get; init; } = SystemEntropy.Instance;

    /// <summary>Logs.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}
