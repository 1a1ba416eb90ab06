using System.Collections.Concurrent;
using Belfry.Core.Chains;

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
        readonly ConcurrentDictionary<Script, Entry> entries = new();
        long connections;

        public long Add(Script script, string address)
        {
            lock (gate)
            {
                connections++;
                var entry = entries.TryGetValue(script, out var known) ? known with { Count = known.Count + 1 } : new Entry(address, 1);
                entries[script] = entry;
                return entry.Count;
            }
        }

        public long Remove(Script script)
        {
            lock (gate)
            {
                if (!entries.TryGetValue(script, out var known)) return 0;
                connections--;
                if (known.Count > 1) entries[script] = known with { Count = known.Count - 1 };
                else entries.TryRemove(script, out _);
                return known.Count - 1;
            }
        }

        public bool Contains(Script script) => entries.ContainsKey(script);

        public IReadOnlyDictionary<string, long> ReadAll()
        {
            lock (gate) return entries.Values.ToDictionary(entry => entry.Address, entry => entry.Count);
        }

        public ActiveAddressStats ReadStats()
        {
            lock (gate) return new ActiveAddressStats(entries.Count, connections);
        }
    }

    readonly record struct Entry(string Address, long Count);
}
