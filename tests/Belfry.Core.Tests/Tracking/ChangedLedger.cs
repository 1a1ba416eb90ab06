using Belfry.Core.Chains;
using Belfry.Core.Ledger;

namespace Belfry.Core.Tests.Tracking;

/// <summary>A ledger whose commits go through a function: to put a bug in, or to look on.</summary>
sealed class ChangedLedger(ILedger ledger, Func<LedgerBatch, Func<LedgerBatch, ValueTask<CommitResult>>, ValueTask<CommitResult>> commit) : ILedger
{
    public ValueTask<ChainPosition?> ReadPositionAsync(ChainId chain, CancellationToken cancellationToken) => ledger.ReadPositionAsync(chain, cancellationToken);

    public IAsyncEnumerable<LedgerTransaction> ReadOpenAsync(ChainId chain, CancellationToken cancellationToken) => ledger.ReadOpenAsync(chain, cancellationToken);

    public IAsyncEnumerable<OutPoint> ReadUnspentAsync(ChainId chain, CancellationToken cancellationToken) => ledger.ReadUnspentAsync(chain, cancellationToken);

    public ValueTask<LedgerSlice> FindAsync(ChainId chain, LedgerQuery query, CancellationToken cancellationToken) => ledger.FindAsync(chain, query, cancellationToken);

    public ValueTask<IReadOnlyList<LedgerTransaction>> ReadFromHeightAsync(ChainId chain, long height, CancellationToken cancellationToken) =>
        ledger.ReadFromHeightAsync(chain, height, cancellationToken);

    public ValueTask<BlockHeader?> ReadBlockAsync(ChainId chain, long height, CancellationToken cancellationToken) => ledger.ReadBlockAsync(chain, height, cancellationToken);

    public ValueTask<CommitResult> CommitAsync(LedgerBatch batch, CancellationToken cancellationToken) => commit(batch, changed => ledger.CommitAsync(changed, cancellationToken));
}
