using System.Numerics;
using Belfry.Core.Chains;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;
using Shouldly;

namespace Belfry.Contracts;

/// <summary>What every ledger keeps.</summary>
public abstract class LedgerContract : StoreContract
{
    [Fact]
    public async Task L01_a_chain_without_a_commit_has_no_position()
    {
        await using var store = await CreateAsync();
        (await store.First.Ledger.ReadPositionAsync(Btc, Never)).ShouldBeNull();
        (await store.First.Ledger.ReadBlockAsync(Btc, 0, Never)).ShouldBeNull();
        (await store.First.Ledger.ReadOpenAsync(Btc, Never).ToListAsync()).ShouldBeEmpty();
        (await store.First.Reader.ReadAddressAsync(Btc, Samples.Script(1), Never)).ShouldBe(new AddressView(Balance.Empty, 0));
    }

    [Fact]
    public async Task L02_what_is_committed_is_read_back_to_the_last_field()
    {
        await using var store = await CreateAsync();
        var transaction = Samples.Payment(Btc, 1, 1, 5000, TxState.Conflicted) with
        {
            IsCoinbase = true,
            Attempt = 3,
            ToldConfirmations = 6,
            Position = 7,
            Block = Samples.At(9),
            Cause = Samples.Tx(99),
            CauseBlock = Samples.At(10),
            Inputs = [Samples.Foreign(1, 4), Samples.Foreign(2, uint.MaxValue)],
            Movements = [new Movement(Samples.Script(2), Samples.Address(2), 1, 4, null, null), new Movement(Samples.Script(1), Samples.Address(1), 5000, 0, "a", "b")],
            Coins = [new Coin(new OutPoint(Samples.Tx(1), 5), Samples.Script(1), 5000), new Coin(new OutPoint(Samples.Tx(1), 2), Samples.Script(2), 1)],
        };
        var balance = new Balance(1, -2, 3, 4, 5, 6);
        var result = await store.First.Ledger.CommitAsync(new LedgerBatch
        {
            Chain = Btc,
            Position = Samples.Position(10),
            Connected = [Samples.Header(9), Samples.Header(10)],
            Transactions = [transaction],
            Balances = new Dictionary<Script, Balance> { [Samples.Script(1)] = balance },
            Events = [Samples.Event("e1")],
        }, Never);
        result.ShouldBe(new CommitResult(1, 0));
        foreach (var handle in new[] { store.First, store.Second })
        {
            (await handle.Ledger.ReadPositionAsync(Btc, Never)).ShouldBe(Samples.Position(10));
            (await handle.Ledger.ReadBlockAsync(Btc, 9, Never)).ShouldBe(Samples.Header(9));
            (await handle.Ledger.ReadBlockAsync(Btc, 8, Never)).ShouldBeNull();
            (await handle.Reader.ReadTransactionAsync(Btc, transaction.Id, Never))!.Text().ShouldBe(transaction.Text());
            (await handle.Reader.ReadAddressAsync(Btc, Samples.Script(1), Never)).ShouldBe(new AddressView(balance, 1));
            var slice = await handle.Ledger.FindAsync(Btc, new LedgerQuery
            {
                OutPoints = [transaction.Coins[0].OutPoint, Samples.Foreign(1, 4)],
                Transactions = [transaction.Id, Samples.Tx(99)],
                Balances = [Samples.Script(1), Samples.Script(2)],
            }, Never);
            slice.Coins.ShouldBe(new Dictionary<OutPoint, Coin> { [transaction.Coins[0].OutPoint] = transaction.Coins[0] });
            slice.Transactions.Keys.ShouldBe([transaction.Id]);
            slice.Balances.ShouldBe(new Dictionary<Script, Balance> { [Samples.Script(1)] = balance });
        }
    }

    [Fact]
    public async Task L03_a_commit_survives_a_restart()
    {
        await using var store = await CreateAsync();
        var transaction = Samples.Payment(Btc, 1, 1, 5000, TxState.Confirmed, Samples.At(5), 3);
        await store.First.Ledger.CommitAsync(
            new LedgerBatch { Chain = Btc, Position = Samples.Position(5), Connected = [Samples.Header(5)], Transactions = [transaction], Events = [Samples.Event("e")] }, Never);
        await store.RestartAsync();
        (await store.First.Ledger.ReadPositionAsync(Btc, Never)).ShouldBe(Samples.Position(5));
        (await store.First.Reader.ReadTransactionAsync(Btc, transaction.Id, Never))!.Text().ShouldBe(transaction.Text());
        (await store.First.Journal.ReadHeadAsync(Never)).ShouldBe(1);
    }

