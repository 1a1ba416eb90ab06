using System.Collections.Concurrent;
using System.Security.Cryptography;
using Belfry.Core.Chains;
using Belfry.Core.Delivery;
using Belfry.Core.Runtime;
using Belfry.Core.Tracking;
using Belfry.Core.Watches;
using Belfry.Server.Auth;

namespace Belfry.Server.Watches;

/// <summary>What each account may see, in memory, where there are several accounts; also what it watches through other servers.</summary>
/// <param name="store">Standing interests.</param>
/// <param name="chains">The followed chains.</param>
/// <param name="accounts">Who there is.</param>
/// <param name="changes">What other servers change; null where there are none.</param>
sealed class AccountScopes(IWatchStore store, IChainDirectory chains, Accounts accounts, IWatchFeed? changes) : IDisposable
{
    const int PageSize = 10_000;

    readonly SemaphoreSlim turn = new(1, 1);
    readonly ConcurrentDictionary<string, AccountScope> scopes = new();
    readonly Dictionary<ChainId, long> versions = [];

    /// <summary>Reads what each account watches.</summary>
    public async ValueTask LoadAsync(CancellationToken cancellationToken)
    {
        if (!accounts.AreSeparate) return;
        if (changes is not null)
        {
            foreach (var chain in chains.All) versions[chain.Profile.Id] = await changes.ReadVersionAsync(chain.Profile.Id, cancellationToken);
        }

        foreach (var account in accounts.All)
        {
            var scope = ScopeOf(account);
            string? after = null;
            while (await store.ListAsync(account.Id, null, after, PageSize, cancellationToken) is { Count: > 0 } page)
            {
                foreach (var watch in page) scope.Add(watch.Chain, watch.Script);
                after = page[^1].Id;
            }
        }
    }

    /// <summary>
    /// Takes in what changed through other servers. Called between reading events and telling them: whatever was watched before an event was committed is known then, so
    /// that no event is kept from an account whose watch came through another server.
    /// </summary>
    /// <exception cref="StoreException">The store does not answer: nothing may be told now.</exception>
    public async ValueTask CatchUpAsync(CancellationToken cancellationToken)
    {
        if (!accounts.AreSeparate || changes is null) return;
        await turn.WaitAsync(cancellationToken);
        try
        {
            foreach (var chain in chains.All) await CatchUpAsync(chain.Profile.Id, changes, cancellationToken);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>What an account may see; null: everything, because there is no other account.</summary>
    public IEventScope? Of(Account account) => accounts.AreSeparate ? ScopeOf(account) : null;

    /// <summary>An account sees a script from now on.</summary>
    public void Add(Account account, ChainId chain, Script script)
    {
        if (accounts.AreSeparate) ScopeOf(account).Add(chain, script);
    }

    /// <summary>It sees it no more.</summary>
    public void Remove(Account account, ChainId chain, Script script)
    {
        if (accounts.AreSeparate) ScopeOf(account).Remove(chain, script);
    }

    public void Dispose() => turn.Dispose();

    async ValueTask CatchUpAsync(ChainId chain, IWatchFeed feed, CancellationToken cancellationToken)
    {
        while (await feed.ReadChangesAsync(chain, versions.GetValueOrDefault(chain), PageSize, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var change in page)
            {
                foreach (var account in accounts.All)
                {
                    var watches = change.IsWatched && await store.FindAsync(account.Id, chain, change.Script, cancellationToken) is not null;
                    if (watches) ScopeOf(account).Add(chain, change.Script);
                    else ScopeOf(account).Remove(chain, change.Script);
                }
            }

            versions[chain] = page[^1].Version;
        }
    }

    AccountScope ScopeOf(Account account) => scopes.GetOrAdd(account.Id, static id => new AccountScope(id));

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
