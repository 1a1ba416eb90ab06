using Belfry.Core.Runtime;

namespace Belfry.Redis.Connection;

/// <summary>What is known of a command that has no answer.</summary>
public enum RedisOutcome
{
    /// <summary>Redis did not and will not execute it: sending it again is safe.</summary>
    NotSent,

    /// <summary>It was handed to the network and no answer came: Redis may have executed it, or not. Only what may happen twice may be sent again.</summary>
    Unknown,
}

/// <summary>A command without an answer: the line is away, broke, or was too slow. Names the endpoint and the setting to turn; never an argument of the command.</summary>
public sealed class RedisUnavailableException(RedisOutcome outcome, string command, string endpoint, string setting, string problem, Exception? inner = null)
    : BelfryException($"Redis at {endpoint}: {command} {(outcome == RedisOutcome.NotSent ? "was not sent" : "has an unknown outcome")}: {problem} (setting {setting})", inner)
{
    /// <summary>Whether it can have been executed.</summary>
    public RedisOutcome Outcome { get; } = outcome;

    /// <summary>The command's name, without arguments.</summary>
    public string Command { get; } = command;

    /// <summary>Host and port, without credentials.</summary>
    public string Endpoint { get; } = endpoint;

    /// <summary>The setting that names the endpoint or the limit that was met.</summary>
    public string Setting { get; } = setting;
}

/// <summary>Redis answered with an error, and so did not execute the command, or, for a script, not to its end. Names the command, never its arguments.</summary>
public sealed class RedisErrorException(string code, string text, string command, string endpoint, string setting)
    : BelfryException($"Redis at {endpoint} refused {command}: {text} (setting {setting})")
{
    /// <summary>The first word of the answer: WRONGTYPE, NOPERM, OOM, MISCONF, CLUSTERDOWN …; ERR for most others.</summary>
    public string Code { get; } = code;

    /// <summary>The command's name, without arguments.</summary>
    public string Command { get; } = command;

    /// <summary>Host and port, without credentials.</summary>
    public string Endpoint { get; } = endpoint;

    /// <summary>Whether Redis only said "not now" until the command's time was up: it may be sent again later, and was surely not executed.</summary>
    public bool IsNotNow { get; init; }
}

/// <summary>A reply of another kind than the reader of it expected: the command and its reading do not fit together.</summary>
public sealed class RedisReplyException(string problem) : BelfryException($"Redis reply: {problem}");
