using System.Runtime.CompilerServices;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.TestKit.Simulation;

namespace Belfry.Core.Tests.Tracking;

/// <summary>A node at the other end of a network: questions and answers take their time, so that the chain can change between any two of them. Outlives its users.</summary>
sealed class DistantNode(IChainSource node, SimulatedTime time, IEntropy entropy) : IChainSource
{
    /// <summary>How long a question, and an answer, is on its way at most.</summary>
    public TimeSpan Latency { get; set; }

    public SourceStatus Status => node.Status;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public async IAsyncEnumerable<FeedSignal> ListenAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var signal in node.ListenAsync(cancellationToken))
        {
            await TravelAsync();
            yield return signal;
        }
    }

    public ValueTask<ChainTip> ReadTipAsync(CancellationToken cancellationToken) => AskAsync(() => node.ReadTipAsync(cancellationToken));

    public ValueTask<BlockHeader?> ReadHeaderAsync(BlockHash hash, CancellationToken cancellationToken) => AskAsync(() => node.ReadHeaderAsync(hash, cancellationToken));

    public ValueTask<bool> IsInvalidAsync(BlockHash hash, CancellationToken cancellationToken) => AskAsync(() => node.IsInvalidAsync(hash, cancellationToken));

    public ValueTask<BlockHash?> ReadHashAsync(long height, CancellationToken cancellationToken) => AskAsync(() => node.ReadHashAsync(height, cancellationToken));

    public ValueTask<ReadOnlyMemory<byte>?> ReadBlockAsync(BlockHash hash, CancellationToken cancellationToken) => AskAsync(() => node.ReadBlockAsync(hash, cancellationToken));

    public ValueTask<MempoolSnapshot> ReadMempoolAsync(CancellationToken cancellationToken) => AskAsync(() => node.ReadMempoolAsync(cancellationToken));

    public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>?>> ReadTransactionsAsync(IReadOnlyList<TxHash> ids, CancellationToken cancellationToken) =>
        AskAsync(() => node.ReadTransactionsAsync(ids, cancellationToken));

    public ValueTask<IReadOnlyList<TxOutput?>> ReadPrevoutsAsync(ChainTransaction transaction, BlockHash? block, CancellationToken cancellationToken) =>
        AskAsync(() => node.ReadPrevoutsAsync(transaction, block, cancellationToken));

    async ValueTask<T> AskAsync<T>(Func<ValueTask<T>> question)
    {
        await TravelAsync();
        var answer = await question();
        await TravelAsync();
        return answer;
    }

    Task TravelAsync() => Latency == TimeSpan.Zero ? Task.CompletedTask : Task.Delay(Latency * entropy.NextDouble(), time, CancellationToken.None);
}
