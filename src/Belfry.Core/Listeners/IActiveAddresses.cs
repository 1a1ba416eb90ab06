using Belfry.Core.Chains;

namespace Belfry.Core.Listeners;

/// <summary>
/// Which addresses somebody listens to right now, counted per connection (<c>{chain}:address_consumer_connections_ctr</c> and
/// <c>{chain}:active_listening_addresses</c>). Looking up is in-process and takes no lock; all spellings of an address are one script.
/// </summary>
public interface IActiveAddresses
{
    /// <summary>One more connection listens to the script.</summary>
    /// <returns>How many listen now.</returns>
    ValueTask<long> AddAsync(ChainId chain, Script script, string address, CancellationToken cancellationToken);

    /// <summary>One connection fewer listens; never below zero.</summary>
    /// <returns>How many still listen.</returns>
    ValueTask<long> RemoveAsync(ChainId chain, Script script, CancellationToken cancellationToken);

    /// <summary>Whether anybody listens.</summary>
    bool IsActive(ChainId chain, Script script);

    /// <summary>All active addresses of a chain with their connection counts.</summary>
    ValueTask<IReadOnlyDictionary<string, long>> ReadAllAsync(ChainId chain, CancellationToken cancellationToken);

    /// <summary><c>total_active_addresses</c> and <c>total_connections</c> of a chain.</summary>
    ValueTask<ActiveAddressStats> ReadStatsAsync(ChainId chain, CancellationToken cancellationToken);

    /// <summary>Removes entries whose connections are gone.</summary>
    /// <returns>How many addresses were removed.</returns>
    ValueTask<int> CleanUpAsync(ChainId chain, CancellationToken cancellationToken);
}

/// <summary>Totals of one chain's active addresses.</summary>
public readonly record struct ActiveAddressStats(long TotalActiveAddresses, long TotalConnections);
