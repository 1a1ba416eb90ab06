using System.Collections.Immutable;
using Belfry.Core.Chains;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;

namespace Belfry.Core.Tracking;

/// <summary>
/// Verifies what the matcher found: exact scripts and coins instead of fingerprints, sender and fee as far as the node can tell. One look into the ledger per
/// batch, none for what the replica of open transactions holds.
/// </summary>
public sealed class Appraiser(
    ChainProfile profile, IAddressCodec codec, ILedger ledger, IChainSource source, OpenTransactions open, WatchIndex index, TimeProvider clock)
{
    /// <summary>Appraises transactions of one block, or of one batch of mempool arrivals.</summary>
    /// <param name="transactions">In block order, or order of arrival.</param>
    /// <param name="block">Their block, or null.</param>
    /// <param name="scripts">The watched scripts to consider when they are not the live ones (history of new watches); null for the live ones.</param>
    /// <param name="coinsOf">Coins found so far by a reading of history; null for none.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async ValueTask<IReadOnlyList<Appraisal>> AppraiseAsync(
        IReadOnlyList<ChainTransaction> transactions,
        BlockHash? block,
        IReadOnlyDictionary<Script, string>? scripts,
        IReadOnlyDictionary<OutPoint, Coin>? coinsOf,
        CancellationToken cancellationToken)
    {
        if (transactions.Count == 0) return [];
        var slice = await ledger.FindAsync(profile.Id, QueryFor(transactions, scripts is null, coinsOf is not null), cancellationToken);
        var watched = scripts ?? slice.Scripts;

        // Outputs of the whole batch first: a child may stand before its parent (blocks sorted by id, reordered notifications).
        var ownCoins = new Dictionary<OutPoint, Coin>();
        var values = new Dictionary<OutPoint, TxOutput>();
        foreach (var transaction in transactions)
        {
            foreach (var output in transaction.Outputs)
            {
                var outPoint = new OutPoint(transaction.Id, output.Index);
                values[outPoint] = output;
                if (watched.ContainsKey(output.Script)) ownCoins[outPoint] = new Coin(outPoint, output.Script, output.Value);
            }
        }

        Coin? FindCoin(OutPoint outPoint)
        {
            var coin = ownCoins.GetValueOrDefault(outPoint) ?? coinsOf?.GetValueOrDefault(outPoint) ?? open.FindCoin(outPoint) ?? slice.Coins.GetValueOrDefault(outPoint);
            // Reading history for some scripts must not touch what others know better: their receipts in the same transaction are not looked at.
            return coin is not null && (scripts is null || scripts.ContainsKey(coin.Script)) ? coin : null;
        }

        var appraisals = new List<Appraisal>(transactions.Count);
        foreach (var transaction in transactions)
        {
            var stored = open.Find(transaction.Id) ?? slice.Transactions.GetValueOrDefault(transaction.Id);
            appraisals.Add(await AppraiseOneAsync(transaction, block, watched, ownCoins, values, FindCoin, stored, cancellationToken));
        }

        return appraisals;
    }

    LedgerQuery QueryFor(IReadOnlyList<ChainTransaction> transactions, bool live, bool history)
    {
        var scripts = new HashSet<Script>();
        var outPoints = new HashSet<OutPoint>();
        var ids = new HashSet<TxHash>();
        Span<byte> wire = stackalloc byte[OutPoint.WireSize];
        foreach (var transaction in transactions)
        {
            if (open.Find(transaction.Id) is null) ids.Add(transaction.Id);
            foreach (var output in transaction.Outputs)
            {
                if (live && index.Scripts.Contains(index.Key.Hash(output.Script.Span))) scripts.Add(output.Script);
            }

            foreach (var input in transaction.Inputs)
            {
                input.Previous.CopyToWire(wire);
                if (open.FindCoin(input.Previous) is null && (history || index.OutPoints.Contains(index.Key.HashOutPoint(wire)))) outPoints.Add(input.Previous);
            }
        }

        return new LedgerQuery { Scripts = scripts, OutPoints = outPoints, Transactions = ids };
    }

    async ValueTask<Appraisal> AppraiseOneAsync(
        ChainTransaction transaction,
        BlockHash? block,
        IReadOnlyDictionary<Script, string> watched,
        Dictionary<OutPoint, Coin> ownCoins,
        Dictionary<OutPoint, TxOutput> values,
        Func<OutPoint, Coin?> findCoin,
        LedgerTransaction? stored,
        CancellationToken cancellationToken)
    {
        var coins = transaction.Outputs
            .Select(output => ownCoins.GetValueOrDefault(new OutPoint(transaction.Id, output.Index)))
            .OfType<Coin>().ToImmutableArray();
        var spent = transaction.Inputs.Select(input => findCoin(input.Previous)).OfType<Coin>().ToImmutableArray();
        if (coins.Length == 0 && spent.Length == 0)
            return new Appraisal(profile.Id, transaction, [], [], [], null, stored, clock.GetUtcNow());

        // Known already and nothing new: what was found out about sender and fee the first time still holds.
        var prevouts = stored is not null && stored.Fee is not null
            ? new TxOutput?[transaction.Inputs.Count]
            : await PrevoutsAsync(transaction, block, values, findCoin, cancellationToken);
        var from = SenderOf(transaction, prevouts);
        var movements = Movements(transaction, watched, coins, spent, from, stored);
        return new Appraisal(profile.Id, transaction, movements, coins, spent, FeeOf(transaction, prevouts) ?? stored?.Fee, stored, clock.GetUtcNow());
    }

    ImmutableArray<Movement> Movements(
        ChainTransaction transaction, IReadOnlyDictionary<Script, string> watched, ImmutableArray<Coin> coins, ImmutableArray<Coin> spent, string? from, LedgerTransaction? stored)
    {
        var scripts = coins.Concat(spent).Select(static coin => coin.Script).Distinct();
        var movements = ImmutableArray.CreateBuilder<Movement>();
        foreach (var script in scripts)
        {
            var address = watched.GetValueOrDefault(script) ?? codec.Write(script.Span) ?? $"script:{script}";
            var received = Sum(coins, script);
            var sent = Sum(spent, script);
            var known = stored?.Movements.FirstOrDefault(movement => movement.Script.Equals(script));
            var outgoing = sent > received;
            movements.Add(new Movement(
                script,
                address,
                received,
                sent,
                outgoing ? address : known?.From ?? from,
                outgoing ? known?.To ?? ReceiverOf(transaction, script) : address));
        }

        return movements.ToImmutable();
    }

    static Amount Sum(ImmutableArray<Coin> coins, Script script)
    {
        var sum = Amount.Zero;
        foreach (var coin in coins)
        {
            if (coin.Script.Equals(script)) sum += coin.Value;
        }

        return sum;
    }

    string? SenderOf(ChainTransaction transaction, IReadOnlyList<TxOutput?> prevouts)
    {
        for (var i = 0; i < transaction.Inputs.Count; i++)
        {
            var script = prevouts[i]?.Script ?? transaction.Inputs[i].Claimed;
            if (script is not null && codec.Write(script.Span) is { } address) return address;
        }

        return null;
    }

    string? ReceiverOf(ChainTransaction transaction, Script sender)
    {
        foreach (var output in transaction.Outputs)
        {
            if (!output.Script.Equals(sender) && codec.Write(output.Script.Span) is { } address) return address;
        }

        return codec.Write(sender.Span);
    }

    static Amount? FeeOf(ChainTransaction transaction, IReadOnlyList<TxOutput?> prevouts)
    {
        if (transaction.IsCoinbase) return null;
        var fee = Amount.Zero;
        foreach (var prevout in prevouts)
        {
            if (prevout is not { } known) return null;
            fee += known.Value;
        }

        foreach (var output in transaction.Outputs) fee -= output.Value;
        return fee.Sign < 0 ? null : fee;
    }

    async ValueTask<IReadOnlyList<TxOutput?>> PrevoutsAsync(
        ChainTransaction transaction, BlockHash? block, Dictionary<OutPoint, TxOutput> values, Func<OutPoint, Coin?> findCoin, CancellationToken cancellationToken)
    {
        var prevouts = new TxOutput?[transaction.Inputs.Count];
        var missing = false;
        for (var i = 0; i < prevouts.Length; i++)
        {
            var outPoint = transaction.Inputs[i].Previous;
            prevouts[i] = values.TryGetValue(outPoint, out var output) ? output
                : findCoin(outPoint) is { } coin ? new TxOutput(outPoint.Index, coin.Script, coin.Value) : null;
            missing |= prevouts[i] is null;
        }

        if (!missing || transaction.IsCoinbase) return prevouts;
        IReadOnlyList<TxOutput?> told;
        try
        {
            told = await source.ReadPrevoutsAsync(transaction, block, cancellationToken);
        }
        catch (EndpointException)
        {
            // Sender and fee are good to know, the payment itself is not to wait for them: they stay null.
            return prevouts;
        }

        for (var i = 0; i < prevouts.Length; i++) prevouts[i] ??= told[i];
        return prevouts;
    }
}
