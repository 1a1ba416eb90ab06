using Belfry.Core.Hosting;
using Belfry.Redis.Connection;
using Shouldly;

namespace Belfry.Stores.Tests.Redis;

public sealed class RedisOptionsTests
{
    [Theory]
    [InlineData("redis://localhost:6379", "localhost:6379", null, null, 0, false, RedisTopologyKind.Single)]
    [InlineData("redis://localhost:6379/0", "localhost:6379", null, null, 0, false, RedisTopologyKind.Single)]
    [InlineData("redis://user:pass@prod-redis:6379/3", "prod-redis:6379", "user", "pass", 3, false, RedisTopologyKind.Single)]
    [InlineData("redis://:p%40ss%2F%3Aword@host", "host:6379", null, "p@ss/:word", 0, false, RedisTopologyKind.Single)]
    [InlineData("REDISS://[::1]:6380/", "[::1]:6380", null, null, 0, true, RedisTopologyKind.Single)]
    [InlineData("host:7000", "host:7000", null, null, 0, false, RedisTopologyKind.Single)]
    [InlineData("redis+sentinel://u:p@a,b:26380,[::1]/mymaster/2", "a:26379 b:26380 [::1]:26379", "u", "p", 2, false, RedisTopologyKind.Sentinel)]
    [InlineData("rediss+cluster://a:7000,b:7001", "a:7000 b:7001", null, null, 0, true, RedisTopologyKind.Cluster)]
    public void A_url_is_read(string url, string endpoints, string? user, string? password, int database, bool tls, RedisTopologyKind topology)
    {
        var faults = new List<string>();
        var options = RedisUrl.Parse(url, new RedisOptions(), faults);
        faults.ShouldBeEmpty();
        options.Validate().ShouldBeEmpty();
        string.Join(' ', options.Endpoints).ShouldBe(endpoints);
        (options.User, options.Password, options.Database, options.Tls is not null, options.Topology).ShouldBe((user, password, database, tls, topology));
        if (topology == RedisTopologyKind.Sentinel) options.PrimaryName.ShouldBe("mymaster");
    }

    [Theory]
    [InlineData("http://host", "expected redis://")]
    [InlineData("redis://", "lacks a host")]
    [InlineData("redis://host:port", "cannot be read")]
    [InlineData("redis://host:0", "cannot be read")]
    [InlineData("redis://host:65536", "cannot be read")]
    [InlineData("redis://a,,b", "lacks a host")]
    [InlineData("redis://a,b", "several servers for one")]
    [InlineData("redis://host/x", "expected a number")]
    [InlineData("redis://host?db=1", "has a query")]
    [InlineData("redis://user@host", "no password")]
    [InlineData("redis+sentinel://host", "PrimaryName")]
    [InlineData("redis+cluster://host/1", "only database 0")]
    [InlineData("redis://:hidden@ho st", "cannot be read")]
    public void A_url_that_cannot_be_used_says_why_and_shows_no_password(string url, string why)
    {
        var problem = Should.Throw<ConfigurationException>(() => RedisVariables.Read(name => name == "REDIS_URL" ? url : null));
        problem.Message.ShouldContain(why);
        problem.Message.ShouldNotContain("hid");
        problem.Message.ShouldNotContain("den@");
    }

    [Fact]
    public void The_variables_of_others_are_read()
    {
        var variables = new Dictionary<string, string?> { ["REDIS_CONNECTION_URI"] = "redis://localhost:6379", ["REDIS_PASSWORD"] = "hidden", ["REDIS_MAX_CONNECTIONS"] = "50", ["REDIS_TIMEOUT"] = "5", ["REDIS_URL"] = "" };
        var options = RedisVariables.Read(variables.GetValueOrDefault)!;
        options.Endpoints.ShouldBe([new RedisEndpoint("localhost", 6379)]);
        (options.Password, options.Connections, options.CommandTimeout, options.Setting).ShouldBe(("hidden", 50, TimeSpan.FromSeconds(5), "REDIS_CONNECTION_URI"));
        options.ToString().ShouldNotContain("hidden");
        RedisVariables.Read(_ => null).ShouldBeNull();
        RedisVariables.Read(name => name == "REDIS_PASSWORD" ? "alone" : null).ShouldBeNull();
        RedisVariables.Read(name => name switch { "REDIS_URL" or "REDIS_CONNECTION_URI" => "redis://:p@h/4", "REDIS_PASSWORD" => "p", "REDIS_TIMEOUT" => "0.5", _ => null })!
            .CommandTimeout.ShouldBe(TimeSpan.FromMilliseconds(500));
    }

    [Fact]
    public void All_faults_are_told_at_once_and_no_secret()
    {
        var variables = new Dictionary<string, string?> { ["REDIS_URL"] = "redis://:hidden@a:1x", ["REDIS_CONNECTION_URI"] = "redis://b", ["REDIS_PASSWORD"] = "other", ["REDIS_MAX_CONNECTIONS"] = "many", ["REDIS_TIMEOUT"] = "-1" };
        var problem = Should.Throw<ConfigurationException>(() => RedisVariables.Read(variables.GetValueOrDefault));
        problem.Faults.Count.ShouldBe(5);
        problem.Message.ShouldNotContain("hidden");
        problem.Message.ShouldNotContain("other");
        var wrong = new RedisOptions
        {
            Endpoints = [],
            Connections = 0,
            MaxReplyBytes = 1,
            CommandTimeout = TimeSpan.Zero,
            Patience = TimeSpan.FromDays(100),
            User = "u",
            Database = -1,
            ClientName = "a b",
            MinBackoff = TimeSpan.FromSeconds(2),
            Tls = new RedisTlsOptions { CaFile = "/nowhere/ca.pem", KeyFile = "/nowhere/key.pem" },
        };
        // The key's file, and that it has no certificate, are two faults of their own.
        Should.Throw<ConfigurationException>(() => new RedisConnection(wrong)).Faults.Count.ShouldBe(12);
    }

    [Fact]
    public void Options_print_no_password() =>
        new RedisOptions { User = "u", Password = "hidden", SentinelPassword = "hidden too" }.ToString().ShouldBe("RedisOptions { Single 127.0.0.1:6379 as u }");
}
