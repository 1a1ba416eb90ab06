using Belfry.Core.Chains;
using Belfry.Core.Listeners;
using Belfry.Server.Auth;

namespace Belfry.Server.Watches;

/// <summary>The addresses that one connection listens to: each counted once as active, and released when the connection ends for whatever reason.</summary>
sealed class ListenerSession(WatchRegistry watches, IActiveAddresses active) : IAsyncDisposable
{
    readonly HashSet<(ChainId Chain, Script Script)> held = [];

    /// <summary>How many addresses.</summary>
    public int Count => held.Count;

    /// <summary>Makes addresses followed (a stored watch of the account, which stays) and active. Effective when it returns.</summary>
    public async ValueTask AddAsync(Account account, IReadOnlyList<WatchRequest> addresses, CancellationToken cancellationToken)
    {
        var fresh = addresses.Where(address => !held.Contains(Key(address))).DistinctBy(Key).ToList();
        if (fresh.Count == 0) return;
        await watches.AddAsync(account, fresh, cancellationToken);
        foreach (var address in fresh)
        {
            held.Add(Key(address));
            await active.AddAsync(address.Chain.Profile.Id, address.Script, address.Address, CancellationToken.None);
        }
    }

    /// <summary>Releases addresses.</summary>
    public async ValueTask RemoveAsync(IEnumerable<(ChainId Chain, Script Script)> scripts)
    {
        foreach (var entry in scripts)
        {
            if (held.Remove(entry)) await active.RemoveAsync(entry.Chain, entry.Script, CancellationToken.None);
        }
    }

    /// <summary>Releases all but those in <paramref name="kept"/>.</summary>
    public ValueTask KeepOnlyAsync(IReadOnlySet<(ChainId Chain, Script Script)> kept) => RemoveAsync(held.Where(entry => !kept.Contains(entry)).ToList());

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => RemoveAsync(held.ToList());

    static (ChainId Chain, Script Script) Key(WatchRequest address) => (address.Chain.Profile.Id, address.Script);
}
