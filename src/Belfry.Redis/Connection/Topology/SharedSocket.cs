using System.Collections.Frozen;

namespace Belfry.Redis.Connection.Topology;

/// <summary>Commands that would stop or change the socket of everybody else.</summary>
static class SharedSocket
{
    static readonly FrozenSet<string> Blocking = Set("BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN WAIT WAITAOF");

    static readonly FrozenSet<string> Changing = Set("ASKING AUTH DISCARD EXEC HELLO MONITOR MULTI PSUBSCRIBE PSYNC PUNSUBSCRIBE QUIT READONLY READWRITE REPLCONF RESET SELECT SSUBSCRIBE SUBSCRIBE SUNSUBSCRIBE SYNC UNSUBSCRIBE UNWATCH WATCH");

    /// <summary>Refuses what does not belong there.</summary>
    /// <exception cref="ArgumentException">The command blocks, or changes the socket.</exception>
    public static void Check(RedisCommand command)
    {
        var name = command.Name;
        CheckLetters(name);
        // The names that are looked up begin with one of these letters, or are reads of streams.
        if (name.Length == 0 || !"ABCDEHMPQRSUWX".Contains(name[0], StringComparison.Ordinal)) return;
        if (Blocking.Contains(name) || (name is "XREAD" or "XREADGROUP" && HasBlock(command.Arguments)))
            throw new ArgumentException($"{name} blocks, and would stop everybody else on the socket: use {nameof(IRedisConnection.SendBlockingAsync)}.", nameof(command));
        if (Changing.Contains(name) || (name == "CLIENT" && command.Arguments.Length > 0 && (command.Arguments[0].IsWord("REPLY") || command.Arguments[0].IsWord("TRACKING"))))
            throw new ArgumentException($"{name} changes the socket, which others share: transactions are scripts here, subscriptions {nameof(IRedisConnection.SubscribeAsync)}.", nameof(command));
    }

    /// <summary>Refuses what changes the socket; what blocks is welcome.</summary>
    /// <exception cref="ArgumentException">The command changes the socket.</exception>
    public static void CheckBlocking(RedisCommand command)
    {
        CheckLetters(command.Name);
        if (Changing.Contains(command.Name)) throw new ArgumentException($"{command.Name} changes the socket, which others use after you.", nameof(command));
    }

    // What is looked up here, and where keys stand, is known by capital letters.
    static void CheckLetters(string name)
    {
        if (name.AsSpan().ContainsAnyInRange('a', 'z')) throw new ArgumentException($"{name}: names of commands are written in capital letters.", nameof(name));
    }

    static bool HasBlock(ReadOnlySpan<RedisArgument> arguments)
    {
        foreach (var argument in arguments)
        {
            if (argument.IsWord("STREAMS")) return false;
            if (argument.IsWord("BLOCK")) return true;
        }

        return false;
    }

    static FrozenSet<string> Set(string names) => names.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
