using Belfry.Core.Chains;
using Belfry.Core.Ledger;

namespace Belfry.Core.Leadership;

/// <summary>The ledger of one term: whoever runs the term hears at once when a commit is refused because the lease is lost.</summary>
sealed class TermLedger(ILedger fenced, Action<LeaseLostException> lost) : ILedger
{
    public ValueTask<ChainPosition?> ReadPositionAsync(ChainId chain, CancellationToken cancellationToken) => fenced.ReadPositionAsync(chain, cancellationToken);

    public IAsyncEnumerable<LedgerTransaction> ReadOpenAsync(ChainId chain, CancellationToken cancellationToken) => fenced.ReadOpenAsync(chain, cancellationToken);

    public IAsyncEnumerable<OutPoint> ReadUnspentAsync(ChainId chain, CancellationToken cancellationToken) => fenced.ReadUnspentAsync(chain, cancellationToken);

    public ValueTask<LedgerSlice> FindAsync(ChainId chain, LedgerQuery query, CancellationToken cancellationToken) => fenced.FindAsync(chain, query, cancellationToken);

    public ValueTask<IReadOnlyList<LedgerTransaction>> ReadFromHeightAsync(ChainId chain, long height, CancellationToken cancellationToken) =>
        fenced.ReadFromHeightAsync(chain, height, cancellationToken);

    public ValueTask<BlockHeader?> ReadBlockAsync(ChainId chain, long height, CancellationToken cancellationToken) => fenced.ReadBlockAsync(chain, height, cancellationToken);

    public async ValueTask<CommitResult> CommitAsync(LedgerBatch batch, CancellationToken cancellationToken)
    {
        try
        {
            return await fenced.CommitAsync(batch, cancellationToken);
        }
        catch (LeaseLostException problem)
        {
            lost(problem);
            throw;
        }
    }
}
