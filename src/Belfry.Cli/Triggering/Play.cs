using System.Globalization;
using Belfry.Client;

namespace Belfry.Cli.Triggering;

/// <summary>How a scenario is to be played.</summary>
/// <param name="Amount">What is asked for, in the currency's unit.</param>
/// <param name="Currency">Its code.</param>
/// <param name="Address">Who is to be paid.</param>
/// <param name="Patience">How long each event may take.</param>
sealed record PlaySettings(decimal Amount, string Currency, string Address, TimeSpan Patience)
{
    /// <summary>Replace the payment by one with a higher fee.</summary>
    public bool Rbf { get; init; }

    /// <summary>Take its block back after this time; null: never.</summary>
    public TimeSpan? ReorgAfter { get; init; }

    /// <summary>Confirmations in the end.</summary>
    public int Confirmations { get; init; } = 1;

    /// <summary>How long a late payment lets people wait.</summary>
    public TimeSpan Late { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Whether an underpayment is completed.</summary>
    public bool ThenRest { get; init; }
}

/// <summary>One scenario being played: does things on the stage, writes them down, and waits for what must be told.</summary>
sealed class Play(IStage stage, Timeline timeline, PlaySettings settings, Func<CancellationToken, Task<long>> readHeight, CancellationToken cancellationToken)
{
    int mark;

    public PlaySettings Settings => settings;

    /// <summary>Pays a share of the amount, and waits until it is told.</summary>
    public async Task<string> PayAsync(decimal share = 1)
    {
        var amount = Text(settings.Amount * share);
        mark = timeline.Count;
        var transaction = await stage.PayAsync(settings.Address, amount, cancellationToken);
        timeline.Did($"pay {amount} {settings.Currency} to {settings.Address}", transaction);
        await SeenAsync(transaction);
        return transaction;
    }

    public async Task PayAndDropAsync()
    {
        var amount = Text(settings.Amount);
        mark = timeline.Count;
        string? lost = null;
        await stage.PayAndDropAsync(settings.Address, amount, async transaction =>
        {
            lost = transaction;
            timeline.Did($"pay {amount} {settings.Currency} to {settings.Address}", transaction);
            await SeenAsync(transaction);
            mark = timeline.Count;
            timeline.Did("let it leave the mempool, with nothing in its place", transaction);
        }, cancellationToken);
        await ExpectAsync("transaction_dropped", told => IsOf(told, lost!, "transaction_dropped"));
    }

    public async Task<string> ReplaceAsync(string transaction, bool paysYou)
    {
        mark = timeline.Count;
        var rival = await stage.ReplaceAsync(transaction, paysYou, cancellationToken);
        timeline.Did(paysYou ? "replace it by one with a higher fee that pays the same" : "replace it by one that pays somebody else", rival);
        await ExpectAsync(paysYou ? "transaction_replaced, still pays you" : "transaction_replaced, pays somebody else", told => IsOf(told, transaction, "transaction_replaced") && Pays(told) == paysYou);
        if (paysYou) await SeenAsync(rival);
        return rival;
    }

    public async Task DoubleSpendAsync(string transaction)
    {
        mark = timeline.Count;
        timeline.Did("mine a block that spends the same coins otherwise", await stage.DoubleSpendAsync(transaction, cancellationToken));
        await LostAsync(transaction);
    }

    /// <summary>Mines a block that confirms the transaction.</summary>
    public async Task<BelfryEvent?> ConfirmAsync(string transaction)
    {
        mark = timeline.Count;
        timeline.Did("mine a block");
        await stage.MineAsync(1, empty: false, cancellationToken);
        return await ExpectAsync("verified_tx, 1 confirmation", told => IsOf(told, transaction, "verified_tx"));
    }

    public Task MineAsync(int blocks, bool empty)
    {
        timeline.Did($"mine {blocks} {(blocks == 1 ? "block" : "blocks")}{(empty ? " without it" : "")}");
        return stage.MineAsync(blocks, empty, cancellationToken);
    }

    /// <summary>Takes the block that confirmed it back; on the new branch it waits, or has lost its coins to somebody else.</summary>
    public async Task ReorganiseAsync(string transaction, BelfryEvent? confirmed, bool steal)
    {
        var depth = confirmed?.Data.BlockHeight is { } height ? (int)Math.Max(1, await readHeight(cancellationToken) - height + 1) : 1;
        mark = timeline.Count;
        timeline.Did($"displace {depth} {(depth == 1 ? "block" : "blocks")} by {depth + 1}{(steal ? ", of which one spends the same coins otherwise" : "")}");
        await stage.ReorganiseAsync(depth, steal ? transaction : null, cancellationToken);
        await ExpectAsync("transaction_reorged", told => IsOf(told, transaction, "transaction_reorged"));
        if (steal) await LostAsync(transaction);
    }

    public Task WaitAsync(TimeSpan time, string why)
    {
        timeline.Did(string.Create(CultureInfo.InvariantCulture, $"wait {time.TotalSeconds:0.###} s{why}"));
        return Task.Delay(time, TimeProvider.System, cancellationToken);
    }

    static bool IsOf(BelfryEvent told, string transaction, string kind) => told.Data.Event == kind && told.Data.TransactionHash == transaction;

    static bool? Pays(BelfryEvent told) => told.Data.Others?.TryGetValue("pays_you", out var pays) == true ? pays.ValueKind == System.Text.Json.JsonValueKind.True : null;

    static string Text(decimal amount) => amount.ToString("0.########", CultureInfo.InvariantCulture);

    Task LostAsync(string transaction) =>
        ExpectAsync("transaction_replaced, pays somebody else", told => IsOf(told, transaction, "transaction_replaced") && Pays(told) == false);

    async Task SeenAsync(string transaction)
    {
        await ExpectAsync("new_transaction", told => IsOf(told, transaction, "new_transaction"));
        await ExpectAsync("new_payment", told => IsOf(told, transaction, "new_payment"));
    }

    Task<BelfryEvent?> ExpectAsync(string what, Func<BelfryEvent, bool> fits) => timeline.ExpectAsync(what, mark, fits, settings.Patience, cancellationToken);
}
