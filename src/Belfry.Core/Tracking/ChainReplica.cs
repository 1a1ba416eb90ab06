using Belfry.Core.Chains;
using Belfry.Core.Hosting;
using Belfry.Core.Ledger;
using Belfry.Core.Listeners;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;
using Microsoft.Extensions.Logging;

namespace Belfry.Core.Tracking;

/// <summary>What a chain's pipeline is made of and stands on.</summary>
public sealed record TrackerParts(
    ChainParts Chain, ChainOptions Options, ILedger Ledger, IWatchStore Watches, IActiveAddresses Active, TimeProvider Clock);

/// <summary>
/// The in-memory picture of one chain while it is followed: position, recent headers, open transactions, watch index. Loaded from the store at start, changed
/// only by the chain's own loop, and always equal to what the last commit made durable plus the facts not yet committed.
/// </summary>
public sealed class ChainReplica
{
    readonly Dictionary<long, BlockHeader> recent = [];
    readonly int keptHeaders;

    /// <summary>An empty picture.</summary>
    public ChainReplica(TrackerParts parts, FingerprintKey key)
    {
        Parts = parts;
        Plan = new ConfirmationPlan(parts.Chain.Profile, parts.Options);
        Index = new WatchIndex(key);
        Open = new OpenTransactions(Index);
        Lifecycle = new Lifecycle(Open, Plan);
        Appraiser = new Appraiser(parts.Chain.Profile, parts.Chain.Codec, parts.Ledger, parts.Chain.Source, Open, Index, parts.Clock);
        keptHeaders = Plan.Depths[^1] + 16;
    }

    public TrackerParts Parts { get; }

    public ConfirmationPlan Plan { get; }

    public WatchIndex Index { get; }

    public OpenTransactions Open { get; }

    public Lifecycle Lifecycle { get; }

    public Appraiser Appraiser { get; }

    /// <summary>Where the chain stands, or null before the node's first answer ever.</summary>
    public ChainPosition? Position { get; private set; }

    /// <summary>The chain.</summary>
    public ChainId Id => Parts.Chain.Profile.Id;

    /// <summary>Reads everything from the store.</summary>
    public async ValueTask LoadAsync(CancellationToken cancellationToken)
    {
        Position = await Parts.Ledger.ReadPositionAsync(Id, cancellationToken);
        if (Position is { } position && position.Network != Parts.Chain.Profile.Network)
        {
            throw new StoreException(
                $"chain {Id}", $"the data belongs to network '{position.Network}', the setting Chains:{Id}:Network says '{Parts.Chain.Profile.Network}'; use another data folder");
        }

        await foreach (var script in Parts.Watches.ReadScriptsAsync(Id, active: true, cancellationToken)) Index.Add(script.Script);
        await foreach (var outPoint in Parts.Ledger.ReadUnspentAsync(Id, cancellationToken)) Index.Add(outPoint);
        await foreach (var transaction in Parts.Ledger.ReadOpenAsync(Id, cancellationToken)) Open.Restore(transaction);
        await NoteSpentCoinsAsync(Open.InState(Enum.GetValues<TxState>()), reindex: false, cancellationToken);
        for (var height = Position?.Cursor.Block.Height ?? -1; height >= 0 && recent.Count < keptHeaders; height--)
        {
            if (await Parts.Ledger.ReadBlockAsync(Id, height, cancellationToken) is not { } header) break;
            recent[height] = header;
        }
    }

    /// <summary>Finds which inputs of these transactions are watched coins and notes them as spent.</summary>
    public async ValueTask NoteSpentCoinsAsync(IReadOnlyList<LedgerTransaction> transactions, bool reindex, CancellationToken cancellationToken)
    {
        foreach (var chunk in transactions.SelectMany(static transaction => transaction.Inputs).Distinct().Chunk(500))
        {
            var slice = await Parts.Ledger.FindAsync(Id, new LedgerQuery { OutPoints = chunk }, cancellationToken);
            foreach (var outPoint in chunk)
            {
                if (slice.Coins.TryGetValue(outPoint, out var coin)) Open.NoteSpent(coin, reindex);
            }
        }
    }

    /// <summary>Matches a block after making sure that it is the one that its header promises.</summary>
    /// <exception cref="EndpointException">It is not; the source does not hand it out again, so the next attempt asks anew.</exception>
    public MatchedBlock MatchBlock(BlockHeader header, ReadOnlyMemory<byte> raw, WatchIndex index, ILogger logger)
    {
        try
        {
            var block = Parts.Chain.Decoder.MatchBlock(raw, index);
            return block.Hash == header.Block.Hash ? block : throw new MalformedDataException("block", $"its header hashes to {block.Hash}");
        }
        catch (MalformedDataException problem)
        {
            var source = Parts.Chain.Source;
            TrackingLog.BadBlock(logger, Id.Value, header.Block.Height, header.Block.Hash.ToString(), source.Status.Endpoint, problem.Message);
            throw new EndpointException(source.Status.Endpoint, $"Chains:{Id}:Rpc", $"block {header.Block} cannot be trusted: {problem.Message}", problem);
        }
    }

    /// <summary>Our header at a height of the best chain, or null outside what has been followed.</summary>
    public async ValueTask<BlockHeader?> HeaderAtAsync(long height, CancellationToken cancellationToken) =>
        recent.TryGetValue(height, out var header) ? header : await Parts.Ledger.ReadBlockAsync(Id, height, cancellationToken);

    /// <summary>The time of the block at a recent height.</summary>
    public DateTimeOffset TimeAt(long height) => recent.TryGetValue(height, out var header) ? header.Time : Position!.Cursor.Time;

    /// <summary>Moves the position to a block that joined.</summary>
    public void Extend(BlockHeader header)
    {
        recent[header.Block.Height] = header;
        recent.Remove(header.Block.Height - keptHeaders);
        var work = Position is { } position && position.BestWork > header.Work ? position.BestWork : header.Work;
        Position = Position! with { Cursor = header, BestWork = work };
    }

    /// <summary>Moves the position down to <paramref name="header"/> after a block above it left.</summary>
    public void Retreat(BlockHeader left, BlockHeader header)
    {
        recent.Remove(left.Block.Height);
        Position = Position! with { Cursor = header, Disconnects = Position.Disconnects + 1 };
    }

    /// <summary>Remembers that a gap was told, or closed: a restart in between must neither tell it again nor forget to close it.</summary>
    public void MarkGap(string? reason) => Position = Position! with { Gap = reason };

    /// <summary>Sets the first position, or the one that a believed shorter chain makes true.</summary>
    public void Place(ChainPosition position)
    {
        Position = position;
        recent[position.Cursor.Block.Height] = position.Cursor;
    }
}
