namespace Belfry.Cli.Triggering;

/// <summary>A whole life of a payment.</summary>
/// <param name="Name">What it is triggered by.</param>
/// <param name="Description">For people.</param>
/// <param name="Script">Plays it.</param>
sealed record Scenario(string Name, string Description, Func<Play, Task> Script)
{
    /// <summary>All that can be triggered.</summary>
    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("payment", "A payment is seen and confirmed; with --rbf replaced by a higher fee on the way, with --reorg-after taken back by a longer branch and confirmed again.", PaymentAsync),
        new("late", "Nothing is paid while blocks come (--after); then the payment comes, two blocks leave it out, and the third confirms it.", LateAsync),
        new("underpaid", "60 % of the amount is paid and confirmed; with --then-rest the other 40 % follow.", UnderpaidAsync),
        new("overpaid", "150 % of the amount is paid and confirmed.", play => ConfirmedAsync(play, 1.5m)),
        new("replaced", "The payment waits, and is replaced by a transaction that pays somebody else.", ReplacedAsync),
        new("double-spend", "The payment waits, and a block holds another transaction that spends the same coins.", DoubleSpendAsync),
        new("dropped", "The payment waits and leaves the mempool, and nothing takes its place.", play => play.PayAndDropAsync()),
        new("orphaned", "The payment is confirmed; then a longer branch holds another transaction that spends the same coins.", OrphanedAsync),
    ];

    static async Task PaymentAsync(Play play)
    {
        var transaction = await play.PayAsync();
        if (play.Settings.Rbf) transaction = await play.ReplaceAsync(transaction, paysYou: true);
        var confirmed = await play.ConfirmAsync(transaction);
        if (play.Settings.ReorgAfter is { } time)
        {
            await play.WaitAsync(time, " before its block is taken back");
            await play.ReorganiseAsync(transaction, confirmed, steal: false);
            await play.ConfirmAsync(transaction);
        }

        if (play.Settings.Confirmations > 1) await play.MineAsync(play.Settings.Confirmations - 1, empty: false);
    }

    static async Task LateAsync(Play play)
    {
        await play.MineAsync(1, empty: false);
        await play.WaitAsync(play.Settings.Late, ": the time to pay runs out");
        await play.MineAsync(1, empty: false);
        var transaction = await play.PayAsync();
        await play.MineAsync(2, empty: true);
        await play.ConfirmAsync(transaction);
    }

    static async Task UnderpaidAsync(Play play)
    {
        await ConfirmedAsync(play, 0.6m);
        if (play.Settings.ThenRest) await ConfirmedAsync(play, 0.4m);
    }

    static async Task ConfirmedAsync(Play play, decimal share) => await play.ConfirmAsync(await play.PayAsync(share));

    static async Task ReplacedAsync(Play play)
    {
        await play.ReplaceAsync(await play.PayAsync(), paysYou: false);
        await play.MineAsync(1, empty: false);
    }

    static async Task DoubleSpendAsync(Play play) => await play.DoubleSpendAsync(await play.PayAsync());

    static async Task OrphanedAsync(Play play)
    {
        var transaction = await play.PayAsync();
        await play.ReorganiseAsync(transaction, await play.ConfirmAsync(transaction), steal: true);
    }
}
