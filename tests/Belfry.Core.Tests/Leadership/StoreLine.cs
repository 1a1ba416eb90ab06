using System.Runtime.CompilerServices;
using Belfry.Core.Chains;
using Belfry.Core.Leadership;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;
using Belfry.Nodes.Simnet;
using Belfry.TestKit.Simulation;

namespace Belfry.Core.Tests.Leadership;

/// <summary>
/// One server's line to the store that it shares with others. Questions and answers take their time on it; it can be cut (the store does not answer), and the server at its
/// end can stand still (SIGSTOP) at any of its questions, before the store has heard it or after: what it does when it goes on is what the store must be safe from.
/// </summary>
sealed class StoreLine(SimulatedTime time, SeededEntropy entropy)
{
    TaskCompletionSource? still;
    bool isDead;

    public TimeSpan Latency { get; set; } = TimeSpan.FromMilliseconds(5);

    /// <summary>The store is not reached.</summary>
    public bool IsCut { get; set; }

    /// <summary>The server stands still.</summary>
    public void Freeze() => still ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>It goes on where it was.</summary>
    public void Thaw()
    {
        if (!isDead) Interlocked.Exchange(ref still, null)?.SetResult();
    }

    /// <summary>It is killed: none of its questions is ever heard or answered again.</summary>
    public void Kill()
    {
        isDead = true;
        Freeze();
    }

    public async ValueTask<T> AskAsync<T>(Func<ValueTask<T>> question)
    {
        await TravelAsync();
        if (IsCut) throw new StoreException("shared", "not reached");
        var answer = await question();
        await TravelAsync();
        return answer;
    }

    public async IAsyncEnumerable<T> StreamAsync<T>(IAsyncEnumerable<T> items, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await AskAsync(static () => ValueTask.FromResult(true));
        await foreach (var item in items.WithCancellation(cancellationToken)) yield return item;
    }

    async ValueTask TravelAsync()
    {
        while (still is { } waiting) await waiting.Task;
        await Task.Delay(Latency * entropy.NextDouble(), time, CancellationToken.None);
        while (still is { } waiting) await waiting.Task;
    }
}

/// <summary>The ledger at the other end of a line.</summary>
sealed class DistantLedger(ILedger ledger, StoreLine line) : ILedger
{
    public ValueTask<ChainPosition?> ReadPositionAsync(ChainId chain, CancellationToken cancellationToken) => line.AskAsync(() => ledger.ReadPositionAsync(chain, cancellationToken));

    public IAsyncEnumerable<LedgerTransaction> ReadOpenAsync(ChainId chain, CancellationToken cancellationToken) => line.StreamAsync(ledger.ReadOpenAsync(chain, cancellationToken), cancellationToken);

    public IAsyncEnumerable<OutPoint> ReadUnspentAsync(ChainId chain, CancellationToken cancellationToken) => line.StreamAsync(ledger.ReadUnspentAsync(chain, cancellationToken), cancellationToken);

    public ValueTask<LedgerSlice> FindAsync(ChainId chain, LedgerQuery query, CancellationToken cancellationToken) => line.AskAsync(() => ledger.FindAsync(chain, query, cancellationToken));

    public ValueTask<IReadOnlyList<LedgerTransaction>> ReadFromHeightAsync(ChainId chain, long height, CancellationToken cancellationToken) =>
        line.AskAsync(() => ledger.ReadFromHeightAsync(chain, height, cancellationToken));

    public ValueTask<BlockHeader?> ReadBlockAsync(ChainId chain, long height, CancellationToken cancellationToken) => line.AskAsync(() => ledger.ReadBlockAsync(chain, height, cancellationToken));

    public ValueTask<CommitResult> CommitAsync(LedgerBatch batch, CancellationToken cancellationToken) => line.AskAsync(() => ledger.CommitAsync(batch, cancellationToken));
}

/// <summary>Watches at the other end of a line.</summary>
sealed class DistantWatches(IWatchStore watches, StoreLine line) : IWatchStore
{
    public ValueTask<IReadOnlyList<StoredWatch>> AddAsync(IReadOnlyList<Watch> added, CancellationToken cancellationToken) => line.AskAsync(() => watches.AddAsync(added, cancellationToken));

