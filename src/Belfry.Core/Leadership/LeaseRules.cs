using Belfry.Core.Ledger;

namespace Belfry.Core.Leadership;

/// <summary>What every adapter of the chain lease decides alike.</summary>
public static class LeaseRules
{
    const int LongestName = 200;

    /// <summary>Refuses a name or time that no lease can have.</summary>
    /// <exception cref="ArgumentException">An empty or far too long name, or no time at all.</exception>
    public static void Check(string server, TimeSpan duration)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(server);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(server.Length, LongestName, nameof(server));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(duration, TimeSpan.Zero);
    }

    /// <summary>Refuses a batch of a chain that the lease is not for.</summary>
    /// <exception cref="LeaseLostException">The batch is of another chain.</exception>
    public static void CheckChain(Lease lease, LedgerBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (batch.Chain != lease.Chain) throw new LeaseLostException(lease);
    }
}
