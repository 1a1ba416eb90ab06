using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Redis.Connection;
using Microsoft.Extensions.Logging;

namespace Belfry.Redis.Listeners;

/// <summary>One chain's shares: ships this server's, hears the others', buries the dead.</summary>
sealed class SharedChain : IAsyncDisposable
{
    static readonly RedisScript DeclareScript = RedisScript.Load(typeof(SharedChain).Assembly, "Listeners/declare.lua");
    static readonly RedisScript BuryScript = RedisScript.Load(typeof(SharedChain).Assembly, "Listeners/bury.lua");
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan FarewellPatience = TimeSpan.FromSeconds(2);

    readonly CancellationTokenSource stopping = new();
    readonly Lock gate = new();
    readonly Dictionary<string, long> held = new(StringComparer.Ordinal);
    readonly HashSet<string> changed = new(StringComparer.Ordinal);
    readonly Dictionary<string, long> numbers = new(StringComparer.Ordinal);
    readonly ChainId chain;
    readonly IRedisConnection redis;
    readonly RedisKeys keys;
    readonly RedisActiveAddressesOptions options;
    readonly TimeProvider clock;
    readonly IEntropy entropy;
    readonly ILogger logger;
    readonly Bell bell;
    readonly Task shipping;
    readonly Task listening;
    // Names that this server had before: whoever heard of them must hear that they are gone.
    readonly HashSet<string> former = new(StringComparer.Ordinal);
    string name = "";
    long number;
    int connections = -1;

    public SharedChain(ChainId chain, IRedisConnection redis, RedisKeys keys, RedisActiveAddressesOptions options, TimeProvider clock, IEntropy entropy, ILogger logger)
    {
        (this.chain, this.redis, this.keys, this.options, this.clock, this.entropy, this.logger) = (chain, redis, keys, options, clock, entropy, logger);
        bell = new Bell(clock);
        shipping = Background.Start(() => UntilStoppedAsync(ShipAsync), CancellationToken.None);
        listening = Background.Start(() => UntilStoppedAsync(ListenAsync), CancellationToken.None);
    }

    /// <summary>What other servers listen to.</summary>
    public ServerShares Others { get; } = new();

    /// <summary>A connection more or fewer on an address; told to Redis soon.</summary>
    public void Declare(string address, int by)
    {
        lock (gate)
        {
            var count = held.GetValueOrDefault(address) + by;
            if (count > 0) held[address] = count;
            else held.Remove(address);
            changed.Add(address);
        }

        bell.Ring();
    }

    /// <summary>Takes back the shares of servers whose lease has ended, or of one.</summary>
    /// <returns>How many addresses nobody listens to any more.</returns>
    public async ValueTask<long> BuryAsync(string? server, CancellationToken cancellationToken)
    {
        var freed = 0L;
        while (true)
        {
            var (some, more) = await redis.SendAsync(
                RedisCommand.Evaluate(BuryScript, 3L, keys.ConnectionCounts(chain), keys.ActiveAddresses(chain), keys.ListeningServers(chain), keys.ShareStem(chain), keys.ShareChanges(chain), server ?? "", (long)options.BatchSize),
                static (ref RespReader reply) =>
                {
                    reply.ReadArrayHeader();
                    return (reply.ReadInteger(), reply.ReadInteger());
                }, cancellationToken);
            freed += some;
            if (more == 0 || (server is not null && !await IsListedAsync(server, cancellationToken))) return freed;
        }
    }

    /// <summary>Stops without a word.</summary>
    public async ValueTask StopAsync()
    {
        Background.Cancel(stopping);
        await shipping;
        await listening;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        try
        {
            using var patience = new CancellationTokenSource(FarewellPatience, clock);
            await BuryFormerAsync(patience.Token);
            if (name.Length > 0) await BuryAsync(name, patience.Token);
        }
        catch (Exception problem) when (IsTrouble(problem) || problem is OperationCanceledException)
        {
            // The lease ends by itself.
            ListenersLog.Unsaid(logger, problem, chain.Value);
        }

        stopping.Dispose();
    }

    // Also what is left of this server under a former name.
    bool IsOwn(string server) => server.StartsWith(options.Server + ".", StringComparison.Ordinal);

    static bool IsTrouble(Exception problem) => problem is RedisUnavailableException or RedisErrorException;