    [Fact]
    public async Task L04_data_of_another_network_is_refused_whole()
    {
        await using var store = await CreateAsync();
        await store.First.Ledger.CommitAsync(new LedgerBatch { Chain = Btc, Position = Samples.Position(5) }, Never);
        var foreign = new LedgerBatch { Chain = Btc, Position = Samples.Position(6, "testnet"), Events = [Samples.Event("e")] };
        var error = await Should.ThrowAsync<StoreException>(async () => await store.First.Ledger.CommitAsync(foreign, Never));
        error.Message.ShouldContain("testnet");
        await Should.ThrowAsync<StoreException>(async () => await store.First.Ledger.CommitAsync(
            new LedgerBatch { Chain = Btc, Position = Samples.Position(6) with { Genesis = Samples.BlockId(1) } }, Never));
        (await store.First.Ledger.ReadPositionAsync(Btc, Never)).ShouldBe(Samples.Position(5));
        (await store.First.Journal.ReadHeadAsync(Never)).ShouldBe(0);
    }

    [Fact]
    public async Task L05_blocks_follow_the_best_chain()
    {
        await using var store = await CreateAsync();
        await store.First.Ledger.CommitAsync(new LedgerBatch { Chain = Btc, Connected = [Samples.Header(1), Samples.Header(2), Samples.Header(3)] }, Never);
        await store.First.Ledger.CommitAsync(
            new LedgerBatch { Chain = Btc, Disconnected = [Samples.At(3), Samples.At(2)], Connected = [Samples.Header(2, branch: 1)] }, Never);
        (await store.First.Ledger.ReadBlockAsync(Btc, 1, Never)).ShouldBe(Samples.Header(1));
        (await store.First.Ledger.ReadBlockAsync(Btc, 2, Never)).ShouldBe(Samples.Header(2, branch: 1));
        (await store.First.Ledger.ReadBlockAsync(Btc, 3, Never)).ShouldBeNull();
    }

    [Fact]
    public async Task L06_transactions_from_a_height_come_by_height_and_position_and_only_from_the_best_chain()
    {
        await using var store = await CreateAsync();
        await store.First.Ledger.CommitAsync(new LedgerBatch
        {
            Chain = Btc,
            Transactions =
            [
                Samples.Payment(Btc, 1, 1, 1, TxState.Confirmed, Samples.At(7), 2),
                Samples.Payment(Btc, 2, 1, 1, TxState.Final, Samples.At(5), 9),
                Samples.Payment(Btc, 3, 1, 1, TxState.Confirmed, Samples.At(7), 1),
                Samples.Payment(Btc, 4, 1, 1, TxState.Reorged, Samples.At(7), 0),
                Samples.Payment(Btc, 5, 1, 1, TxState.Final, Samples.At(4), 0),
                Samples.Payment(Btc, 6, 1, 1),
            ],
        }, Never);
        (await store.First.Ledger.ReadFromHeightAsync(Btc, 5, Never)).Select(transaction => transaction.Id).ShouldBe([Samples.Tx(2), Samples.Tx(3), Samples.Tx(1)]);
    }

