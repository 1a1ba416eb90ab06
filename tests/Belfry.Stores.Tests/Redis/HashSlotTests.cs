using System.Text;
using Belfry.Redis.Connection;
using Belfry.Redis.Connection.Topology;
using Shouldly;

namespace Belfry.Stores.Tests.Redis;

public sealed class HashSlotTests
{
    // The check value of the cluster specification, and the examples of its section on hash tags.
    [Fact]
    public void The_published_vectors_hold()
    {
        HashSlot.Crc16("123456789"u8).ShouldBe((ushort)0x31c3);
        HashSlot.Of("123456789").ShouldBe(0x31c3 % 16384);
        HashSlot.Of("foo").ShouldBe(12182);
        HashSlot.Of("").ShouldBe(0);
        HashSlot.Of("{user1000}.following").ShouldBe(HashSlot.Of("{user1000}.followers"));
        HashSlot.Of("{user1000}.following").ShouldBe(HashSlot.Of("user1000"));
        HashSlot.Of("foo{}{bar}").ShouldBe(HashSlot.Crc16(Encoding.ASCII.GetBytes("foo{}{bar}")) % 16384);
        HashSlot.Of("foo{{bar}}zap").ShouldBe(HashSlot.Of("{bar"));
        HashSlot.Of("foo{bar}{zap}").ShouldBe(HashSlot.Of("bar"));
    }

    [Fact]
    public void Keys_are_found_where_commands_have_them()
    {
        int Slot(RedisCommand command) => CommandKeys.SlotOf(command);
        var slot = HashSlot.Of("t");
        Slot(new RedisCommand("PING")).ShouldBe(-1);
        Slot(new RedisCommand("CONFIG", "GET", "t")).ShouldBe(-1);
        Slot(new RedisCommand("PUBLISH", "t", "m")).ShouldBe(-1);
        Slot(new RedisCommand("SPUBLISH", "t", "m")).ShouldBe(slot);
        Slot(new RedisCommand("GET", Encoding.UTF8.GetBytes("t"))).ShouldBe(slot);
        Slot(new RedisCommand("HSET", "t", "other", "value")).ShouldBe(slot);
        Slot(new RedisCommand("MGET", "{t}1", "{t}2")).ShouldBe(slot);
        Slot(new RedisCommand("MSET", "{t}1", "x", "{t}2", "y")).ShouldBe(slot);
        Slot(new RedisCommand("EVALSHA", "hash", 2L, "{t}1", "{t}2", "argument")).ShouldBe(slot);
        Slot(RedisCommand.Evaluate(RedisScript.FromText("s", "return 1"), 1L, "t", "argument")).ShouldBe(slot);
        Slot(RedisCommand.Evaluate(RedisScript.FromText("s", "return 1"), 0L)).ShouldBe(-1);
        Slot(new RedisCommand("XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", "{t}1", "{t}2", ">", ">")).ShouldBe(slot);
        Slot(new RedisCommand("XGROUP", "CREATE", "t", "g", "$")).ShouldBe(slot);
        Slot(new RedisCommand("BLPOP", "{t}1", "{t}2", "5")).ShouldBe(slot);
        Slot(new RedisCommand("ZUNIONSTORE", "{t}", 2L, "{t}1", "{t}2")).ShouldBe(slot);
        Slot(new RedisCommand("ZINTER", 1L, "t")).ShouldBe(slot);
        Slot(new RedisCommand("BITOP", "AND", "{t}1", "{t}2")).ShouldBe(slot);
        Slot(new RedisCommand("OBJECT", "ENCODING", "t")).ShouldBe(slot);
    }

    [Fact]
    public void Keys_of_several_slots_are_misuse_with_a_remedy()
    {
        Should.Throw<ArgumentException>(() => CommandKeys.SlotOf(new RedisCommand("MGET", "a", "b"))).Message.ShouldContain("{btc}:active");
        Should.Throw<ArgumentException>(() => CommandKeys.SlotOf(new RedisCommand("MSET", "a", "1", "b", "2")));
        Should.Throw<ArgumentException>(() => CommandKeys.SlotOf(new RedisCommand("EVALSHA", "h", 2L, "a", "b")));
        Should.Throw<ArgumentException>(() => CommandKeys.SlotOf(new RedisCommand("RENAME", "a", "b")));
        Should.Throw<ArgumentException>(() => CommandKeys.SlotOf(new RedisCommand("ZUNIONSTORE", "a", 1L, "b")));
        Should.Throw<ArgumentException>(() => CommandKeys.SlotOf(new RedisCommand("EVALSHA", "h", 3L, "a", "b"))).Message.ShouldContain("number of its keys");
    }
}
