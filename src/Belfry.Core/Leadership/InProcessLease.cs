using System.Collections.Concurrent;
using Belfry.Core.Chains;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;

namespace Belfry.Core.Leadership;

/// <summary>
/// Leases of a store that belongs to one process: nobody else can ask, so that the one server always leads. Within the process the rules are those of every store;
/// epochs begin at 1 with each start, because nothing of a former process can still be writing.
/// </summary>
public sealed class InProcessLease(ILedger ledger, TimeProvider clock) : IChainLease, IWatchAcknowledgements
{
    readonly ConcurrentDictionary<ChainId, Hand> hands = new();
    readonly Bell bell = new(clock);

    /// <inheritdoc/>
    public long Acknowledgements => bell.Rung;

    /// <inheritdoc/>
    public ValueTask<Lease?> AcquireAsync(ChainId chain, string server, TimeSpan duration, CancellationToken cancellationToken)
    {
        LeaseRules.Check(server, duration);
        return ChangeAsync(chain, hand =>
        {
            if (Left(hand) is { } left && left > TimeSpan.Zero && hand.Server != server) return null;
            (hand.Epoch, hand.Server) = (hand.Epoch + 1, server);
            Lend(hand, duration);
            return new Lease(chain, server, hand.Epoch);
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<bool> RenewAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        LeaseRules.Check(lease.Server, duration);
        return ChangeAsync(lease.Chain, hand =>
        {
            if (!Holds(hand, lease)) return false;
            Lend(hand, duration);
            return true;
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask ReleaseAsync(Lease lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        await ChangeAsync(lease.Chain, hand => Holds(hand, lease) ? hand.Server = null : null, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ChainLeader?> ReadLeaderAsync(ChainId chain, CancellationToken cancellationToken) => ChangeAsync(chain, hand =>
        Left(hand) is { } left && left > TimeSpan.Zero ? new ChainLeader(hand.Server!, hand.Epoch, left) : null, cancellationToken);

    /// <inheritdoc/>
    public ILedger Open(Lease lease)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return new FencedLedger(ledger, lease, CommitAsync);
    }

    /// <inheritdoc/>
    public async ValueTask AcknowledgeAsync(Lease lease, long version, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        if (!await ChangeAsync(lease.Chain, hand =>
        {
            if (!Holds(hand, lease)) return false;
            hand.Acknowledged = Math.Max(hand.Acknowledged, version);
            return true;
        }, cancellationToken)) throw new LeaseLostException(lease);
        bell.Ring();
    }

    /// <inheritdoc/>
    public ValueTask<long> ReadAcknowledgedAsync(ChainId chain, CancellationToken cancellationToken) => ChangeAsync(chain, static hand => hand.Acknowledged, cancellationToken);

    /// <inheritdoc/>
    public ValueTask WaitAcknowledgedAsync(long known, TimeSpan atMost, CancellationToken cancellationToken) => bell.WaitAsync(known, atMost, cancellationToken);

    static bool Holds(Hand hand, Lease lease) => hand.Server is not null && hand.Epoch == lease.Epoch;

    TimeSpan? Left(Hand hand) => hand.Server is null ? null : hand.Duration - clock.GetElapsedTime(hand.Since);

    void Lend(Hand hand, TimeSpan duration) => (hand.Since, hand.Duration) = (clock.GetTimestamp(), duration);

    // The hand is held until the batch is durable: between the look at the epoch and the write nobody takes over.
    async ValueTask<CommitResult> CommitAsync(Lease lease, LedgerBatch batch, CancellationToken cancellationToken)
    {
        var hand = await TakeAsync(lease.Chain, cancellationToken);
        try
        {
            return Holds(hand, lease) ? await ledger.CommitAsync(batch, cancellationToken) : throw new LeaseLostException(lease);
        }
        finally
        {
            hand.Gate.Release();
        }
    }

    // A wait that can be cancelled would end on the thread pool, out of a simulation's sight; this one lasts a commit at most.
    async ValueTask<Hand> TakeAsync(ChainId chain, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var hand = hands.GetOrAdd(chain, static _ => new Hand());
        await hand.Gate.WaitAsync(CancellationToken.None);
        return hand;
    }

    async ValueTask<T> ChangeAsync<T>(ChainId chain, Func<Hand, T> change, CancellationToken cancellationToken)
    {
        var hand = await TakeAsync(chain, cancellationToken);
        try
        {
            return change(hand);
        }
        finally
        {
            hand.Gate.Release();
        }
    }

    sealed class Hand
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public long Epoch { get; set; }

        /// <summary>Null: nobody leads.</summary>
        public string? Server { get; set; }

        public long Since { get; set; }

        public long Acknowledged { get; set; }

        public TimeSpan Duration { get; set; }
    }
}
