using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Ledger;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Belfry.Sql.Postgres;

/// <summary>What the server answered to a transaction.</summary>
/// <param name="Mark">Head and duplicates of each member.</param>
/// <param name="Told">The entries that it appended.</param>
sealed record SealedCommit(WriterMark Mark, IReadOnlyList<JournalEntry> Told);

/// <summary>Makes one transaction of several batches: the statements of each, then leases, journal and mark of all.</summary>
sealed class CommitSealing(PostgresLane lane, long partitionSize, long room, string store, ILogger log)
{
    readonly Dictionary<ChainId, long> chains = [];
    long room = room;

    public async ValueTask<Outcome<SealedCommit>> WriteAsync(List<CommitJob> jobs)
    {
        foreach (var job in jobs) await KnowAsync(job.Batch!.Chain);
        return await lane.TransactAsync((pipeline, writer, number) =>
        {
            foreach (var job in jobs) CommitStatements.Add(pipeline, chains[job.Batch!.Chain], job.Batch);
            AddSeal(pipeline, jobs, writer, number);
        }, async row =>
        {
            // The functions before it answer with a row that says nothing.
            while (row.FieldCount != 3 && await row.NextResultAsync()) { /* on to the seal's own */ }
            await row.ReadAsync();
            return Read(row, jobs);
        });
    }

    /// <summary>Makes room for the next entries before it is needed.</summary>
    public async ValueTask KeepAheadAsync(long head)
    {
        if (head + (partitionSize / 2) >= room) await ExtendAsync(0);
    }

    /// <summary>Makes room behind the head.</summary>
    public async ValueTask ExtendAsync(long atLeast)
    {
        room = (long)(await lane.AskAsync("journal_extend", partitionSize, Math.Max(atLeast, partitionSize)))!;
        PostgresLog.Extended(log, store, room - 1);
    }

    /// <summary>Where a chain stands.</summary>
    public async ValueTask<ChainPosition?> ReadPositionAsync(ChainId chain)
    {
        var outcome = await lane.TransactAsync((pipeline, _, _) => pipeline.Add("position", chain.Value), async row => await row.ReadAsync() ? row.Position() : null);
        return outcome.Answer;
    }

    // A chain's row is never taken away again: made on its own, before the first commit that needs it.
    async ValueTask KnowAsync(ChainId chain)
    {
        if (chains.ContainsKey(chain)) return;
        await lane.AskAsync("chain_make", chain.Value);
        chains.Add(chain, (long)(await lane.AskAsync("chain_id", chain.Value))!);
    }

    void AddSeal(PostgresBatch pipeline, List<CommitJob> jobs, string writer, long number)
    {
        var events = jobs.SelectMany((job, i) => job.Batch!.Events.Select(told => (Member: i + 1, job.Batch.Chain, Event: told))).ToList();
        pipeline.Add("commit_seal", writer, number,
            jobs.Select(job => job.Batch!.Chain.Value).ToArray(), jobs.Select(job => chains[job.Batch!.Chain]).ToArray(), jobs.Select(job => job.Lease?.Epoch).ToArray(),
            events.Select(one => one.Member).ToArray(), events.Select(one => (int)one.Event.Kind).ToArray(), events.Select(one => one.Event.Script?.Span.ToArray()).ToArray(),
            events.Select(one => one.Event.Address).ToArray(), events.Select(one => one.Event.Transaction?.Value.ToArray()).ToArray(), events.Select(one => one.Event.Height).ToArray(),
            events.Select(one => JournalRules.BlockOf(one.Event)?.Value.ToArray()).ToArray(), events.Select(one => one.Event.Id).ToArray(),
            events.Select(one => Columns.Of(one.Event.At)).ToArray(), events.Select(one => JournalChain.Canonical(one.Chain, one.Event)).ToArray(),
            events.Select(one => one.Event.Data.ToArray()).ToArray());
    }

    static SealedCommit Read(NpgsqlDataReader row, List<CommitJob> jobs)
    {
        var mark = new WriterMark(row.GetFieldValue<long[]>(0), row.GetFieldValue<int[]>(1));
        var places = row.GetFieldValue<int[]>(2);
        var events = jobs.SelectMany(job => job.Batch!.Events.Select(told => (job.Batch.Chain, Event: told))).ToList();
        var first = mark.Heads[^1] - places.Length + 1;
        return new SealedCommit(mark, [.. places.Select((place, i) => new JournalEntry(first + i, events[place - 1].Chain, events[place - 1].Event))]);
    }
}
