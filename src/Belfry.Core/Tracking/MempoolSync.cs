using Belfry.Core.Chains;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;
using Microsoft.Extensions.Logging;

namespace Belfry.Core.Tracking;

/// <summary>
/// The node's mempool as far as it concerns us: takes arrivals from the feed, compares the whole with the node from time to time, and finds out what became of
/// transactions that are not there any more.
/// </summary>
public sealed class MempoolSync(ChainReplica replica, Committer committer, TrackingMetrics metrics, ILogger logger)
{
    const int IdsPerRead = 400;
    const int ArrivalsPerCommit = 256;

    readonly HashSet<TxHash> view = [];
    readonly ArrivalQueue arrivals = new();
    readonly SortedDictionary<TxHash, TimeSpan> missing = new(Comparer<TxHash>.Create(static (left, right) => left.Value.CompareTo(right.Value)));
    readonly HashSet<TxHash> announced = [];
    readonly HashSet<TxHash> undecided = [];
    readonly UnmatchedArrivals unmatched = new();
    ulong? snapshotSequence;

    /// <summary>How many transactions the node's mempool holds as far as known.</summary>
    public int Size => view.Count;

    /// <summary>Whether arrivals or announcements wait.</summary>
    public bool HasWork => arrivals.Count > 0 || announced.Count > 0;

    /// <summary>When the next missing transaction is to be judged, in steady time, or null.</summary>
    public TimeSpan? NextJudgement => missing.Count == 0 ? null : missing.Values.Min();

    /// <summary>Set after the node was restarted: absences mean little until this time, in steady time.</summary>
    public TimeSpan HoldUntil { get; set; }

    IChainSource Source => replica.Parts.Chain.Source;

    TimeSpan Now => replica.Parts.Clock.ReadSteady();

    /// <summary>The feed brought a transaction.</summary>
    public void Arrived(ReadOnlyMemory<byte> raw)
    {
        if (Match(raw, null) is not { } matched) return;
        Noted(matched);
        if (matched.Match is null) unmatched.Keep(raw, Now);
    }

    /// <summary>
    /// Coins of watched scripts turned up that were not known when the last arrivals were looked at: a spend of them looked like a stranger's business.
    /// </summary>
    public void LookAgain()
    {
        foreach (var matched in unmatched.Rematch(replica.Parts.Chain.Decoder, replica.Index))
        {
            if (view.Contains(matched.Id)) Noted(matched);
        }
    }

    /// <summary>The feed named a transaction that entered the mempool.</summary>
    public void Announced(TxHash id, ulong? sequence)
    {
        if (IsStale(sequence) || view.Contains(id)) return;
        announced.Add(id);
    }

    /// <summary>The feed named a transaction that left the mempool for another reason than a block.</summary>
    public void Left(TxHash id, ulong? sequence)
    {
        if (IsStale(sequence)) return;
        view.Remove(id);
        announced.Remove(id);
        Miss(id, replica.Parts.Options.DropGrace);
    }

    /// <summary>A block took these transactions (32 bytes each, wire order) out of the mempool.</summary>
    public void Mined(ReadOnlyMemory<byte> ids)
    {
        for (var span = ids.Span; span.Length >= Hash256.Size; span = span[Hash256.Size..])
        {
            var id = new TxHash(Hash256.FromWire(span[..Hash256.Size]));
            view.Remove(id);
            missing.Remove(id);
            announced.Remove(id);
        }
    }

    /// <summary>The feed was opened anew: its sequence numbers mean something else now.</summary>
    public void Reset() => snapshotSequence = null;

    /// <summary>Works in what has arrived, the urgent first; one commit.</summary>
    public async ValueTask WorkInAsync(CancellationToken cancellationToken)
    {
        if (announced.Count > 0)
        {
            var ids = announced.Take(IdsPerRead).ToArray();
            foreach (var id in ids) announced.Remove(id);
            await ReadAndNoteAsync(ids, cancellationToken);
        }

        var taken = arrivals.Take(ArrivalsPerCommit);
        if (taken.Count == 0) return;
        await ArriveAsync(await WithoutUndoneAsync(taken, cancellationToken), null, cancellationToken);
        if (taken.Any(transaction => replica.Open.Find(transaction.Id) is { Coins.Length: > 0 })) LookAgain();
    }

