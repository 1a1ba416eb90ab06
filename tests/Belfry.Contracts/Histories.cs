using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Ledger;
using Belfry.Core.Watches;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;

namespace Belfry.Contracts;

/// <summary>Random histories, each step read from one number, so that a failing history shrinks to a short one.</summary>
static class Histories
{
    /// <summary>Runs random histories against a new store each.</summary>
    public static void Check(int count, Func<int[], Task> history)
    {
        var steps = ArbMap.Default.GeneratorFor<int>().ArrayOf().Resize(40);
        var random = Gen.Choose(0, int.MaxValue - 1).ArrayOf().Resize(60);
        Prop.ForAll(Gen.OneOf(steps, random).ToArbitrary(), (int[] numbers) =>
        {
#pragma warning disable VSTHRD002 // the checker's properties are synchronous
            history(numbers).GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(count));
    }

    /// <summary>Picks from a step: what is left of it after <paramref name="range"/> values have been told apart.</summary>
    public static int Take(ref int step, int range)
    {
        var taken = (int)((uint)step % (uint)range);
        step = (int)((uint)step / (uint)range);
        return taken;
    }
}

/// <summary>The ledger as plain dictionaries.</summary>
sealed class LedgerModel(ChainId chain)
{
    readonly Dictionary<TxHash, (int Order, LedgerTransaction Transaction)> transactions = [];
    readonly Dictionary<Script, Balance> balances = [];
    readonly Dictionary<long, BlockHeader> blocks = [];
    readonly List<string> events = [];
    long height;

    /// <summary>A batch that this step stands for; the model has taken it in.</summary>
    public LedgerBatch Next(int step)
    {
        var number = Histories.Take(ref step, 12);
        var state = (TxState)(Histories.Take(ref step, 8) + 1);
        var script = Histories.Take(ref step, 4);
        var isUp = Histories.Take(ref step, 3) > 0;
        var at = Samples.At(Histories.Take(ref step, 6));
        var other = Samples.Tx(Histories.Take(ref step, 14));
        var transaction = Samples.Payment(chain, number, script, step, state, LedgerRules.IsInBlock(state) || state == TxState.Reorged ? at : null, number) with
        {
            Inputs = [Samples.Foreign(number), new OutPoint(other, 1)],
            Cause = state is TxState.Replaced or TxState.Conflicted ? other : null,
            CauseBlock = state == TxState.Conflicted ? at : null,
        };
        var (gone, come) = Move(isUp);
        var balance = new Balance(step, -step, script, number, 0, number);
        transactions[transaction.Id] = (transactions.TryGetValue(transaction.Id, out var held) ? held.Order : transactions.Count, transaction);
        balances[Samples.Script(script)] = balance;
        var told = Samples.Event($"{chain} {number} {state}", transaction: transaction.Id);
        if (!events.Contains(told.Id)) events.Add(told.Id);
        return new LedgerBatch
        {
            Chain = chain,
            Position = Samples.Position(height),
            Disconnected = gone,
            Connected = come,
            Transactions = [transaction],
            Balances = new Dictionary<Script, Balance> { [Samples.Script(script)] = balance },
            Events = [told],
        };
    }

    /// <summary>Compares every answer of the store with what the dictionaries say.</summary>
    public async Task CompareAsync(StoreHandle store)
    {
        var all = transactions.Values.OrderBy(held => held.Order).Select(held => held.Transaction).ToList();
        foreach (var transaction in all) (await store.Reader.ReadTransactionAsync(chain, transaction.Id, default))!.Text().ShouldBe(transaction.Text());
        for (var number = 0; number <= height + 1; number++) (await store.Ledger.ReadBlockAsync(chain, number, default)).ShouldBe(blocks.GetValueOrDefault(number));
        (await store.Ledger.ReadPositionAsync(chain, default)).ShouldBe(transactions.Count == 0 ? null : Samples.Position(height));
        (await store.Ledger.ReadOpenAsync(chain, default).ToListAsync()).Select(Samples.Text).ShouldBe(all.Where(IsOpen).Select(Samples.Text), ignoreOrder: true);
        (await store.Ledger.ReadUnspentAsync(chain, default).ToListAsync()).ShouldBe(all.SelectMany(transaction => transaction.Coins).Select(coin => coin.OutPoint).Where(IsUnspent), ignoreOrder: true);
        (await store.Ledger.ReadFromHeightAsync(chain, 2, default)).Select(Samples.Text).ShouldBe(
            all.Where(transaction => LedgerRules.IsInBlock(transaction.State) && transaction.Block!.Value.Height >= 2)
                .OrderBy(transaction => transaction.Block!.Value.Height).ThenBy(transaction => transaction.Position).Select(Samples.Text));
        for (var number = 0; number < 14; number++)
        {
            var coin = new OutPoint(Samples.Tx(number), 1);
            var slice = await store.Ledger.FindAsync(chain, new LedgerQuery { SpendersOf = [coin], OutPoints = [coin] }, default);
            slice.Transactions.Keys.ShouldBe(all.Where(transaction => transaction.Inputs.Contains(coin)).Select(transaction => transaction.Id), ignoreOrder: true);
            slice.Coins.Values.ShouldBe(all.SelectMany(transaction => transaction.Coins).Where(held => held.OutPoint == coin));
        }

        for (var number = 0; number < 4; number++)
        {
            var script = Samples.Script(number);
            (await store.Reader.ReadAddressAsync(chain, script, default)).Balance.ShouldBe(balances.GetValueOrDefault(script) ?? Balance.Empty);
            (await store.Reader.ReadHistoryAsync(chain, script, null, 100, default)).Select(transaction => transaction.Id).ShouldBe(
                all.Where(transaction => transaction.Movements.Any(movement => movement.Script.Equals(script))).Reverse().Select(transaction => transaction.Id));
        }

        (await store.Journal.ReadAsync(0, 1000, new JournalFilter(chain), default)).Entries.Select(entry => entry.Event.Id).ShouldBe(events);
    }

