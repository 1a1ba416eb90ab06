using System.Text;
using Belfry.Contracts;
using Belfry.Core.Chains;
using Belfry.Core.Listeners;
using Belfry.Core.Runtime;
using Belfry.Redis;
using Belfry.Redis.Connection;
using Belfry.Redis.Listeners;
using Belfry.TestKit;
using Belfry.TestKit.Redis;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;

namespace Belfry.Stores.Tests.Redis;

/// <summary>The contract of active addresses, on a Redis of its own.</summary>
public sealed class RedisActiveAddressesContractTests : ActiveAddressesContract, IAsyncLifetime
{
    RedisServer? server;
    ListeningServer? last;

    public async ValueTask InitializeAsync() => server = await RedisServer.StartNewAsync();

    public async ValueTask DisposeAsync()
    {
        if (last is not null) await last.DisposeAsync();
        if (server is not null) await server.DisposeAsync();
    }

    // One at a time: two on one Redis would rightly see each other's connections.
    protected override IActiveAddresses Create()
    {
#pragma warning disable VSTHRD002 // the contract makes them synchronously
        last?.DisposeAsync().AsTask().GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
        last = new ListeningServer(server!.Port, "contract", static (_, script) => script.Span.SequenceEqual(new byte[] { 1, 2, 3 }) ? "alice" : $"address {script.Span[0]}");
        return last.Active;
    }
}

/// <summary>One Belfry server, as far as listening goes.</summary>
sealed class ListeningServer : IAsyncDisposable
{
    static readonly TimeSpan Lease = TimeSpan.FromSeconds(1.5);
    readonly RedisConnection connection;

    public ListeningServer(int port, string name, Func<ChainId, Script, string> spell)
    {
        connection = new RedisConnection(TestRedis.Patient(port) with { Patience = TimeSpan.FromSeconds(1), CommandTimeout = TimeSpan.FromSeconds(5) });
        Active = new RedisActiveAddresses(
            connection, new RedisKeys(isCluster: false), new RedisActiveAddressesOptions { Server = name, Lease = Lease, BatchSize = 7 }, spell, TimeProvider.System, SystemEntropy.Instance,
            NullLogger<RedisActiveAddresses>.Instance);
    }

    public RedisActiveAddresses Active { get; }

    /// <summary>kill -9: Redis hears nothing more of it.</summary>
    public async Task DieAsync()
    {
        await Active.DieAsync();
        await connection.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Active.DisposeAsync();
        await connection.DisposeAsync();
    }
}

/// <summary>Several servers on one Redis.</summary>
public sealed class RedisActiveAddressesTests
{
    static readonly ChainId Bch = new("bch");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Whatever_servers_do_and_suffer_the_counts_become_the_living_connections(int seed)
    {
        var random = new Random(seed);
        await using var redis = await RedisServer.StartNewAsync();
        var servers = new List<ListeningServer>();
        var model = new List<Dictionary<int, long>>();
        var started = 0;
        void Start(int at)
        {
            var server = new ListeningServer(redis.Port, $"server-{++started}", static (_, script) => NameOf(script));
            if (at == servers.Count)
            {
                servers.Add(server);
                model.Add([]);
            }
            else
            {
                servers[at] = server;
                model[at] = [];
            }
        }

        for (var i = 0; i < 3; i++) Start(i);
        for (var step = 0; step < 400; step++)
        {
            var at = random.Next(3);
            var number = random.Next(20);
            switch (random.Next(100))
            {
                case < 55:
                    await servers[at].Active.AddAsync(Bch, ScriptOf(number), NameOf(ScriptOf(number)), CancellationToken.None);
                    model[at][number] = model[at].GetValueOrDefault(number) + 1;
                    break;
                case < 96:
                    await servers[at].Active.RemoveAsync(Bch, ScriptOf(number), CancellationToken.None);
                    if (model[at].GetValueOrDefault(number) <= 1) model[at].Remove(number);
                    else model[at][number]--;
                    break;
                case 96:
                    await servers[at].DieAsync();
                    Start(at);
                    break;
                case 97:
                    await servers[at].DisposeAsync();
                    Start(at);
                    break;
                case 98:
                    using (var admin = redis.OpenAdmin()) admin.Call("FLUSHALL");
                    break;
                default:
                    await redis.RestartAsync(keepData: random.Next(2) == 0);
                    break;
            }

            if (step % 100 == 99) await SettleAsync(redis, servers, model);
        }

        foreach (var server in servers) await server.DisposeAsync();
        using var end = redis.OpenAdmin();
        end.Number("HLEN", "bch:address_consumer_connections_ctr").ShouldBe(0);
        end.Number("SCARD", "bch:active_listening_addresses").ShouldBe(0);
    }

