using Belfry.Core.Chains;
using Belfry.Core.Delivery;
using Belfry.Core.Journal;
using Belfry.Core.Ledger;
using Belfry.Nodes.Simnet;
using Shouldly;

namespace Belfry.Core.Tests.Tracking;

/// <summary>A check that cannot fail proves nothing: bugs of the kinds that lost money elsewhere are put in, and the simulation has to find each.</summary>
public sealed class PlantedBugTests
{
    const int Histories = 150;

    [Theory]
    [InlineData("told before it is durable")]
    [InlineData("cursor before events")]
    [InlineData("one event in 300 is lost")]
    [InlineData("one event in 300 is told again under another id")]
    [InlineData("one batch in 300 tells its events backwards")]
    [InlineData("one balance in 300 is a unit too high")]
    [InlineData("reorgs are ignored")]
    [InlineData("one announcement in ten never arrives and no audit looks")]
    public void A_planted_bug_is_found(string bug)
    {
        for (ulong seed = 1; seed <= Histories; seed++)
        {
            try
            {
                SimulationTests.History(seed, (ledger, tail) => Ledger(bug, ledger, tail, new SeededEntropy(seed)), source => Source(bug, source, new SeededEntropy(seed)));
            }
            catch (Exception found) when (found is ShouldAssertException or InvalidOperationException)
            {
                TestContext.Current.SendDiagnosticMessage($"'{bug}' is found by seed {seed}: {string.Concat(found.Message.ReplaceLineEndings(" ").Take(160))}");
                return;
            }
        }

        Assert.Fail($"'{bug}' goes unnoticed in {Histories} histories");
    }

    static ILedger Ledger(string bug, ILedger ledger, JournalTail tail, SeededEntropy random) => bug switch
    {
        "told before it is durable" => new ChangedLedger(ledger, async (batch, commit) =>
        {
            tail.Appended([.. batch.Events.Select((told, place) => new JournalEntry(tail.Head + 1 + place, batch.Chain, told))]);
            return await commit(batch);
        }),
        "cursor before events" => new ChangedLedger(ledger, async (batch, commit) =>
        {
            if (batch.Position is null) return await commit(batch);
            await commit(new LedgerBatch { Chain = batch.Chain, Position = batch.Position, Connected = batch.Connected, Disconnected = batch.Disconnected });
            return await commit(batch with { Position = null, Connected = [], Disconnected = [] });
        }),
        "one event in 300 is lost" => new ChangedLedger(ledger, (batch, commit) => commit(batch with { Events = [.. batch.Events.Where(_ => !random.Chance(1 / 300.0))] })),
        "one event in 300 is told again under another id" => new ChangedLedger(ledger, (batch, commit) =>
            commit(batch with { Events = [.. batch.Events.SelectMany(told => random.Chance(1 / 300.0) ? new[] { told, told with { Id = told.Id[..^1] + "!" } } : [told])] })),
        "one batch in 300 tells its events backwards" => new ChangedLedger(ledger, (batch, commit) => commit(random.Chance(1 / 300.0) ? batch with { Events = [.. batch.Events.Reverse()] } : batch)),
        "one balance in 300 is a unit too high" => new ChangedLedger(ledger, (batch, commit) => commit(batch with
        {
            Balances = batch.Balances.ToDictionary(
                static entry => entry.Key, entry => random.Chance(1 / 300.0) ? entry.Value with { Confirmed = new Amount(entry.Value.Confirmed.Units + 1) } : entry.Value),
        })),
        _ => ledger,
    };

    static IChainSource Source(string bug, IChainSource source, SeededEntropy random) => bug switch
    {
        "reorgs are ignored" => new BuggySource(source) { Header = static header => header is null ? null : header with { InBestChain = true } },
        "one announcement in ten never arrives and no audit looks" => new BuggySource(source)
        {
            Keeps = signal => signal is not (FeedSignal.TransactionArrived or FeedSignal.TransactionAnnounced) || !random.Chance(0.1),
            Mempool = static snapshot => snapshot with { Transactions = [], Loaded = false },
        },
        _ => source,
    };

    sealed class BuggySource(IChainSource source) : IChainSource
    {
        public Func<BlockHeader?, BlockHeader?> Header { get; init; } = static header => header;

        public Func<FeedSignal, bool> Keeps { get; init; } = static _ => true;

        public Func<MempoolSnapshot, MempoolSnapshot> Mempool { get; init; } = static snapshot => snapshot;

        public SourceStatus Status => source.Status;

        public ValueTask DisposeAsync() => source.DisposeAsync();

        public async IAsyncEnumerable<FeedSignal> ListenAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (var signal in source.ListenAsync(cancellationToken))
            {
                if (Keeps(signal)) yield return signal;
            }
        }

        public ValueTask<ChainTip> ReadTipAsync(CancellationToken cancellationToken) => source.ReadTipAsync(cancellationToken);

        public async ValueTask<BlockHeader?> ReadHeaderAsync(BlockHash hash, CancellationToken cancellationToken) => Header(await source.ReadHeaderAsync(hash, cancellationToken));

        public ValueTask<bool> IsInvalidAsync(BlockHash hash, CancellationToken cancellationToken) => source.IsInvalidAsync(hash, cancellationToken);

        public ValueTask<BlockHash?> ReadHashAsync(long height, CancellationToken cancellationToken) => source.ReadHashAsync(height, cancellationToken);

        public ValueTask<ReadOnlyMemory<byte>?> ReadBlockAsync(BlockHash hash, CancellationToken cancellationToken) => source.ReadBlockAsync(hash, cancellationToken);

        public async ValueTask<MempoolSnapshot> ReadMempoolAsync(CancellationToken cancellationToken) => Mempool(await source.ReadMempoolAsync(cancellationToken));

        public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>?>> ReadTransactionsAsync(IReadOnlyList<TxHash> ids, CancellationToken cancellationToken) =>
            source.ReadTransactionsAsync(ids, cancellationToken);

        public ValueTask<IReadOnlyList<TxOutput?>> ReadPrevoutsAsync(ChainTransaction transaction, BlockHash? block, CancellationToken cancellationToken) =>
            source.ReadPrevoutsAsync(transaction, block, cancellationToken);
    }
}