    [Fact]
    public async Task L07_open_are_all_that_may_still_change()
    {
        await using var store = await CreateAsync();
        await store.First.Ledger.CommitAsync(new LedgerBatch
        {
            Chain = Btc,
            Position = Samples.Position(2000),
            Transactions =
            [
                Samples.Payment(Btc, 1, 1, 1),
                Samples.Payment(Btc, 2, 1, 1, TxState.Confirmed, Samples.At(1999), 1),
                Samples.Payment(Btc, 3, 1, 1, TxState.Final, Samples.At(1000), 1),
                Samples.Payment(Btc, 4, 1, 1, TxState.Replaced) with { Cause = Samples.Tx(1) },
                Samples.Payment(Btc, 5, 1, 1, TxState.Replaced) with { Cause = Samples.Tx(3) },
                Samples.Payment(Btc, 6, 1, 1, TxState.Conflicted) with { Cause = Samples.Tx(3), CauseBlock = Samples.At(1000) },
                Samples.Payment(Btc, 7, 1, 1, TxState.Conflicted) with { Cause = Samples.Tx(77), CauseBlock = Samples.At(1500) },
                Samples.Payment(Btc, 8, 1, 1, TxState.Conflicted) with { Cause = Samples.Tx(77), CauseBlock = Samples.At(2000 - LedgerRules.UntrackedRivalDepth) },
                Samples.Payment(Btc, 9, 1, 1, TxState.Dropped),
                Samples.Payment(Btc, 10, 1, 1, TxState.Reorged, Samples.At(1998), 1),
            ],
        }, Never);
        (await store.First.Ledger.ReadOpenAsync(Btc, Never).ToListAsync()).Select(transaction => transaction.Id)
            .ShouldBe(new long[] { 1, 2, 4, 7, 9, 10 }.Select(Samples.Tx), ignoreOrder: true);
    }

    [Fact]
    public async Task L08_unspent_are_the_coins_that_no_final_transaction_spends_and_that_are_not_undone_for_good()
    {
        await using var store = await CreateAsync();
        LedgerTransaction Spend(long number, long of, TxState state) =>
            Samples.Payment(Btc, number, 2, 1, state) with { Inputs = [new OutPoint(Samples.Tx(of), 1)], Coins = [] };
        await store.First.Ledger.CommitAsync(new LedgerBatch
        {
            Chain = Btc,
            Transactions =
            [
                Samples.Payment(Btc, 1, 1, 1, TxState.Final, Samples.At(1), 0),
                Samples.Payment(Btc, 2, 1, 1, TxState.Final, Samples.At(1), 1),
                Samples.Payment(Btc, 3, 1, 1, TxState.Final, Samples.At(1), 2),
                Samples.Payment(Btc, 4, 1, 1),
                Samples.Payment(Btc, 5, 1, 1, TxState.Replaced) with { Cause = Samples.Tx(1) },
                Samples.Payment(Btc, 6, 1, 1, TxState.Replaced) with { Cause = Samples.Tx(4) },
                Spend(12, 2, TxState.Confirmed),
                Spend(13, 3, TxState.Final),
            ],
        }, Never);
        (await store.First.Ledger.ReadUnspentAsync(Btc, Never).ToListAsync())
            .ShouldBe(new long[] { 1, 2, 4, 6 }.Select(number => new OutPoint(Samples.Tx(number), 1)), ignoreOrder: true);
    }

    [Fact]
    public async Task L09_spenders_are_found_in_any_state()
    {
        await using var store = await CreateAsync();
        var shared = Samples.Foreign(50);
        await store.First.Ledger.CommitAsync(new LedgerBatch
        {
            Chain = Btc,
            Transactions = [.. Enum.GetValues<TxState>().Select(state => Samples.Payment(Btc, (int)state, 1, 1, state) with { Inputs = [Samples.Foreign(1), shared] })],
        }, Never);
        var slice = await store.First.Ledger.FindAsync(Btc, new LedgerQuery { SpendersOf = [shared] }, Never);
        slice.Transactions.Values.Select(transaction => transaction.State).Order().ShouldBe(Enum.GetValues<TxState>());
        (await store.First.Ledger.FindAsync(Ltc, new LedgerQuery { SpendersOf = [shared] }, Never)).Transactions.ShouldBeEmpty();
    }

    [Fact]
    public async Task L10_history_comes_newest_first_in_pages_that_neither_skip_nor_repeat()
    {
        await using var store = await CreateAsync();
        for (var number = 1; number <= 25; number++)
            await store.First.Ledger.CommitAsync(new LedgerBatch { Chain = Btc, Transactions = [Samples.Payment(Btc, number, number % 2, 1)] }, Never);
        var pages = new List<TxHash>();
        while (true)
        {
            var page = await store.First.Reader.ReadHistoryAsync(Btc, Samples.Script(1), pages.Count == 0 ? null : pages[^1], 4, Never);
            if (page.Count == 0) break;
            pages.AddRange(page.Select(transaction => transaction.Id));
            // A transaction that changes between two pages stays at its place.
            await store.First.Ledger.CommitAsync(
                new LedgerBatch { Chain = Btc, Transactions = [Samples.Payment(Btc, 1, 1, 1, TxState.Confirmed, Samples.At(3), 1)] }, Never);
        }

        pages.ShouldBe(Enumerable.Range(0, 13).Select(i => Samples.Tx(25 - (2 * i))));
        await Should.ThrowAsync<ArgumentOutOfRangeException>(async () => await store.First.Reader.ReadHistoryAsync(Btc, Samples.Script(1), null, 0, Never));
    }