    /// <summary>Compares the whole mempool with the node's.</summary>
    /// <param name="source">How to mark what is found, for instance <c>audit</c>; null where the feed could not have told it.</param>
    /// <param name="everything">Also read transactions again that were looked at before: for new watches.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>How many matching transactions the feed had not told.</returns>
    public async ValueTask<int> ReconcileAsync(string? source, bool everything, CancellationToken cancellationToken)
    {
        var snapshot = await Source.ReadMempoolAsync(cancellationToken);
        snapshotSequence = snapshot.Sequence;
        var found = 0;
        var present = new HashSet<TxHash>(snapshot.Transactions);
        // Also what is tracked already: it may pay a new watch too.
        var fresh = snapshot.Transactions.Where(id => everything || !view.Contains(id) || IsUndone(id)).ToArray();
        foreach (var chunk in fresh.Chunk(IdsPerRead))
            found += await ReadAndArriveAsync(chunk, source, cancellationToken);

        // A miss hides more: what spent the missed coins looked like a stranger's business when it arrived.
        if (found > 0 && !everything && source == "audit") return found + await ReconcileAsync(source, everything: true, cancellationToken);
        view.Clear();
        view.UnionWith(present);
        // Asked for and not answered well, or come too early: not looked at as far as the next comparison is concerned.
        view.ExceptWith(undecided);
        undecided.Clear();
        if (snapshot.Loaded) MissAbsent(present);
        return found;
    }

    /// <summary>Judges transactions that have been missing for long enough.</summary>
    /// <param name="atTip">Whether all blocks are worked in: otherwise the missing ones may be in the next one.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>False when the node has another tip than ours: blocks have to be looked at first.</returns>
    public async ValueTask<bool> JudgeMissingAsync(bool atTip, CancellationToken cancellationToken)
    {
        if (!atTip) return true;
        var due = missing.Where(entry => entry.Value <= Now).Select(static entry => entry.Key).ToArray();
        foreach (var chunk in due.Chunk(IdsPerRead))
        {
            var raws = await Source.ReadTransactionsAsync(chunk, cancellationToken);
            // A block may have come between: its transactions are not lost.
            if ((await Source.ReadTipAsync(cancellationToken)).Header.Block.Hash != replica.Position!.Cursor.Block.Hash) return false;
            for (var i = 0; i < chunk.Length; i++)
            {
                missing.Remove(chunk[i]);
                if (raws[i] is { } raw) Answered(raw, chunk[i]);
                else replica.Lifecycle.Drop(chunk[i], new ChangeNote { Reason = "not_in_mempool" });
            }
        }

        await committer.CommitAsync(null, cancellationToken);
        return true;
    }

    bool IsStale(ulong? sequence) => sequence is { } number && snapshotSequence is { } snapshot && number < snapshot;

    bool IsUndone(TxHash id) => replica.Open.Find(id) is { State: TxState.Replaced or TxState.Conflicted or TxState.Dropped or TxState.Reorged };

    void Noted(MatchedTransaction matched)
    {
        metrics.Seen(replica.Id, matched.Match is not null);
        view.Add(matched.Id);
        announced.Remove(matched.Id);
        missing.Remove(matched.Id);
        // A feed may repeat the transactions of a block; a coinbase in it was never in any mempool.
        if (matched.Match is not { IsCoinbase: false } transaction) return;
        arrivals.Add(transaction, transaction.Outputs.Any(output => replica.Parts.Active.IsActive(replica.Id, output.Script)) || SpendsActive(transaction));
    }

    bool SpendsActive(ChainTransaction transaction)
    {
        foreach (var input in transaction.Inputs)
        {
            if (replica.Open.FindCoin(input.Previous)?.Script is { } script && replica.Parts.Active.IsActive(replica.Id, script)) return true;
            foreach (var rival in replica.Open.SpendersOf(input.Previous))
            {
                if (replica.Open.Find(rival)!.Movements.Any(movement => replica.Parts.Active.IsActive(replica.Id, movement.Script))) return true;
            }
        }

        return false;
    }

    async ValueTask ReadAndNoteAsync(TxHash[] ids, CancellationToken cancellationToken)
    {
        var raws = await Source.ReadTransactionsAsync(ids, cancellationToken);
        for (var i = 0; i < ids.Length; i++)
        {
            if (raws[i] is { } raw) Answered(raw, ids[i]);
        }
    }

