using Belfry.Core.Chains;
using Belfry.Core.Listeners;
using Belfry.Server.Auth;

namespace Belfry.Server.Watches;

/// <summary>The addresses that one connection listens to: each counted once as active, and released when the connection ends for whatever reason.</summary>
sealed class ListenerSession(WatchRegistry watches, IActiveAddresses active) : IAsyncDisposable
{
    // The same table that the subscription names: a million addresses are held once. Null while none is named.
    NamedScripts? held;

    // Made active and not named by the subscription yet: whatever goes wrong in between, they are released with the rest.
    List<(ChainId Chain, Script Script)> activated = [];

    /// <summary>How many addresses.</summary>
    public long Count => held?.Count ?? 0;

    /// <summary>
    /// Makes addresses followed (a stored watch of the account, which stays) and active, before a subscription names exactly them. Effective when it returns;
    /// <see cref="ReplaceAsync"/> follows when the subscription is made.
    /// </summary>
    public async ValueTask<NamedScripts> PrepareAsync(Account account, IReadOnlyList<WatchRequest> addresses, CancellationToken cancellationToken)
    {
        await ActivateAsync(account, addresses, cancellationToken);
        var named = new NamedScripts();
        foreach (var address in addresses) named.Add(address.Chain.Profile.Id, address.Script);
        return named;
    }

    /// <summary>The subscription names these now: releases what it named before and does no more.</summary>
    public async ValueTask ReplaceAsync(NamedScripts? named)
    {
        var before = held;
        held = named;
        foreach (var (chain, script) in before?.ReadAll() ?? [])
        {
            if (!Holds(chain, script)) await active.RemoveAsync(chain, script, CancellationToken.None);
        }

        foreach (var (chain, script) in activated)
        {
            if (!Holds(chain, script) && before?.Contains(chain, script) != true) await active.RemoveAsync(chain, script, CancellationToken.None);
        }

        // Not cleared: a list that has held a million keeps their places.
        activated = [];
    }

    /// <summary>Makes addresses followed and active, before they are added to the subscription.</summary>
    public async ValueTask ActivateAsync(Account account, IReadOnlyList<WatchRequest> addresses, CancellationToken cancellationToken)
    {
        var fresh = addresses.Where(address => !Holds(address.Chain.Profile.Id, address.Script)).DistinctBy(address => (address.Chain.Profile.Id, address.Script)).ToList();
        if (fresh.Count == 0) return;
        activated.RemoveAll(entry => Holds(entry.Chain, entry.Script));
        await watches.AddAsync(account, fresh, cancellationToken);
        foreach (var address in fresh)
        {
            await active.AddAsync(address.Chain.Profile.Id, address.Script, address.Address, CancellationToken.None);
            activated.Add((address.Chain.Profile.Id, address.Script));
        }
    }

    /// <summary>Of these, the ones that are held; to be released when the subscription has let go of them.</summary>
    public IReadOnlyList<(ChainId Chain, Script Script)> Held(IEnumerable<(ChainId Chain, Script Script)> scripts) => [.. scripts.Where(entry => Holds(entry.Chain, entry.Script)).Distinct()];

    /// <summary>Releases what the subscription named and names no more.</summary>
    public async ValueTask ReleaseAsync(IReadOnlyList<(ChainId Chain, Script Script)> scripts)
    {
        foreach (var (chain, script) in scripts) await active.RemoveAsync(chain, script, CancellationToken.None);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ReplaceAsync(null);

    bool Holds(ChainId chain, Script script) => held?.Contains(chain, script) ?? false;
}