    public ValueTask<RemovedWatch?> RemoveAsync(string account, string id, CancellationToken cancellationToken) => line.AskAsync(() => watches.RemoveAsync(account, id, cancellationToken));

    public ValueTask<IReadOnlyList<Watch>> ListAsync(string account, ChainId? chain, string? afterId, int limit, CancellationToken cancellationToken) =>
        line.AskAsync(() => watches.ListAsync(account, chain, afterId, limit, cancellationToken));

    public ValueTask<Watch?> FindAsync(string account, ChainId chain, Script script, CancellationToken cancellationToken) =>
        line.AskAsync(() => watches.FindAsync(account, chain, script, cancellationToken));

    public IAsyncEnumerable<WatchedScript> ReadScriptsAsync(ChainId chain, bool active, CancellationToken cancellationToken) =>
        line.StreamAsync(watches.ReadScriptsAsync(chain, active, cancellationToken), cancellationToken);

    public ValueTask<long> CountAsync(ChainId chain, CancellationToken cancellationToken) => line.AskAsync(() => watches.CountAsync(chain, cancellationToken));
}

/// <summary>A bug put in on purpose, to see that it is found.</summary>
enum LeadershipBug
{
    None,

    /// <summary>The store takes commits of former leaders.</summary>
    UnfencedCommits,

    /// <summary>Whatever was stored counts as taken in at once.</summary>
    EverythingAcknowledged,

    /// <summary>A leader never hears of watches that came through other servers.</summary>
    DeafLeader,
}

/// <summary>Leases, changes and acknowledgements at the other end of a line.</summary>
sealed class DistantSharing(InProcessLease leases, ILedger plain, MemoryWatchFeed changes, StoreLine line, LeadershipBug bug) : IChainLease, IWatchFeed, IWatchAcknowledgements
{
    public long Stirrings => changes.Stirrings;

    public long Acknowledgements => leases.Acknowledgements;

    public ValueTask<Lease?> AcquireAsync(ChainId chain, string server, TimeSpan duration, CancellationToken cancellationToken) =>
        line.AskAsync(() => leases.AcquireAsync(chain, server, duration, cancellationToken));

    public ValueTask<bool> RenewAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken) => line.AskAsync(() => leases.RenewAsync(lease, duration, cancellationToken));

    public async ValueTask ReleaseAsync(Lease lease, CancellationToken cancellationToken) => await line.AskAsync(async () =>
    {
        await leases.ReleaseAsync(lease, cancellationToken);
        return true;
    });

    public ValueTask<ChainLeader?> ReadLeaderAsync(ChainId chain, CancellationToken cancellationToken) => line.AskAsync(() => leases.ReadLeaderAsync(chain, cancellationToken));

    public ILedger Open(Lease lease) => new DistantLedger(bug == LeadershipBug.UnfencedCommits ? plain : leases.Open(lease), line);

    public ValueTask<long> ReadVersionAsync(ChainId chain, CancellationToken cancellationToken) => line.AskAsync(() => changes.ReadVersionAsync(chain, cancellationToken));

    public ValueTask<IReadOnlyList<WatchChange>> ReadChangesAsync(ChainId chain, long after, int limit, CancellationToken cancellationToken) =>
        line.AskAsync(() => bug == LeadershipBug.DeafLeader ? ValueTask.FromResult<IReadOnlyList<WatchChange>>([]) : changes.ReadChangesAsync(chain, after, limit, cancellationToken));

    public ValueTask WaitAsync(long known, TimeSpan atMost, CancellationToken cancellationToken) => changes.WaitAsync(known, atMost, cancellationToken);

    public async ValueTask AcknowledgeAsync(Lease lease, long version, CancellationToken cancellationToken) => await line.AskAsync(async () =>
    {
        await leases.AcknowledgeAsync(lease, version, cancellationToken);
        return true;
    });

    public ValueTask<long> ReadAcknowledgedAsync(ChainId chain, CancellationToken cancellationToken) =>
        line.AskAsync(() => bug is LeadershipBug.EverythingAcknowledged or LeadershipBug.DeafLeader ? ValueTask.FromResult(long.MaxValue) : leases.ReadAcknowledgedAsync(chain, cancellationToken));

    public ValueTask WaitAcknowledgedAsync(long known, TimeSpan atMost, CancellationToken cancellationToken) => leases.WaitAcknowledgedAsync(known, atMost, cancellationToken);
}
