using System.Diagnostics.CodeAnalysis;

namespace Belfry.Redis.Connection;

/// <summary>
/// A command and its arguments, for the length of one call: <c>new RedisCommand("SET", key, value, "PX", 5000)</c>. Encoded before the call that takes it returns, so that
/// buffers may be used again at once.
/// </summary>
/// <param name="name">In capital letters; two words as one argument each, for instance <c>new RedisCommand("CONFIG", "GET", "maxmemory")</c>.</param>
/// <param name="arguments">What follows the name.</param>
public readonly ref struct RedisCommand([ConstantExpected] string name, [UnscopedRef] params ReadOnlySpan<RedisArgument> arguments)
{
    /// <summary>The first word.</summary>
    public string Name { get; } = name;

    /// <summary>What follows it.</summary>
    public ReadOnlySpan<RedisArgument> Arguments { get; } = arguments;

    /// <summary>The script whose EVALSHA this is: <see cref="Arguments"/> begin with the number of keys.</summary>
    internal RedisScript? Script { get; private init; }

    /// <summary>Runs a script. Redis keeps scripts in memory only; one that it does not know is sent whole, once, without the caller noticing.</summary>
    /// <param name="script">The script.</param>
    /// <param name="keysThenArguments">The number of keys, the keys, then the arguments, as EVALSHA has them after the hash.</param>
    public static RedisCommand Evaluate(RedisScript script, [UnscopedRef] params ReadOnlySpan<RedisArgument> keysThenArguments) => new("EVALSHA", keysThenArguments) { Script = script };
}
