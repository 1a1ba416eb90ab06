using System.Collections.Concurrent;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;

namespace Belfry.Core.Listeners;

/// <summary>Active addresses of one process. Looking up takes no lock; a count and the set change in one step.</summary>
public sealed class ActiveAddresses : IActiveAddresses
{
    readonly ConcurrentDictionary<ChainId, Listening> chains = new();

    /// <inheritdoc/>
    public ValueTask<long> AddAsync(ChainId chain, Script script, string address, CancellationToken cancellationToken) =>
        ValueTask.FromResult(chains.GetOrAdd(chain, _ => new Listening()).Add(script, address));

    /// <inheritdoc/>
    public ValueTask<long> RemoveAsync(ChainId chain, Script script, CancellationToken cancellationToken) =>
        ValueTask.FromResult(chains.TryGetValue(chain, out var listening) ? listening.Remove(script) : 0);

    /// <inheritdoc/>
    public bool IsActive(ChainId chain, Script script) => chains.TryGetValue(chain, out var listening) && listening.Contains(script);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyDictionary<string, long>> ReadAllAsync(ChainId chain, CancellationToken cancellationToken) =>
        ValueTask.FromResult(chains.TryGetValue(chain, out var listening) ? listening.ReadAll() : new Dictionary<string, long>());

    /// <inheritdoc/>
    public ValueTask<ActiveAddressStats> ReadStatsAsync(ChainId chain, CancellationToken cancellationToken) =>
        ValueTask.FromResult(chains.TryGetValue(chain, out var listening) ? listening.ReadStats() : default);

    /// <inheritdoc/>
    /// <remarks>In one process a connection releases its addresses whenever it ends, so that nothing is ever left to remove.</remarks>
    public ValueTask<int> CleanUpAsync(ChainId chain, CancellationToken cancellationToken) => ValueTask.FromResult(0);

    sealed class Listening
    {
        readonly Lock gate = new();
        readonly ScriptTable table = new(new FingerprintKey(SystemEntropy.Instance), isCounted: true);

        public long Add(Script script, string address)
        {
            lock (gate) return table.Add(script, address);
        }

        public long Remove(Script script)
        {
            lock (gate) return Math.Max(0, table.Remove(script));
        }

        public bool Contains(Script script) => table.Contains(script);

        public IReadOnlyDictionary<string, long> ReadAll()
        {
            lock (gate) return table.ReadAll().ToDictionary(entry => entry.Address, entry => (long)entry.Count);
        }

        public ActiveAddressStats ReadStats()
        {
            lock (gate) return new ActiveAddressStats(table.Count, table.Total);
        }
    }
}
