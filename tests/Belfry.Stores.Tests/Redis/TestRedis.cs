using Belfry.Redis.Connection;
using Belfry.TestKit;
using Belfry.TestKit.Redis;

namespace Belfry.Stores.Tests.Redis;

/// <summary>What the tests of the Redis client share.</summary>
static class TestRedis
{
    public static readonly bool IsLong = Environment.GetEnvironmentVariable("BELFRY_TEST_LONG") == "1";

    /// <summary>Options whose times suit a busy test machine: nothing here is to fail because a thread was late.</summary>
    public static RedisOptions Patient(params IEnumerable<int> ports) => new()
    {
        Endpoints = [.. ports.Select(port => new RedisEndpoint("127.0.0.1", port))],
        CommandTimeout = TimeSpan.FromSeconds(30),
        ConnectTimeout = TimeSpan.FromSeconds(15),
        Patience = TimeSpan.FromSeconds(20),
        MaxBackoff = TimeSpan.FromMilliseconds(250),
    };

    public static RedisConnection Connect(RedisServer server, Func<RedisOptions, RedisOptions>? change = null) => new((change ?? (options => options))(Patient(server.Port)));

    public static Task LiveAsync(IRedisConnection redis) => Eventually.HoldsAsync(() => redis.State.Phase == RedisPhase.Live, TimeSpan.FromSeconds(60));
}
