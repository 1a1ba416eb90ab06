using System.Collections.Concurrent;
using Belfry.Core.Chains;
using Belfry.Core.Listeners;
using Belfry.Core.Runtime;
using Belfry.Redis.Connection;
using Microsoft.Extensions.Logging;

namespace Belfry.Redis.Listeners;

/// <summary>
/// Active addresses of all servers on one Redis. The truth about a server's connections is the server itself; Redis carries each server's share, leased, and the sums under the
/// keys that other programs know. Every server holds the others' shares in memory, so that looking up asks nobody; without Redis it goes on with what it heard last.
/// </summary>
public sealed class RedisActiveAddresses : IActiveAddresses, IAsyncDisposable
{
    readonly ActiveAddresses own = new();
    readonly ConcurrentDictionary<ChainId, SharedChain> chains = new();
    readonly Func<ChainId, SharedChain> open;
    readonly Func<ChainId, Script, string> spell;
    bool disposed;

    /// <summary>Begins with nothing; connects in the background.</summary>
    /// <param name="redis">The connection; stays the caller's.</param>
    /// <param name="keys">Names of keys.</param>
    /// <param name="options">This server's name and lease.</param>
    /// <param name="spell">The canonical spelling of a script on a chain.</param>
    /// <param name="clock">Times leases.</param>
    /// <param name="entropy">Draws names.</param>
    /// <param name="logger">Where trouble is told.</param>
    public RedisActiveAddresses(
        IRedisConnection redis, RedisKeys keys, RedisActiveAddressesOptions options, Func<ChainId, Script, string> spell, TimeProvider clock, IEntropy entropy, ILogger<RedisActiveAddresses> logger)
    {
        this.spell = spell;
        open = chain => new SharedChain(chain, redis, keys, options, clock, entropy, logger);
    }

    /// <inheritdoc/>
    public async ValueTask<long> AddAsync(ChainId chain, Script script, string address, CancellationToken cancellationToken)
    {
        var shared = Of(chain);
        var count = await own.AddAsync(chain, script, address, cancellationToken);
        shared.Declare(address, +1);
        return count + shared.Others.CountOf(address);
    }

    /// <inheritdoc/>
    public async ValueTask<long> RemoveAsync(ChainId chain, Script script, CancellationToken cancellationToken)
    {
        var shared = Of(chain);
        var address = spell(chain, script);
        if (own.IsActive(chain, script)) shared.Declare(address, -1);
        return await own.RemoveAsync(chain, script, cancellationToken) + shared.Others.CountOf(address);
    }

    /// <inheritdoc/>
    public bool IsActive(ChainId chain, Script script) => own.IsActive(chain, script) || Of(chain).Others.Contains(spell(chain, script));

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyDictionary<string, long>> ReadAllAsync(ChainId chain, CancellationToken cancellationToken)
    {
        var all = new Dictionary<string, long>(await own.ReadAllAsync(chain, cancellationToken));
        foreach (var (address, count) in Of(chain).Others.ReadAll()) all[address] = all.GetValueOrDefault(address) + count;
        return all;
    }

    /// <inheritdoc/>
    public async ValueTask<ActiveAddressStats> ReadStatsAsync(ChainId chain, CancellationToken cancellationToken)
    {
        var all = await ReadAllAsync(chain, cancellationToken);
        return new ActiveAddressStats(all.Count, all.Values.Sum());
    }

    /// <inheritdoc/>
    /// <exception cref="RedisUnavailableException">Redis does not answer.</exception>
    public async ValueTask<int> CleanUpAsync(ChainId chain, CancellationToken cancellationToken) => (int)await Of(chain).BuryAsync(null, cancellationToken);

    /// <summary>Gives the share back, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true)) return;
        foreach (var (_, chain) in chains) await chain.DisposeAsync();
    }

    /// <summary>Ends as a killed process does: says nothing to anybody.</summary>
    internal async ValueTask DieAsync()
    {
        if (Interlocked.Exchange(ref disposed, true)) return;
        foreach (var (_, chain) in chains) await chain.StopAsync();
    }

    SharedChain Of(ChainId chain) => chains.GetOrAdd(chain, open);
}
