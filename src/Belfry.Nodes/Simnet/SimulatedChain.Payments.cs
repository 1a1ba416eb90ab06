using Belfry.Core.Chains;

namespace Belfry.Nodes.Simnet;

/// <summary>How a simulated payment is made.</summary>
public sealed record SimPayment
{
    /// <summary>Base units per byte of virtual size.</summary>
    public long FeeRate { get; init; } = 2;

    /// <summary>Whether coins that are not in a block yet may be spent: makes chains of unconfirmed transactions.</summary>
    public bool SpendUnconfirmed { get; init; }

    /// <summary>Exactly these coins, instead of a choice among the payer's.</summary>
    public IReadOnlyList<SimCoin>? Coins { get; init; }

    /// <summary>Where the change goes; null: to one of the payer's own addresses.</summary>
    public Script? ChangeTo { get; init; }

    /// <summary>False: only make the transaction, for <see cref="SimulatedChain.Mine"/> or <see cref="SimulatedChain.Submit"/> later.</summary>
    public bool Submit { get; init; } = true;
}

public sealed partial class SimulatedChain
{
    /// <summary>Smaller change is left to the miner, as relaying nodes demand.</summary>
    const long Dust = 546;

    /// <summary>Pays one script.</summary>
    /// <returns>The transaction; it waits in the mempool.</returns>
    /// <exception cref="InvalidOperationException">The payer lacks the coins.</exception>
    public SimTransaction Pay(SimWallet from, Script to, long amount, SimPayment? how = null) => Pay(from, [new SimOutput(to, amount)], how);

    /// <summary>Pays several outputs, also the same script several times.</summary>
    /// <returns>The transaction; it waits in the mempool.</returns>
    /// <exception cref="InvalidOperationException">The payer lacks the coins.</exception>
    public SimTransaction Pay(SimWallet from, IReadOnlyList<SimOutput> outputs, SimPayment? how = null) =>
        TryPay(from, outputs, how) ?? throw new InvalidOperationException($"{from.Name} cannot pay {outputs.Sum(output => output.Value)} and the fee.");

    /// <summary>As <see cref="Pay(SimWallet, IReadOnlyList{SimOutput}, SimPayment?)"/>; null when the payer lacks the coins.</summary>
    public SimTransaction? TryPay(SimWallet from, IReadOnlyList<SimOutput> outputs, SimPayment? how = null)
    {
        lock (gate)
        {
            how ??= new SimPayment();
            var amount = outputs.Sum(output => output.Value);
            var change = how.ChangeTo ?? entropy.Pick(from.Keys).Script;
            var chosen = new List<SimCoin>();
            foreach (var coin in how.Coins ?? SpendableCoins(from, how.SpendUnconfirmed))
            {
                chosen.Add(coin);
                if (how.Coins is { } all && chosen.Count < all.Count) continue;
                var surplus = chosen.Sum(item => item.Value) - amount - how.FeeRate * GuessSize(chosen.Count, outputs.Count + 1);
                if (surplus < 0) continue;
                IReadOnlyList<SimOutput> withChange = surplus >= Dust ? [.. outputs, new SimOutput(change, surplus)] : outputs;
                var transaction = Build(chosen, withChange);
                if (how.Submit && Submit(transaction) is { } refusal) throw new InvalidOperationException($"The simulated node refuses its own wallet's payment: {refusal}.");
                return transaction;
            }

            return null;
        }
    }

    /// <summary>Coins that a wallet can spend now, oldest first; those of the mempool last.</summary>
    public IReadOnlyList<SimCoin> SpendableCoins(SimWallet wallet, bool unconfirmed = false)
    {
        lock (gate)
        {
            var confirmed = wallet.Keys.SelectMany(key => tree.CoinsOf(key.Script)).Where(outPoint => pool.SpenderOf(outPoint) is null && IsSpendable(outPoint))
                .Select(outPoint => tree.Coins[outPoint]).OrderBy(coin => coin.Height).ThenBy(coin => coin.OutPoint.Transaction.Value).ThenBy(coin => coin.OutPoint.Index);
            if (!unconfirmed) return [.. confirmed];
            var waiting = pool.Entries.SelectMany(entry => entry.Transaction.Coins(-1)).Where(coin => wallet.Owns(coin.Script) && pool.SpenderOf(coin.OutPoint) is null);
            return [.. confirmed, .. waiting];
        }
    }

    /// <summary>
    /// Replaces a waiting transaction by one that spends its first coin and pays a higher fee. Everything that builds on it falls with it.
    /// </summary>
    /// <param name="id">The waiting transaction.</param>
    /// <param name="paysYou">True: the same payees get the same, out of less change. False: a stranger gets everything.</param>
    /// <returns>The replacement, or null when the transaction does not wait or what it spends does not suffice for the fee.</returns>
    public SimTransaction? Replace(TxHash id, bool paysYou)
    {
        lock (gate)
        {
            if (pool.Find(id)?.Transaction is not { } old || !Settings.Replaceable) return null;
            var rival = Rival(old, paysYou, pool.WithDescendants(old).Sum(member => member.Fee));
            return rival is not null && Submit(rival) is null ? rival : null;
        }
    }

    /// <summary>Mines a block that spends the coins of a waiting transaction otherwise, without the rival ever having been in the mempool.</summary>
    /// <returns>The rival, now in the best chain; null when the transaction is not waiting or too small.</returns>
    public SimTransaction? DoubleSpend(TxHash id, bool paysYou = false)
    {
        lock (gate)
        {
            if (pool.Find(id)?.Transaction is not { } old || Rival(old, paysYou, old.Fee) is not { } rival || !rival.Spent.All(coin => tree.Coins.ContainsKey(coin.OutPoint))) return null;
            Mine(1, include: [rival], empty: true);
            return rival;
        }
    }