    [Fact]
    public async Task L11_an_address_and_its_journal_position_are_of_one_moment()
    {
        await using var store = await CreateAsync();
        const int Commits = 200;
        var writing = Task.Run(async () =>
        {
            for (var number = 1; number <= Commits; number++)
            {
                await store.First.Ledger.CommitAsync(new LedgerBatch
                {
                    Chain = Btc,
                    Balances = new Dictionary<Script, Balance> { [Samples.Script(1)] = Balance.Empty with { Transactions = number } },
                    Events = [Samples.Event($"e{number}")],
                }, Never);
            }
        }, Never);
        AddressView view;
        do
        {
            view = await store.Second.Reader.ReadAddressAsync(Btc, Samples.Script(1), Never);
            view.Balance.Transactions.ShouldBe(view.Sequence);
        }
        while (view.Sequence < Commits && !writing.IsFaulted);
        await writing;
    }

    [Fact]
    public async Task L12_a_refused_commit_takes_no_neighbour_along()
    {
        await using var store = await CreateAsync();
        await store.First.Ledger.CommitAsync(new LedgerBatch { Chain = Ltc, Position = Samples.Position(1) }, Never);
        var commits = Enumerable.Range(0, 60).Select(number => Task.Run(async () => await store.First.Ledger.CommitAsync(
            number % 3 == 0
                ? new LedgerBatch { Chain = Ltc, Position = Samples.Position(2, "testnet"), Events = [Samples.Event($"bad {number}")] }
                : new LedgerBatch { Chain = Btc, Transactions = [Samples.Payment(Btc, number, 1, 1)], Events = [Samples.Event($"good {number}")] }, Never), Never)).ToList();
        for (var number = 0; number < commits.Count; number++)
        {
            if (number % 3 == 0) await Should.ThrowAsync<StoreException>(commits[number]);
            else (await commits[number]).Duplicates.ShouldBe(0);
        }

        var page = await store.First.Journal.ReadAsync(0, 100, null, Never);
        page.Entries.Select(entry => entry.Event.Id).ShouldBe(Enumerable.Range(0, 60).Where(number => number % 3 != 0).Select(number => $"good {number}"), ignoreOrder: true);
    }

    [Fact]
    public async Task L13_amounts_of_any_size_are_exact()
    {
        await using var store = await CreateAsync();
        BigInteger[] sizes = [0, 1, -1, long.MaxValue, long.MinValue, (BigInteger)long.MaxValue + 1, (BigInteger)long.MinValue - 1, BigInteger.Pow(2, 256) - 1, -BigInteger.Pow(10, 77)];
        foreach (var size in sizes)
        {
            var amount = new Amount(size);
            var balance = new Balance(amount, amount, amount, amount, amount, 1);
            var transaction = Samples.Payment(Btc, 1, 1, amount) with { Fee = amount };
            await store.First.Ledger.CommitAsync(
                new LedgerBatch { Chain = Btc, Transactions = [transaction], Balances = new Dictionary<Script, Balance> { [Samples.Script(1)] = balance } }, Never);
            (await store.First.Reader.ReadAddressAsync(Btc, Samples.Script(1), Never)).Balance.ShouldBe(balance);
            (await store.First.Reader.ReadTransactionAsync(Btc, transaction.Id, Never))!.Text().ShouldBe(transaction.Text());
        }
    }