    (List<BlockRef> Gone, List<BlockHeader> Come) Move(bool isUp)
    {
        if (!isUp && height > 0)
        {
            var gone = Samples.At(height);
            blocks.Remove(height--);
            return ([gone], []);
        }

        var come = Samples.Header(++height);
        blocks[height] = come;
        return ([], [come]);
    }

    // Said again in the words of the port, not by calling the rule that the adapters call.
    bool IsOpen(LedgerTransaction transaction) =>
        transaction.State != TxState.Final
        && !(transaction.State is TxState.Replaced or TxState.Conflicted && transactions.TryGetValue(transaction.Cause!.Value, out var rival) && rival.Transaction.State == TxState.Final);

    bool IsUnspent(OutPoint coin)
    {
        var own = transactions[coin.Transaction].Transaction;
        return (own.State == TxState.Final || IsOpen(own))
            && !transactions.Values.Any(held => held.Transaction.State == TxState.Final && held.Transaction.Inputs.Contains(coin));
    }
}

/// <summary>Watches as a plain list.</summary>
sealed class WatchModel
{
    static readonly string[] Accounts = ["alice", "bob", "carol"];

    readonly List<Watch> watches = [];
    int made;

    public async Task StepAsync(StoreHandle handle, int step)
    {
        var store = handle.Watches;
        var what = Histories.Take(ref step, 4);
        var account = Accounts[Histories.Take(ref step, 3)];
        var chain = new ChainId(Histories.Take(ref step, 2) == 0 ? "btc" : "ltc");
        var script = Histories.Take(ref step, 5);
        if (what < 2)
        {
            var watch = Samples.Watch($"w{made++}", script, account, chain, Histories.Take(ref step, 2) == 0 ? null : step % 9, active: Histories.Take(ref step, 2) == 0);
            var held = watches.Find(other => other.Account == account && other.Chain == chain && other.Script.Equals(watch.Script));
            (await store.AddAsync([watch], default)).ShouldBe([new StoredWatch(held ?? watch, Created: held is null)]);
            if (held is null) watches.Add(watch);
        }
        else if (what == 2 && watches.Count > 0)
        {
            var gone = watches[step % watches.Count];
            watches.Remove(gone);
            (await store.RemoveAsync(gone.Account, gone.Id, default))
                .ShouldBe(new RemovedWatch(gone, watches.Exists(other => other.Chain == gone.Chain && other.Script.Equals(gone.Script))));
        }
        else
        {
            await handle.Ledger.CommitAsync(new LedgerBatch { Chain = chain, Activated = [Samples.Script(script)] }, default);
            for (var i = 0; i < watches.Count; i++)
            {
                if (watches[i].Chain == chain && watches[i].Script.Equals(Samples.Script(script))) watches[i] = watches[i] with { Active = true };
            }
        }
    }

    public async Task CompareAsync(IWatchStore store)
    {
        foreach (var account in Accounts) (await store.ListAsync(account, null, null, 1000, default)).ShouldBe(watches.Where(watch => watch.Account == account));
        foreach (var chain in new[] { new ChainId("btc"), new ChainId("ltc") })
        {
            var own = watches.Where(watch => watch.Chain == chain).ToList();
            (await store.CountAsync(chain, default)).ShouldBe(own.DistinctBy(watch => watch.Script).Count());
            foreach (var active in new[] { true, false })
            {
                (await store.ReadScriptsAsync(chain, active, default).ToListAsync()).ShouldBe(
                    own.Where(watch => watch.Active == active).GroupBy(watch => watch.Script)
                        .Select(group => new WatchedScript(group.Key, group.First().Address, group.Min(watch => watch.FromHeight))), ignoreOrder: true);
            }
        }
    }
}
