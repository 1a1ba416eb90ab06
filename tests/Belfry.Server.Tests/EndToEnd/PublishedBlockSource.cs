using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Belfry.Core.Chains;

namespace Belfry.Server.Tests.EndToEnd;

/// <summary>A node that stands one block below 866342 and gets it when told; it knows what the block's transactions spend, as a node with undo data does.</summary>
sealed class PublishedBlockSource(PublishedBlock block) : IChainSource
{
    readonly Channel<FeedSignal> signals = Channel.CreateUnbounded<FeedSignal>();
    readonly Dictionary<TxHash, RawSpend> spends = block.Transactions.ToDictionary(static spend => TxHash.Parse(spend.Id));
    volatile bool arrived;

    public BlockHeader Below { get; } = new(new BlockRef(PublishedBlock.Height - 1, BlockHash.Parse(block.Previous)), default, block.Time.AddMinutes(-10), 1000, true);

    public BlockHeader Top { get; } = new(new BlockRef(PublishedBlock.Height, BlockHash.Parse(block.Hash)), BlockHash.Parse(block.Previous), block.Time, 1001, true);

    public SourceStatus Status => new("published", FeedKind.Polling, "");

    BlockHeader Tip => arrived ? Top : Below;

    public void Arrive()
    {
        arrived = true;
        signals.Writer.TryWrite(new FeedSignal.TipChanged(Top.Block.Hash));
    }

    public async IAsyncEnumerable<FeedSignal> ListenAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return new FeedSignal.Opened(FeedKind.Polling, "published");
        await foreach (var signal in signals.Reader.ReadAllAsync(cancellationToken)) yield return signal;
    }

    public ValueTask<ChainTip> ReadTipAsync(CancellationToken cancellationToken) => ValueTask.FromResult(new ChainTip(Tip, false));

    public ValueTask<BlockHeader?> ReadHeaderAsync(BlockHash hash, CancellationToken cancellationToken) =>
        ValueTask.FromResult(hash == Below.Block.Hash ? Below : hash == Top.Block.Hash && arrived ? Top : null);

    public ValueTask<bool> IsInvalidAsync(BlockHash hash, CancellationToken cancellationToken) => ValueTask.FromResult(false);

    public ValueTask<BlockHash?> ReadHashAsync(long height, CancellationToken cancellationToken) =>
        ValueTask.FromResult<BlockHash?>(height == Below.Block.Height ? Below.Block.Hash : height == Top.Block.Height && arrived ? Top.Block.Hash : null);

    public ValueTask<ReadOnlyMemory<byte>?> ReadBlockAsync(BlockHash hash, CancellationToken cancellationToken) =>
        ValueTask.FromResult<ReadOnlyMemory<byte>?>(hash == Top.Block.Hash && arrived ? block.Raw : null);

    public ValueTask<MempoolSnapshot> ReadMempoolAsync(CancellationToken cancellationToken) => ValueTask.FromResult(new MempoolSnapshot([], null, true));

    public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>?>> ReadTransactionsAsync(IReadOnlyList<TxHash> ids, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<ReadOnlyMemory<byte>?>>(new ReadOnlyMemory<byte>?[ids.Count]);

    public ValueTask<IReadOnlyList<TxOutput?>> ReadPrevoutsAsync(ChainTransaction transaction, BlockHash? holder, CancellationToken cancellationToken)
    {
        var spend = spends[transaction.Id];
        return ValueTask.FromResult<IReadOnlyList<TxOutput?>>(
            [.. spend.Spent.Select((output, place) => (TxOutput?)new TxOutput(spend.Inputs[place].Index, Script.Parse(output.Script), output.Value))]);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
