using Belfry.Redis.Connection;
using Belfry.TestKit;
using Belfry.TestKit.Redis;
using Shouldly;

namespace Belfry.Stores.Tests.Redis;

/// <summary>Users, passwords and TLS, right and wrong.</summary>
public sealed class SecurityTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Fault", "R10")]
    public async Task A_user_may_what_the_server_allows_and_a_refusal_names_the_command(bool forceResp2)
    {
        await using var server = await RedisServer.StartNewAsync(new RedisServerOptions { Password = "admin-secret", Users = ["user alice on >al:ice@1 ~* &* +@all -get"] });
        await using var redis = TestRedis.Connect(server, options => options with { User = "alice", Password = "al:ice@1", ForceResp2 = forceResp2 });
        await redis.SendAsync(new RedisCommand("SET", "k", "v"), RedisRead.Ok, default);
        var denied = await Should.ThrowAsync<RedisErrorException>(async () => await redis.SendAsync(new RedisCommand("GET", "k"), RedisRead.Text, default));
        (denied.Code, denied.Command).ShouldBe(("NOPERM", "GET"));
        (await redis.SendAsync(new RedisCommand("STRLEN", "k"), RedisRead.Integer, default)).ShouldBe(1);
    }

    [Fact]
    public async Task A_server_whose_rules_hide_HELLO_is_spoken_to_in_RESP2()
    {
        await using var server = await RedisServer.StartNewAsync(new RedisServerOptions { Lines = ["rename-command HELLO NEVERHEARD"], Password = "secret" });
        await using var redis = TestRedis.Connect(server, options => options with { Password = "secret", Database = 3 });
        await redis.SendAsync(new RedisCommand("SET", "k", "v"), RedisRead.Ok, default);
        using var admin = server.OpenAdmin();
        admin.Text("CLIENT", "LIST").ShouldContain("name=belfry");
        admin.Call("SELECT", "3");
        admin.Text("GET", "k").ShouldBe("v");
        await foreach (var message in redis.SubscribeAsync(new RedisSubscription(RedisSubscriptionKind.Channel, "c"), default))
        {
            if (message.Kind == RedisMessageKind.Message) break;
            admin.Call("PUBLISH", "c", "over RESP2");
        }
    }

    [Theory]
    [InlineData(null, null, "wants a password", false)]
    [InlineData(null, "wrong-secret", "wrong password", false)]
    [InlineData("nobody", "wrong-secret", "wrong password for user 'nobody'", false)]
    [InlineData(null, null, "wants a password", true)]
    [InlineData(null, "wrong-secret", "wrong password", true)]
    [Trait("Fault", "R10")]
    public async Task Wrong_credentials_are_told_without_the_password(string? user, string? password, string problem, bool forceResp2)
    {
        await using var server = await RedisServer.StartNewAsync(new RedisServerOptions { Password = "right-secret" });
        await using var redis = TestRedis.Connect(server, options => options with { User = user, Password = password, ForceResp2 = forceResp2, Patience = TimeSpan.FromMilliseconds(20) });
        await Eventually.HoldsAsync(() => redis.State.Problem?.Contains(problem, StringComparison.Ordinal) == true);
        redis.State.Problem!.ShouldNotContain("secret");
        RedisUnavailableException? refusal = null;
        await Eventually.HoldsAsync(async () =>
        {
            refusal = await Should.ThrowAsync<RedisUnavailableException>(async () => await redis.SendAsync(new RedisCommand("PING"), RedisRead.Text, default));
            return refusal.Message.Contains(problem, StringComparison.Ordinal);
        });
        refusal!.Outcome.ShouldBe(RedisOutcome.NotSent);
        refusal.ToString().ShouldNotContain("secret");
    }

    [Fact]
    public async Task Over_TLS_with_an_authority_of_ones_own_and_a_client_certificate()
    {
        using var certificates = new TestCertificates();
        await using var server = await RedisServer.StartNewAsync(new RedisServerOptions { Tls = certificates, AskForCertificate = true, Password = "secret" });
        await using var redis = TestRedis.Connect(server, options => options with
        {
            Password = "secret",
            Tls = new RedisTlsOptions { CaFile = certificates.AuthorityFile, CertificateFile = certificates.ClientCertificateFile, KeyFile = certificates.ClientKeyFile },
        });
        var value = new byte[300_000];
        new Random(2).NextBytes(value);
        await redis.SendAsync(new RedisCommand("SET", "k", value), RedisRead.Ok, default);
        (await redis.SendAsync(new RedisCommand("GET", "k"), RedisRead.Bytes, default)).ShouldBe(value);
        var answers = await Task.WhenAll(Enumerable.Range(0, 2000).Select(_ => redis.SendAsync(new RedisCommand("INCR", "n"), RedisRead.Integer, default).AsTask()));
        answers.Order().ShouldBe(Enumerable.Range(1, 2000).Select(number => (long)number));
        (await redis.SendBlockingAsync(new RedisCommand("BLPOP", "l", "0.05"), TimeSpan.FromSeconds(1), RedisRead.Value, default)).Kind.ShouldBe(RespKind.Null);
    }

    [Fact]
    public async Task A_certificate_of_another_name_is_refused_unless_the_name_is_given_or_not_asked_for()
    {
        using var certificates = new TestCertificates("redis.example");
        await using var server = await RedisServer.StartNewAsync(new RedisServerOptions { Tls = certificates });
        await RefusesAsync(server, new RedisTlsOptions { CaFile = certificates.AuthorityFile });
        await AnswersAsync(server, new RedisTlsOptions { CaFile = certificates.AuthorityFile, ServerName = "redis.example" });
        await AnswersAsync(server, new RedisTlsOptions { CaFile = certificates.AuthorityFile, CheckName = false });
        // Without the name checked the authority still is.
        await RefusesAsync(server, new RedisTlsOptions { CheckName = false });
        using var others = new TestCertificates("redis.example");
        await RefusesAsync(server, new RedisTlsOptions { CaFile = others.AuthorityFile, CheckName = false });
    }

    static async Task AnswersAsync(RedisServer server, RedisTlsOptions tls)
    {
        await using var redis = TestRedis.Connect(server, options => options with { Tls = tls });
        (await redis.SendAsync(new RedisCommand("PING"), RedisRead.Text, default)).ShouldBe("PONG");
    }

    static async Task RefusesAsync(RedisServer server, RedisTlsOptions tls)
    {
        await using var redis = TestRedis.Connect(server, options => options with { Tls = tls });
        await Eventually.HoldsAsync(() => redis.State.Problem?.Contains("certificate", StringComparison.OrdinalIgnoreCase) == true);
        redis.State.Connections.ShouldBe(0);
    }
}
