using Belfry.Core.Chains;

namespace Belfry.Core.Watches;

/// <summary>A standing, stored interest of an account in one script of one chain.</summary>
/// <param name="Id">Opaque id, stable for ever.</param>
/// <param name="Account">Who owns it.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Script">What is matched.</param>
/// <param name="Address">Canonical spelling.</param>
/// <param name="Spelling">The spelling that the account used.</param>
/// <param name="Label">The account's own note, or null.</param>
/// <param name="FromHeight">First block of interest; null: from now on.</param>
/// <param name="Active">False while history from <paramref name="FromHeight"/> is still being read.</param>
/// <param name="CreatedAt">When it was stored.</param>
public sealed record Watch(
    string Id, string Account, ChainId Chain, Script Script, string Address, string Spelling, string? Label, long? FromHeight, bool Active, DateTimeOffset CreatedAt);

/// <summary>What came of storing a watch.</summary>
/// <param name="Watch">The stored watch; an existing one when the account already watches the script.</param>
/// <param name="Created">False when the account already watched the script.</param>
public readonly record struct StoredWatch(Watch Watch, bool Created);

/// <summary>Standing interests, durable. Chains hold a compact replica of the scripts in memory.</summary>
public interface IWatchStore
{
    /// <summary>Stores watches in one transaction. Per (account, chain, script) there is one: a second one is answered with the first.</summary>
    ValueTask<IReadOnlyList<StoredWatch>> AddAsync(IReadOnlyList<Watch> watches, CancellationToken cancellationToken);

    /// <summary>Removes a watch of an account; what it told stays in the journal.</summary>
    /// <returns>The removed watch and whether anybody else still watches the script; null when the account has no such watch.</returns>
    ValueTask<RemovedWatch?> RemoveAsync(string account, string id, CancellationToken cancellationToken);

    /// <summary>A page of an account's watches in order of creation.</summary>
    /// <param name="account">The owner.</param>
    /// <param name="chain">Only this chain, or null.</param>
    /// <param name="afterId">Id of the last watch of the page before, or null.</param>
    /// <param name="limit">At most this many.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    ValueTask<IReadOnlyList<Watch>> ListAsync(string account, ChainId? chain, string? afterId, int limit, CancellationToken cancellationToken);

    /// <summary>An account's watch on a script, or null.</summary>
    ValueTask<Watch?> FindAsync(string account, ChainId chain, Script script, CancellationToken cancellationToken);

    /// <summary>Every script somebody watches on a chain, once, in no order; streams, because there can be tens of millions.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="active">True: those that are live. False: those whose history is still to be read.</param>
    /// <param name="cancellationToken">Stops the stream.</param>
    IAsyncEnumerable<WatchedScript> ReadScriptsAsync(ChainId chain, bool active, CancellationToken cancellationToken);

    /// <summary>How many distinct scripts are watched on a chain.</summary>
    ValueTask<long> CountAsync(ChainId chain, CancellationToken cancellationToken);
}

/// <summary>A script with the lowest height that any of its watches asked for.</summary>
public readonly record struct WatchedScript(Script Script, string Address, long? FromHeight);

/// <summary>A removed watch.</summary>
/// <param name="Watch">What was removed.</param>
/// <param name="StillWatched">Whether another account watches the same script.</param>
public sealed record RemovedWatch(Watch Watch, bool StillWatched);