    void Answered(ReadOnlyMemory<byte> raw, TxHash asked)
    {
        if (Match(raw, asked) is not { } matched) return;
        Noted(matched);
        if (matched.Match is null) unmatched.Keep(raw, Now);
    }

    /// <summary>Matches a transaction; null when it cannot be read, or is another one than was asked for: nobody said that the node has that one.</summary>
    MatchedTransaction? Match(ReadOnlyMemory<byte> raw, TxHash? asked)
    {
        try
        {
            var matched = replica.Parts.Chain.Decoder.MatchTransaction(raw, replica.Index);
            if (asked is null || matched.Id == asked) return matched;
            TrackingLog.MalformedTransaction(logger, replica.Id.Value, $"{matched.Id} came where {asked} was asked for");
        }
        catch (MalformedDataException problem)
        {
            TrackingLog.MalformedTransaction(logger, replica.Id.Value, problem.Message);
        }

        return null;
    }

    async ValueTask<int> ReadAndArriveAsync(TxHash[] ids, string? source, CancellationToken cancellationToken)
    {
        var raws = await Source.ReadTransactionsAsync(ids, cancellationToken);
        var others = new List<(TxHash Id, ReadOnlyMemory<byte> Raw)>();
        undecided.UnionWith(ids);
        var pending = ids.Zip(raws).Where(static pair => pair.Second is not null).Select(static pair => (Id: pair.First, Raw: pair.Second!.Value)).ToList();
        var found = 0;
        while (pending.Count > 0)
        {
            var matches = new List<ChainTransaction>();
            others.Clear();
            foreach (var (id, raw) in pending)
            {
                if (Match(raw, id) is not { } matched) continue;
                missing.Remove(id);
                undecided.Remove(id);
                if (matched.Match is { IsCoinbase: false } match) matches.Add(match);
                else others.Add((id, raw));
            }

            // The list has no order: a child may stand before the parent whose coins make it interesting, so the rest is matched again.
            var changed = matches.Count == 0 ? 0 : await ArriveAsync(matches, source, cancellationToken);
            if (changed == 0) break;
            found += changed;
            pending = [.. others];
        }

        return found;
    }

    // Says how many of them were news.
    async ValueTask<int> ArriveAsync(IReadOnlyList<ChainTransaction> transactions, string? source, CancellationToken cancellationToken)
    {
        var changed = 0;
        foreach (var appraised in await replica.Appraiser.AppraiseAsync(transactions, null, null, null, cancellationToken))
        {
            var arrival = replica.Lifecycle.Arrive(appraised, new ChangeNote { Source = source });
            if (arrival == Arrival.Changed) changed++;
            if (arrival != Arrival.Premature) continue;
            view.Remove(appraised.Transaction.Id);
            undecided.Add(appraised.Transaction.Id);
        }

        await committer.CommitAsync(null, cancellationToken);
        return changed;
    }

    // A feed may repeat transactions of a disconnected block that did not return to the mempool: what was undone is believed only after the node was asked.
    async ValueTask<IReadOnlyList<ChainTransaction>> WithoutUndoneAsync(IReadOnlyList<ChainTransaction> taken, CancellationToken cancellationToken)
    {
        var doubtful = taken.Where(transaction => IsUndone(transaction.Id)).Select(static transaction => transaction.Id).ToArray();
        if (doubtful.Length == 0) return taken;
        var raws = await Source.ReadTransactionsAsync(doubtful, cancellationToken);
        var gone = doubtful.Where((_, i) => raws[i] is null).ToHashSet();
        return [.. taken.Where(transaction => !gone.Contains(transaction.Id))];
    }

    void MissAbsent(HashSet<TxHash> present)
    {
        foreach (var transaction in replica.Open.InState(TxState.Seen, TxState.Reorged))
        {
            if (!present.Contains(transaction.Id)) Miss(transaction.Id, replica.Parts.Options.DropGrace);
        }
    }

    void Miss(TxHash id, TimeSpan grace)
    {
        if (missing.ContainsKey(id) || replica.Open.Find(id) is not { State: TxState.Seen or TxState.Reorged }) return;
        var due = Now + grace;
        missing[id] = due > HoldUntil ? due : HoldUntil;
    }
}
