using System.Collections.Frozen;

namespace Belfry.Redis.Connection.Topology;

/// <summary>Which arguments of a command are keys, as COMMAND INFO tells it; needed in a cluster alone. A command that is not listed has its key first.</summary>
static class CommandKeys
{
    static readonly FrozenSet<string> None = Set(
        "ACL AUTH BGREWRITEAOF BGSAVE CLIENT CLUSTER COMMAND CONFIG DBSIZE DEBUG ECHO FAILOVER FLUSHALL FLUSHDB FUNCTION HELLO INFO KEYS LASTSAVE LATENCY LOLWUT MODULE PING PUBLISH PUBSUB RANDOMKEY ROLE SAVE SCAN SCRIPT SLOWLOG SWAPDB TIME WAIT WAITAOF");

    static readonly FrozenSet<string> All = Set("DEL EXISTS MGET PFCOUNT PFMERGE SDIFF SDIFFSTORE SINTER SINTERSTORE SUNION SUNIONSTORE TOUCH UNLINK WATCH");

    static readonly FrozenSet<string> FirstTwo = Set("BLMOVE BRPOPLPUSH COPY GEOSEARCHSTORE LCS LMOVE RENAME RENAMENX RPOPLPUSH SMOVE ZRANGESTORE");

    static readonly FrozenSet<string> AllButLast = Set("BLPOP BRPOP BZPOPMAX BZPOPMIN");

    static readonly FrozenSet<string> CountFirst = Set("LMPOP SINTERCARD ZDIFF ZINTER ZINTERCARD ZMPOP ZUNION");

    static readonly FrozenSet<string> CountSecond = Set("BLMPOP BZMPOP EVAL EVAL_RO EVALSHA EVALSHA_RO FCALL FCALL_RO");

    static readonly FrozenSet<string> Second = Set("MEMORY OBJECT XGROUP XINFO");

    /// <summary>The slot of a command's keys; -1 when it has none.</summary>
    /// <exception cref="ArgumentException">The keys are of several slots, or are not where the command needs them.</exception>
    public static int SlotOf(RedisCommand command)
    {
        var arguments = command.Arguments;
        var name = command.Name;
        if (arguments.IsEmpty || None.Contains(name)) return -1;
        if (command.Script is not null) return Slot(name, Counted(name, arguments, 0));
        if (All.Contains(name)) return Slot(name, arguments);
        if (name is "MSET" or "MSETNX") return Slot(name, arguments, 2);
        if (FirstTwo.Contains(name)) return Slot(name, arguments[..Math.Min(2, arguments.Length)]);
        if (AllButLast.Contains(name)) return Slot(name, arguments[..^1]);
        if (CountFirst.Contains(name)) return Slot(name, Counted(name, arguments, 0));
        if (CountSecond.Contains(name)) return Slot(name, Counted(name, arguments, 1));
        if (Second.Contains(name)) return arguments.Length > 1 ? HashSlot.Of(arguments[1]) : -1;
        if (name == "BITOP") return Slot(name, arguments[1..]);
        if (name is "XREAD" or "XREADGROUP") return Slot(name, Streams(name, arguments));
        if (name is "ZUNIONSTORE" or "ZINTERSTORE" or "ZDIFFSTORE") return WithTarget(name, arguments);
        return HashSlot.Of(arguments[0]);
    }

    static int WithTarget(string name, ReadOnlySpan<RedisArgument> arguments)
    {
        var (target, sources) = (HashSlot.Of(arguments[0]), Slot(name, Counted(name, arguments, 1)));
        return target == sources ? target : throw new ArgumentException(Crossed(name), nameof(arguments));
    }

    static ReadOnlySpan<RedisArgument> Counted(string name, ReadOnlySpan<RedisArgument> arguments, int at)
    {
        var count = at < arguments.Length ? arguments[at].ToCount() : -1;
        return count >= 0 && count <= arguments.Length - at - 1
            ? arguments.Slice(at + 1, count)
            : throw new ArgumentException($"{name} has the number of its keys as argument {at + 1}.", nameof(arguments));
    }

    static ReadOnlySpan<RedisArgument> Streams(string name, ReadOnlySpan<RedisArgument> arguments)
    {
        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i].IsWord("STREAMS")) return arguments.Slice(i + 1, (arguments.Length - i - 1) / 2);
        }

        throw new ArgumentException($"{name} lacks STREAMS.", nameof(arguments));
    }

    static int Slot(string name, ReadOnlySpan<RedisArgument> keys, int step = 1)
    {
        var slot = -1;
        for (var i = 0; i < keys.Length; i += step)
        {
            var next = HashSlot.Of(keys[i]);
            if (slot >= 0 && next != slot) throw new ArgumentException(Crossed(name), nameof(keys));
            slot = next;
        }

        return slot;
    }

    static string Crossed(string name) =>
        $"The keys of {name} are of different slots: a cluster takes them together only when they have the same hash tag, the part between braces, as in {{btc}}:active and {{btc}}:counts.";

    static FrozenSet<string> Set(string names) => names.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
