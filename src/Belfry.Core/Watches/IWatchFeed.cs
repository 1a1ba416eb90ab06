using Belfry.Core.Chains;

namespace Belfry.Core.Watches;

/// <summary>
/// What changes among the watches of a store that several servers write to: the leader of a chain hears here of watches that were registered through another
/// server. Each script carries the version of its last change; versions grow in the order of commits, so that reading on after one never misses a change.
/// </summary>
/// <remarks>
/// How to follow: read the version, then all scripts (<see cref="IWatchStore.ReadScriptsAsync"/>); from then on read what changed after that version, and wait when
/// there is nothing. A change says how the script stands now, not what was done to it: several changes of one script are told once, as the last.
/// </remarks>
public interface IWatchFeed
{
    /// <summary>The version of the last change on a chain; 0 before the first.</summary>
    ValueTask<long> ReadVersionAsync(ChainId chain, CancellationToken cancellationToken);

    /// <summary>Scripts whose watches have changed after a version, in order of their last change.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="after">The <see cref="WatchChange.Version"/> of the last change read.</param>
    /// <param name="limit">At most this many; fewer mean that there are no more now.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    ValueTask<IReadOnlyList<WatchChange>> ReadChangesAsync(ChainId chain, long after, int limit, CancellationToken cancellationToken);

    /// <summary>Returns when some watch, of whatever chain, has probably changed since <paramref name="known"/> was read, and after <paramref name="atMost"/> in any case.</summary>
    /// <param name="known">What <see cref="Stirrings"/> was before the changes were last read.</param>
    /// <param name="atMost">The store's word may get lost: ask again after this long without it.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    ValueTask WaitAsync(long known, TimeSpan atMost, CancellationToken cancellationToken);

    /// <summary>Counts the store's words so far; only good for <see cref="WaitAsync"/>.</summary>
    long Stirrings { get; }
}

/// <summary>How a script stands after its watches have changed.</summary>
/// <param name="Version">The version of the change.</param>
/// <param name="Script">The script.</param>
/// <param name="Address">Its canonical address.</param>
/// <param name="IsWatched">Whether anybody watches it now.</param>
/// <param name="IsLive">Whether any watch on it is live.</param>
/// <param name="IsPending">Whether any watch on it still waits for history.</param>
/// <param name="PendingFrom">The lowest height that such watches asked for, or null.</param>
public readonly record struct WatchChange(long Version, Script Script, string Address, bool IsWatched, bool IsLive, bool IsPending, long? PendingFrom);
