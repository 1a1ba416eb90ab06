using System.Collections.Concurrent;
using System.Security.Cryptography;
using Belfry.Core.Chains;
using Belfry.Core.Delivery;
using Belfry.Core.Runtime;
using Belfry.Core.Tracking;
using Belfry.Core.Watches;
using Belfry.Server.Auth;

namespace Belfry.Server.Watches;

/// <summary>An address to watch, read and found valid.</summary>
sealed record WatchRequest(FollowedChain Chain, Script Script, string Address, string Spelling, string? Label, long? FromHeight);

/// <summary>Stores watches and makes the trackers follow them; keeps in memory what each account may see when there are several.</summary>
sealed class WatchRegistry(IWatchStore store, IChainDirectory chains, Accounts accounts, TimeProvider time, IEntropy entropy) : IDisposable
{
    const int PageSize = 10_000;

    // One at a time: between "nobody else watches it" and telling the tracker so, nobody may begin to.
    readonly SemaphoreSlim gate = new(1, 1);
    readonly ConcurrentDictionary<string, AccountScope> scopes = new();
    readonly Dictionary<ChainId, List<WatchedScript>> unapplied = [];

    /// <summary>Reads what each account watches, when accounts must be kept apart.</summary>
    public async ValueTask LoadAsync(CancellationToken cancellationToken)
    {
        if (!accounts.AreSeparate) return;
        foreach (var account in accounts.All)
        {
            var scope = scopes.GetOrAdd(account.Id, id => new AccountScope(id));
            string? after = null;
            while (await store.ListAsync(account.Id, null, after, PageSize, cancellationToken) is { Count: > 0 } page)
            {
                foreach (var watch in page) scope.Add(watch.Chain, watch.Script);
                after = page[^1].Id;
            }
        }
    }

    /// <summary>What an account may see; null: everything, because there is no other account.</summary>
    public IEventScope? ScopeOf(Account account) => accounts.AreSeparate ? scopes.GetOrAdd(account.Id, id => new AccountScope(id)) : null;

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
            var scope = ScopeOf(account) as AccountScope;
            foreach (var (watch, created) in stored)
            {
                scope?.Add(watch.Chain, watch.Script);
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
            (ScopeOf(account) as AccountScope)?.Remove(removed.Watch.Chain, removed.Watch.Script);
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

    /// <summary>Keyed 128-bit fingerprints instead of scripts: a million of them are 30 MB, and nobody can prepare two that collide.</summary>
    sealed class AccountScope(string account) : IEventScope
    {
        readonly ConcurrentDictionary<UInt128, byte> seen = new();
        readonly byte[] key = RandomKey();

        public string Account => account;

        public bool Sees(ChainId chain, Script script) => seen.ContainsKey(Fingerprint(chain, script));

        public void Add(ChainId chain, Script script) => seen[Fingerprint(chain, script)] = 0;

        public void Remove(ChainId chain, Script script) => seen.TryRemove(Fingerprint(chain, script), out _);

        UInt128 Fingerprint(ChainId chain, Script script)
        {
            var input = new byte[chain.Value.Length + 1 + script.Length];
            System.Text.Encoding.ASCII.GetBytes(chain.Value, input);
            script.Span.CopyTo(input.AsSpan(chain.Value.Length + 1));
            Span<byte> hash = stackalloc byte[32];
            HMACSHA256.HashData(key, input, hash);
            return System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(hash);
        }

        static byte[] RandomKey()
        {
            var random = new byte[32];
            SystemEntropy.Instance.Fill(random);
            return random;
        }
    }
}
