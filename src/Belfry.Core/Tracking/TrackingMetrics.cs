using System.Diagnostics.Metrics;
using Belfry.Core.Chains;
using Belfry.Core.Ledger;

namespace Belfry.Core.Tracking;

/// <summary>What the pipelines count; meter <c>Belfry</c>.</summary>
public sealed class TrackingMetrics
{
    readonly Counter<long> blocks;
    readonly Counter<long> disconnected;
    readonly Counter<long> transactions;
    readonly Counter<long> events;
    readonly Counter<long> seen;
    readonly Counter<long> matched;
    readonly Counter<long> degradations;
    readonly Histogram<double> commit;

    /// <summary>Creates the instruments.</summary>
    public TrackingMetrics(IMeterFactory factory)
    {
        var meter = factory.Create("Belfry");
        blocks = meter.CreateCounter<long>("belfry.blocks.connected", "{block}", "Blocks worked in.");
        disconnected = meter.CreateCounter<long>("belfry.blocks.disconnected", "{block}", "Blocks taken back by reorgs.");
        transactions = meter.CreateCounter<long>("belfry.transactions.changed", "{transaction}", "State changes of tracked transactions.");
        events = meter.CreateCounter<long>("belfry.journal.events", "{event}", "Events written to the journal.");
        seen = meter.CreateCounter<long>("belfry.mempool.transactions", "{transaction}", "Transactions read from the feed.");
        matched = meter.CreateCounter<long>("belfry.mempool.matched", "{transaction}", "Transactions of the feed that touch something watched.");
        degradations = meter.CreateCounter<long>("belfry.feed.degraded", "{occasion}", "Times the feed had a gap or died.");
        commit = meter.CreateHistogram<double>("belfry.ledger.commit", "s", "Time to make one batch durable.");
    }

    /// <summary>A transaction came from the feed.</summary>
    public void Seen(ChainId chain, bool isMatch)
    {
        var tag = new KeyValuePair<string, object?>("chain", chain.Value);
        seen.Add(1, tag);
        if (isMatch) matched.Add(1, tag);
    }

    /// <summary>The feed degraded.</summary>
    public void Degraded(ChainId chain, string reason) =>
        degradations.Add(1, new KeyValuePair<string, object?>("chain", chain.Value), new KeyValuePair<string, object?>("reason", reason));

    /// <summary>A batch became durable.</summary>
    public void Committed(ChainId chain, LedgerBatch batch, CommitResult result, TimeSpan took)
    {
        var tag = new KeyValuePair<string, object?>("chain", chain.Value);
        if (batch.Connected.Count > 0) blocks.Add(batch.Connected.Count, tag);
        if (batch.Disconnected.Count > 0) disconnected.Add(batch.Disconnected.Count, tag);
        if (batch.Transactions.Count > 0) transactions.Add(batch.Transactions.Count, tag);
        if (batch.Events.Count > 0) events.Add(batch.Events.Count - result.Duplicates, tag);
        commit.Record(took.TotalSeconds, tag);
    }
}