    async Task UntilStoppedAsync(Func<CancellationToken, Task> work)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await work(stopping.Token);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception problem) when (IsTrouble(problem))
            {
                ListenersLog.Unsaid(logger, problem, chain.Value);
                await Background.WhenEndedAsync(Task.Delay(Pause, clock, stopping.Token));
            }
        }
    }

    // One message at a time, so that an address' numbers arrive in order. What was perhaps not heard is said again: numbers are absolute.
    async Task ShipAsync(CancellationToken stop)
    {
        // Redis may have lost or brought back anything while it was away: a new name, under which everything is said anew, owes nothing to what it remembers.
        if (redis.State.Connections != connections) Begin();
        await BuryFormerAsync(stop);
        while (true)
        {
            var known = bell.Rung;
            var batch = Take();
            if (batch.Count > 0 || number == 0)
            {
                if (await SayAsync(batch, stop)) continue;
                connections = -1;
                return;
            }

            await bell.WaitAsync(known, options.Lease / 3, stop);
            if (redis.State.Connections != connections) return;
            // Also when nothing has changed: it renews the lease.
            if (!await SayAsync(Take(), stop))
            {
                connections = -1;
                return;
            }

            await BuryFormerAsync(stop);
            await BuryAsync(null, stop);
        }
    }

    void Begin()
    {
        if (name.Length > 0) former.Add(name);
        Span<byte> random = stackalloc byte[4];
        entropy.Fill(random);
        connections = redis.State.Connections;
        (name, number) = ($"{options.Server}.{Convert.ToHexStringLower(random)}", 0);
        lock (gate) changed.UnionWith(held.Keys);
    }

    async ValueTask BuryFormerAsync(CancellationToken stop)
    {
        foreach (var gone in former.ToList())
        {
            await BuryAsync(gone, stop);
            former.Remove(gone);
        }
    }

    async ValueTask<bool> SayAsync(List<(string Address, long Count)> batch, CancellationToken stop)
    {
        var arguments = new RedisArgument[9 + (2 * batch.Count)];
        arguments[0] = 4L;
        (arguments[1], arguments[2], arguments[3], arguments[4]) = (keys.ConnectionCounts(chain), keys.ActiveAddresses(chain), keys.ListeningServers(chain), keys.ShareOf(chain, name));
        (arguments[5], arguments[6], arguments[7], arguments[8]) = (name, (long)options.Lease.TotalMilliseconds, keys.ShareChanges(chain), number + 1);
        for (var i = 0; i < batch.Count; i++) (arguments[9 + (2 * i)], arguments[10 + (2 * i)]) = (batch[i].Address, batch[i].Count);
        try
        {
            number++;
            return await redis.SendAsync(RedisCommand.Evaluate(DeclareScript, arguments), RedisRead.Integer, stop) == 1;
        }
        catch (Exception problem) when (IsTrouble(problem))
        {
            lock (gate) changed.UnionWith(batch.Select(static entry => entry.Address));
            throw;
        }
    }

    List<(string Address, long Count)> Take()
    {
        lock (gate)
        {
            var batch = changed.Take(options.BatchSize).Select(address => (address, held.GetValueOrDefault(address))).ToList();
            foreach (var (address, _) in batch) changed.Remove(address);
            return batch;
        }
    }

    async Task ListenAsync(CancellationToken stop)
    {
        var kind = keys.ShareChanges(chain).StartsWith('{') ? RedisSubscriptionKind.Sharded : RedisSubscriptionKind.Channel;
        await foreach (var message in redis.SubscribeAsync(new RedisSubscription(kind, keys.ShareChanges(chain)), stop))
        {
            if (message.Kind != RedisMessageKind.Message) await ReadAllAsync(stop);
            else await HearAsync(message.Payload, stop);
        }
    }

    async ValueTask HearAsync(ReadOnlyMemory<byte> payload, CancellationToken stop)
    {
        using var message = JsonDocument.Parse(payload);
        var told = message.RootElement;
        var server = told[0].GetString()!;
        if (IsOwn(server)) return;
        var said = long.Parse(told[1].GetString()!, System.Globalization.CultureInfo.InvariantCulture);
        if (said == 0)
        {
            Others.Drop(server);
            numbers.Remove(server);
            return;
        }

        if (numbers.TryGetValue(server, out var last) && said > last + 1) await ReadAsync(server, stop);
        numbers[server] = said;
        for (var i = 2; i < told.GetArrayLength(); i += 2)
            Others.Put(server, told[i].GetString()!, long.Parse(told[i + 1].GetString()!, System.Globalization.CultureInfo.InvariantCulture));
    }

    // What is said meanwhile waits in the subscription and is put over what is read.
    async ValueTask ReadAllAsync(CancellationToken stop)
    {
        var living = await redis.SendAsync(new RedisCommand("ZRANGE", keys.ListeningServers(chain), 0L, -1L), RedisRead.Texts, stop);
        numbers.Clear();
        Others.Keep(living.OfType<string>().ToHashSet(StringComparer.Ordinal));
        foreach (var server in living.OfType<string>().Where(server => !IsOwn(server))) await ReadAsync(server, stop);
    }

    async ValueTask ReadAsync(string server, CancellationToken stop)
    {
        var share = new Dictionary<string, long>(StringComparer.Ordinal);
        var cursor = "0";
        do
        {
            (cursor, var page) = await redis.SendAsync(new RedisCommand("HSCAN", keys.ShareOf(chain, server), cursor, "COUNT", (long)options.BatchSize), ReadPage, stop);
            foreach (var (address, count) in page) share[address] = count;
        }
        while (cursor != "0");
        Others.Replace(server, share);
    }

    static (string Cursor, List<(string Address, long Count)> Page) ReadPage(ref RespReader reply)
    {
        reply.ReadArrayHeader();
        var cursor = reply.ReadString()!;
        var page = new List<(string, long)>();
        for (var left = reply.ReadArrayHeader(); left > 0; left -= 2)
            page.Add((reply.ReadString()!, long.Parse(reply.ReadString()!, System.Globalization.CultureInfo.InvariantCulture)));
        return (cursor, page);
    }

    async ValueTask<bool> IsListedAsync(string server, CancellationToken cancellationToken) =>
        await redis.SendAsync(new RedisCommand("ZSCORE", keys.ListeningServers(chain), server), RedisRead.DoubleOrNull, cancellationToken) is not null;
}