    [Fact]
    public async Task Other_programs_see_the_seeds_keys_and_a_dead_server_leaves_no_trace_after_its_lease()
    {
        await using var redis = await RedisServer.StartNewAsync();
        await using var living = new ListeningServer(redis.Port, "living", static (_, script) => NameOf(script));
        var dying = new ListeningServer(redis.Port, "dying", static (_, script) => NameOf(script));
        await living.Active.AddAsync(Bch, ScriptOf(1), NameOf(ScriptOf(1)), CancellationToken.None);
        for (var i = 0; i < 2; i++) await dying.Active.AddAsync(Bch, ScriptOf(1), NameOf(ScriptOf(1)), CancellationToken.None);
        await dying.Active.AddAsync(Bch, ScriptOf(2), NameOf(ScriptOf(2)), CancellationToken.None);
        using var admin = redis.OpenAdmin();
        await Eventually.HoldsAsync(() => admin.Text("HGET", "bch:address_consumer_connections_ctr", NameOf(ScriptOf(1))) == "3" && admin.Number("SCARD", "bch:active_listening_addresses") == 2);
        await Eventually.HoldsAsync(() => living.Active.IsActive(Bch, ScriptOf(2)));
        (await living.Active.ReadStatsAsync(Bch, CancellationToken.None)).ShouldBe(new ActiveAddressStats(2, 4));
        await dying.DieAsync();
        await Eventually.HoldsAsync(() => admin.Text("HGET", "bch:address_consumer_connections_ctr", NameOf(ScriptOf(1))) == "1" && admin.Number("SISMEMBER", "bch:active_listening_addresses", NameOf(ScriptOf(2))) == 0);
        await Eventually.HoldsAsync(() => !living.Active.IsActive(Bch, ScriptOf(2)));
        living.Active.IsActive(Bch, ScriptOf(1)).ShouldBeTrue();
    }

    [Fact]
    public async Task Without_Redis_a_server_goes_on_with_what_it_knows()
    {
        await using var redis = await RedisServer.StartNewAsync();
        await using var first = new ListeningServer(redis.Port, "first", static (_, script) => NameOf(script));
        await using var second = new ListeningServer(redis.Port, "second", static (_, script) => NameOf(script));
        await first.Active.AddAsync(Bch, ScriptOf(1), NameOf(ScriptOf(1)), CancellationToken.None);
        await Eventually.HoldsAsync(() => second.Active.IsActive(Bch, ScriptOf(1)));
        await redis.KillAsync();
        await second.Active.AddAsync(Bch, ScriptOf(2), NameOf(ScriptOf(2)), CancellationToken.None);
        second.Active.IsActive(Bch, ScriptOf(1)).ShouldBeTrue("as it was heard last");
        second.Active.IsActive(Bch, ScriptOf(2)).ShouldBeTrue();
        await redis.RestartAsync(keepData: false);
        await Eventually.HoldsAsync(() => first.Active.IsActive(Bch, ScriptOf(2)) && second.Active.IsActive(Bch, ScriptOf(1)));
    }

    static async Task SettleAsync(RedisServer redis, List<ListeningServer> servers, List<Dictionary<int, long>> model)
    {
        var expected = Lines(model.SelectMany(static share => share).GroupBy(static entry => entry.Key).Select(static group => KeyValuePair.Create(NameOf(ScriptOf(group.Key)), group.Sum(static entry => entry.Value))));
        using var admin = redis.OpenAdmin();
        await Eventually.HoldsAsync(async () =>
        {
            var counts = (List<object?>)admin.Call("HGETALL", "bch:address_consumer_connections_ctr")!;
            var told = counts.Chunk(2).Select(static pair => KeyValuePair.Create(pair[0]!.ToString()!, long.Parse(pair[1]!.ToString()!, System.Globalization.CultureInfo.InvariantCulture)));
            Lines(told).ShouldBe(expected, "the counts in Redis");
            var active = ((List<object?>)admin.Call("SMEMBERS", "bch:active_listening_addresses")!).Select(static item => item!.ToString()!).Order(StringComparer.Ordinal);
            string.Join('\n', active).ShouldBe(string.Join('\n', expected.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split('=')[0]).Order(StringComparer.Ordinal)), "the set in Redis");
            foreach (var server in servers) Lines(await server.Active.ReadAllAsync(Bch, CancellationToken.None)).ShouldBe(expected, "what a server knows");
            return true;
        });
    }

    static string Lines(IEnumerable<KeyValuePair<string, long>> counts)
    {
        var text = new StringBuilder();
        foreach (var (address, count) in counts.OrderBy(static entry => entry.Key, StringComparer.Ordinal)) text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{address}={count}\n");
        return text.ToString();
    }

    static Script ScriptOf(int number) => new([(byte)number, 9]);

    static string NameOf(Script script) => $"bitcoincash:q{script.Span[0]}";
}
