using Belfry.Core.Chains;

namespace Belfry.Core.Leadership;

/// <summary>
/// How servers that store watches learn that the leader matches them: the leader acknowledges the version (<see cref="Watches.IWatchFeed"/>) up to which it has taken
/// everything in. Who subscribes through any server is answered only then.
/// </summary>
public interface IWatchAcknowledgements
{
    /// <summary>The leader matches every change up to a version from now on. Checked against the lease in the same step: a former leader acknowledges nothing.</summary>
    /// <exception cref="LeaseLostException">The lease is lost; nothing was acknowledged.</exception>
    /// <exception cref="Runtime.StoreException">The store does not answer.</exception>
    ValueTask AcknowledgeAsync(Lease lease, long version, CancellationToken cancellationToken);

    /// <summary>The highest version that a leader of the chain has acknowledged; whoever leads after it knows at least as much. 0 before the first.</summary>
    /// <exception cref="Runtime.StoreException">The store does not answer.</exception>
    ValueTask<long> ReadAcknowledgedAsync(ChainId chain, CancellationToken cancellationToken);

    /// <summary>Returns when something has probably been acknowledged since <paramref name="known"/>, and after <paramref name="atMost"/> in any case.</summary>
    /// <param name="known">What <see cref="Acknowledgements"/> was before the version was last read.</param>
    /// <param name="atMost">The store's word may get lost: ask again after this long without it.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    ValueTask WaitAcknowledgedAsync(long known, TimeSpan atMost, CancellationToken cancellationToken);

    /// <summary>Counts the store's words so far; only good for <see cref="WaitAcknowledgedAsync"/>.</summary>
    long Acknowledgements { get; }
}
