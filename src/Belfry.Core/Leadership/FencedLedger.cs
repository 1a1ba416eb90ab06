using Belfry.Core.Chains;
using Belfry.Core.Ledger;

namespace Belfry.Core.Leadership;

/// <summary>A ledger under a lease: reads go on as they are, commits go by way of the adapter that checks the epoch.</summary>
/// <param name="inner">The plain ledger.</param>
/// <param name="lease">The lease.</param>
/// <param name="commit">Commits in the lease's epoch, or throws <see cref="LeaseLostException"/>.</param>
public sealed class FencedLedger(ILedger inner, Lease lease, Func<Lease, LedgerBatch, CancellationToken, ValueTask<CommitResult>> commit) : ILedger
{
    /// <inheritdoc/>
    public ValueTask<ChainPosition?> ReadPositionAsync(ChainId chain, CancellationToken cancellationToken) => inner.ReadPositionAsync(chain, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<LedgerTransaction> ReadOpenAsync(ChainId chain, CancellationToken cancellationToken) => inner.ReadOpenAsync(chain, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<OutPoint> ReadUnspentAsync(ChainId chain, CancellationToken cancellationToken) => inner.ReadUnspentAsync(chain, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<LedgerSlice> FindAsync(ChainId chain, LedgerQuery query, CancellationToken cancellationToken) => inner.FindAsync(chain, query, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<LedgerTransaction>> ReadFromHeightAsync(ChainId chain, long height, CancellationToken cancellationToken) =>
        inner.ReadFromHeightAsync(chain, height, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<BlockHeader?> ReadBlockAsync(ChainId chain, long height, CancellationToken cancellationToken) => inner.ReadBlockAsync(chain, height, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CommitResult> CommitAsync(LedgerBatch batch, CancellationToken cancellationToken)
    {
        LeaseRules.CheckChain(lease, batch);
        return commit(lease, batch, cancellationToken);
    }
}