    /// <summary>Makes a transaction that spends what <paramref name="old"/> spends, without telling anybody; null when it cannot pay the fee.</summary>
    /// <param name="old">Any transaction but a coinbase, also one in a block.</param>
    /// <param name="paysYou">Whether the same payees get the same.</param>
    /// <param name="feeToBeat">Base units; the rival pays this and one more per byte.</param>
    public SimTransaction? Rival(SimTransaction old, bool paysYou, long feeToBeat)
    {
        lock (gate)
        {
            var fee = feeToBeat + 2L * GuessSize(old.Spent.Count, old.Outputs.Count);
            var outputs = paysYou ? WithLessChange(old, fee - old.Fee) : [new SimOutput(Stranger.Script, old.Spent.Sum(coin => coin.Value) - fee)];
            if (outputs is null || outputs[0].Value < Dust) return null;
            return Build(old.Spent, outputs);
        }
    }

    /// <summary>Offers a transaction to the mempool; waiting rivals are replaced when it pays enough more than they and their descendants.</summary>
    /// <returns>Null when it waits now, otherwise why it was refused, for people.</returns>
    public string? Submit(SimTransaction transaction)
    {
        lock (gate)
        {
            if (transaction.IsCoinbase) return "a coinbase cannot wait";
            if (pool.Find(transaction.Id) is not null || tree.BlockOf(transaction.Id) is not null) return "already known";
            if (transaction.Spent.FirstOrDefault(coin => !IsSpendable(coin.OutPoint)) is { } missing) return $"input {missing.OutPoint} is missing, spent or immature";
            var rivals = transaction.Spent.Select(coin => pool.SpenderOf(coin.OutPoint)).OfType<SimTransaction>().Distinct().ToList();
            var family = rivals.SelectMany(pool.WithDescendants).DistinctBy(member => member.Id).ToList();
            if (family.Exists(member => transaction.Spent.Any(coin => coin.OutPoint.Transaction == member.Id))) return "spends what it would replace";
            if (rivals.Count > 0 && !Settings.Replaceable) return "a rival waits already and this chain keeps the first one seen";
            if (rivals.Count > 0 && transaction.Fee < family.Sum(member => member.Fee) + transaction.VirtualSize) return "the fee is too low to replace the rival";
            foreach (var rival in rivals) Drop(rival, SimDeparture.Replaced);
            pool.Add(transaction, clock.GetUtcNow());
            departures.Remove(transaction.Id);
            Remember(transaction);
            Tell(new SimChange.Entered(transaction, mempoolSequence++));
            return null;
        }
    }

    /// <summary>Throws a waiting transaction and its descendants out; it can come back by <see cref="Submit"/>.</summary>
    /// <returns>False when it does not wait.</returns>
    public bool Evict(TxHash id) => Remove(id, SimDeparture.Evicted);

    /// <summary>Lets every transaction that waits longer than <paramref name="age"/> expire, with its descendants.</summary>
    /// <returns>How many were not descendants of another expired one.</returns>
    public int Expire(TimeSpan age)
    {
        lock (gate)
        {
            var limit = clock.GetUtcNow() - age;
            return pool.Entries.Where(entry => entry.At <= limit).Select(entry => entry.Transaction.Id).ToList().Count(id => Remove(id, SimDeparture.Expired));
        }
    }

    bool Remove(TxHash id, SimDeparture why)
    {
        lock (gate)
        {
            if (pool.Find(id) is not { } entry) return false;
            Drop(entry.Transaction, why);
            return true;
        }
    }

    void Drop(SimTransaction transaction, SimDeparture why)
    {
        foreach (var member in pool.WithDescendants(transaction))
        {
            pool.Remove(member.Id);
            departures[member.Id] = member.Id == transaction.Id ? why : SimDeparture.ParentGone;
            Tell(new SimChange.Left(member, departures[member.Id], mempoolSequence++));
        }
    }

    /// <summary>Whether an output exists, in the best chain or the mempool, and the next block may spend it. Rivals in the mempool do not matter.</summary>
    bool IsSpendable(OutPoint outPoint) => tree.Coins.TryGetValue(outPoint, out var coin)
        ? !coin.IsCoinbase || tree.Tip.Height + 1 - coin.Height >= Settings.Profile.CoinbaseMaturity
        : pool.Coin(outPoint) is not null;

    SimTransaction Build(IReadOnlyList<SimCoin> coins, IReadOnlyList<SimOutput> outputs) => SimWire.Transaction(
        [.. coins.Select(coin => Owner(coin.Script).Unlock(coin))], outputs, [.. coins], isCoinbase: false);

    SimWallet Owner(Script script) => wallets.First(wallet => wallet.Owns(script));

    /// <summary>The outputs of a transaction with its change made smaller (its largest output where there is no change); null when that does not suffice.</summary>
    List<SimOutput>? WithLessChange(SimTransaction transaction, long less)
    {
        var outputs = transaction.Outputs.ToList();
        var payer = Owner(transaction.Spent[0].Script);
        var change = outputs.FindLastIndex(output => payer.Owns(output.Script));
        if (change < 0) change = outputs.FindLastIndex(output => output.Value == outputs.Max(other => other.Value));
        if (outputs[change].Value - less < Dust) return null;
        outputs[change] = outputs[change] with { Value = outputs[change].Value - less };
        return outputs;
    }

    /// <summary>An upper bound of the virtual size: an old-style input is 149 bytes, an output at most 43.</summary>
    static int GuessSize(int inputs, int outputs) => 11 + 149 * inputs + 43 * outputs;
}