    [Fact]
    public async Task L14_a_replaced_version_of_a_transaction_leaves_nothing_behind()
    {
        await using var store = await CreateAsync();
        await store.First.Ledger.CommitAsync(new LedgerBatch { Chain = Btc, Transactions = [Samples.Payment(Btc, 1, 1, 10, TxState.Confirmed, Samples.At(4), 1)] }, Never);
        var next = Samples.Payment(Btc, 1, 2, 20) with { Inputs = [Samples.Foreign(9)], Coins = [new Coin(new OutPoint(Samples.Tx(1), 0), Samples.Script(2), 20)] };
        await store.First.Ledger.CommitAsync(new LedgerBatch { Chain = Btc, Transactions = [next] }, Never);
        (await store.First.Reader.ReadTransactionAsync(Btc, next.Id, Never))!.Text().ShouldBe(next.Text());
        (await store.First.Reader.ReadHistoryAsync(Btc, Samples.Script(1), null, 9, Never)).ShouldBeEmpty();
        (await store.First.Reader.ReadHistoryAsync(Btc, Samples.Script(2), null, 9, Never)).Count.ShouldBe(1);
        (await store.First.Ledger.ReadFromHeightAsync(Btc, 0, Never)).ShouldBeEmpty();
        (await store.First.Ledger.ReadUnspentAsync(Btc, Never).ToListAsync()).ShouldBe([new OutPoint(Samples.Tx(1), 0)]);
        var slice = await store.First.Ledger.FindAsync(Btc, new LedgerQuery { SpendersOf = [Samples.Foreign(1)], OutPoints = [new OutPoint(Samples.Tx(1), 1)] }, Never);
        slice.Transactions.ShouldBeEmpty();
        slice.Coins.ShouldBeEmpty();
    }

    [Fact]
    public async Task L15_a_batch_that_contradicts_itself_is_misuse()
    {
        await using var store = await CreateAsync();
        var payment = Samples.Payment(Btc, 1, 1, 1);
        LedgerTransaction[] wrong =
        [
            Samples.Payment(Ltc, 1, 1, 1),
            payment with { Coins = [new Coin(Samples.Foreign(1), Samples.Script(1), 1)] },
            payment with { Movements = [payment.Movements[0], payment.Movements[0]] },
            payment with { Coins = [payment.Coins[0], payment.Coins[0]] },
        ];
        foreach (var transaction in wrong)
            await Should.ThrowAsync<ArgumentException>(async () => await store.First.Ledger.CommitAsync(new LedgerBatch { Chain = Btc, Transactions = [transaction] }, Never));
        (await store.First.Reader.ReadTransactionAsync(Btc, payment.Id, Never)).ShouldBeNull();
    }

    [Fact]
    public async Task L16_only_live_watched_scripts_are_found()
    {
        await using var store = await CreateAsync();
        await store.First.Watches.AddAsync([Samples.Watch("w1", 1), Samples.Watch("w2", 2, fromHeight: 5, active: false), Samples.Watch("w3", 3, chain: Ltc)], Never);
        var query = new LedgerQuery { Scripts = [.. Enumerable.Range(0, 5).Select(number => Samples.Script(number))] };
        (await store.Second.Ledger.FindAsync(Btc, query, Never)).Scripts.ShouldBe(new Dictionary<Script, string> { [Samples.Script(1)] = Samples.Address(1) });
        await store.First.Watches.RemoveAsync("alice", "w1", Never);
        (await store.Second.Ledger.FindAsync(Btc, query, Never)).Scripts.ShouldBeEmpty();
    }

    [Fact]
    public async Task L17_chains_and_neighbours_share_nothing()
    {
        await using var store = await CreateAsync();
        await store.First.Ledger.CommitAsync(new LedgerBatch { Chain = Btc, Transactions = [Samples.Payment(Btc, 1, 1, 7)], Events = [Samples.Event("e")] }, Never);
        await store.First.Ledger.CommitAsync(new LedgerBatch { Chain = Ltc, Transactions = [Samples.Payment(Ltc, 1, 1, 9)] }, Never);
        (await store.First.Reader.ReadTransactionAsync(Btc, Samples.Tx(1), Never))!.Coins[0].Value.ShouldBe(new Amount(7));
        (await store.First.Reader.ReadTransactionAsync(Ltc, Samples.Tx(1), Never))!.Coins[0].Value.ShouldBe(new Amount(9));
        (await store.Neighbour.Reader.ReadTransactionAsync(Btc, Samples.Tx(1), Never)).ShouldBeNull();
        (await store.Neighbour.Journal.ReadHeadAsync(Never)).ShouldBe(0);
    }

