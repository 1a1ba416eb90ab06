using Belfry.Core.Chains;
using Belfry.Core.Delivery;
using Belfry.Core.Runtime;
using Belfry.Core.Tracking;
using Belfry.Core.Watches;
using Belfry.Server.Auth;

namespace Belfry.Server.Watches;

/// <summary>An address to watch, read and found valid.</summary>
sealed record WatchRequest(FollowedChain Chain, Script Script, string Address, string Spelling, string? Label, long? FromHeight);

/// <summary>Stores watches and makes the trackers follow them.</summary>
sealed class WatchRegistry(IWatchStore store, IChainDirectory chains, AccountScopes scopes, TimeProvider time, IEntropy entropy) : IDisposable
{
    // One at a time: between "nobody else watches it" and telling the tracker so, nobody may begin to.
    readonly SemaphoreSlim gate = new(1, 1);
    readonly Dictionary<ChainId, List<WatchedScript>> unapplied = [];

    /// <summary>What an account may see; null: everything, because there is no other account.</summary>
    public IEventScope? ScopeOf(Account account) => scopes.Of(account);

    /// <summary>Whether an account may see a script.</summary>
    public bool Sees(Account account, ChainId chain, Script script) => ScopeOf(account)?.Sees(chain, script) ?? true;

    /// <summary>Stores watches, and returns when they are effective.</summary>
    public async ValueTask<IReadOnlyList<StoredWatch>> AddAsync(Account account, IReadOnlyList<WatchRequest> requests, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var watches = requests.Select(request => new Watch(
            NewId(), account.Id, request.Chain.Profile.Id, request.Script, request.Address, request.Spelling, request.Label, request.FromHeight, request.FromHeight is null, now)).ToList();
        await gate.WaitAsync(cancellationToken);
        try
        {
            var stored = await store.AddAsync(watches, cancellationToken);
            foreach (var (watch, created) in stored)
            {
                scopes.Add(account, watch.Chain, watch.Script);
                if (created) Unapplied(watch.Chain).Add(new WatchedScript(watch.Script, watch.Address, watch.FromHeight));
            }

            await ApplyAsync();
            return stored;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Removes a watch of an account; null when it has none of this id.</summary>
    public async ValueTask<Watch?> RemoveAsync(Account account, string id, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (await store.RemoveAsync(account.Id, id, cancellationToken) is not { } removed) return null;
            scopes.Remove(account, removed.Watch.Chain, removed.Watch.Script);
            if (!removed.StillWatched && chains.Find(removed.Watch.Chain) is { } chain)
                await chain.Tracker.UnwatchAsync([removed.Watch.Script], CancellationToken.None);
            return removed.Watch;
        }
        finally
        {
            gate.Release();
        }
    }

    public void Dispose() => gate.Dispose();

    // Stored is stored: whoever asked may be gone, the trackers must hear of it all the same. What a tracker could not take now is told to it with the next ones.
    async ValueTask ApplyAsync()
    {
        foreach (var (id, scripts) in unapplied)
        {
            if (scripts.Count == 0 || chains.Find(id) is not { } chain) continue;
            await chain.Tracker.WatchAsync([.. scripts], CancellationToken.None);
            scripts.Clear();
        }
    }

    List<WatchedScript> Unapplied(ChainId chain)
    {
        if (!unapplied.TryGetValue(chain, out var scripts)) unapplied[chain] = scripts = [];
        return scripts;
    }

    string NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        entropy.Fill(bytes);
        return "w_" + Convert.ToHexStringLower(bytes);
    }
}