    [Fact]
    public void L18_any_history_is_what_a_plain_model_makes_of_it() => Histories.Check(HistoryCount, async steps =>
    {
        await using var store = await CreateAsync();
        var models = new[] { new LedgerModel(Btc), new LedgerModel(Ltc) };
        foreach (var step in steps)
        {
            await store.First.Ledger.CommitAsync(models[step & 1].Next(step >>> 1), Never);
            if (step % 37 == 0) await store.RestartAsync();
        }

        foreach (var model in models) await model.CompareAsync(store.Second);
    });

    [Fact]
    public async Task L19_coins_that_a_later_branch_could_spend_are_unspent_after_a_restart()
    {
        await using var store = await CreateAsync();
        var coinOf = (long number) => new OutPoint(Samples.Tx(number), 1);
        LedgerTransaction Spend(long number, long of, TxState state) => Samples.Payment(Btc, number, 2, 1, state) with { Inputs = [coinOf(of)], Coins = [] };
        await store.First.Ledger.CommitAsync(new LedgerBatch
        {
            Chain = Btc,
            Position = Samples.Position(5000),
            Transactions =
            [
                Samples.Payment(Btc, 1, 1, 1, TxState.Final, Samples.At(4000), 0),
                Samples.Payment(Btc, 2, 1, 1, TxState.Invalidated, Samples.At(4999), 0) with { IsCoinbase = true, Inputs = [] },
                Samples.Payment(Btc, 3, 1, 1, TxState.Reorged, Samples.At(4999), 1),
                Samples.Payment(Btc, 4, 1, 1, TxState.Dropped),
                Samples.Payment(Btc, 5, 1, 1, TxState.Replaced) with { Cause = Samples.Tx(900) },
                Samples.Payment(Btc, 6, 1, 1, TxState.Conflicted) with { Cause = Samples.Tx(900), CauseBlock = Samples.At(4999) },
                Samples.Payment(Btc, 7, 1, 1, TxState.Conflicted) with { Cause = Samples.Tx(900), CauseBlock = Samples.At(5000 - LedgerRules.UntrackedRivalDepth) },
                .. Enum.GetValues<TxState>().SelectMany(state => new[]
                {
                    Samples.Payment(Btc, 20 + (int)state, 1, 1, TxState.Final, Samples.At(4000), 20 + (int)state),
                    Spend(40 + (int)state, 20 + (int)state, state),
                }),
            ],
        }, Never);
        await store.RestartAsync();
        var kept = new long[] { 1, 2, 3, 4, 5, 6 }.Concat(Enum.GetValues<TxState>().Where(state => state != TxState.Final).Select(state => 20L + (int)state)).ToList();
        (await store.First.Ledger.ReadUnspentAsync(Btc, Never).ToListAsync()).ShouldBe(kept.Select(coinOf), ignoreOrder: true);

        // A reorg below finality: the final spender leaves its block, and what it spent can be spent by somebody else.
        await store.First.Ledger.CommitAsync(new LedgerBatch { Chain = Btc, Transactions = [Spend(40 + (int)TxState.Final, 20 + (int)TxState.Final, TxState.Reorged)] }, Never);
        await store.RestartAsync();
        (await store.First.Ledger.ReadUnspentAsync(Btc, Never).ToListAsync()).ShouldBe(kept.Append(20 + (int)TxState.Final).Select(coinOf), ignoreOrder: true);
    }

    [Fact]
    public async Task L20_disconnects_and_an_open_gap_survive_a_restart()
    {
        await using var store = await CreateAsync();
        foreach (var (disconnects, gap) in new (long, string?)[] { (0, null), (7, "frame_gap"), (long.MaxValue, "node_behind"), (8, null) })
        {
            var position = Samples.Position(5) with { Disconnects = disconnects, Gap = gap };
            await store.First.Ledger.CommitAsync(new LedgerBatch { Chain = Btc, Position = position }, Never);
            await store.RestartAsync();
            (await store.Second.Ledger.ReadPositionAsync(Btc, Never)).ShouldBe(position);
        }
    }
}
