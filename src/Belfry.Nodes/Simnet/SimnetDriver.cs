using Belfry.Core.Runtime;
using Microsoft.Extensions.Logging;

namespace Belfry.Nodes.Simnet;

/// <summary>How lively a simulated chain is. Chances are from 0 to 1.</summary>
public sealed record SimnetTraffic
{
    /// <summary>Time between payments.</summary>
    public TimeSpan PaymentEvery { get; init; } = TimeSpan.FromMilliseconds(700);

    /// <summary>Payments between two blocks; about one block every five seconds by default.</summary>
    public int PaymentsPerBlock { get; init; } = 7;

    /// <summary>That a payment is replaced by one to a stranger, at each step.</summary>
    public double Steal { get; init; } = 0.025;

    /// <summary>That a payment is replaced by one to the same payee, at each step.</summary>
    public double Bump { get; init; } = 0.03;

    /// <summary>That a waiting payment is thrown out, at each step.</summary>
    public double Evict { get; init; } = 0.015;

    /// <summary>That the newest one to three blocks are displaced, at each block.</summary>
    public double Reorg { get; init; } = 0.12;

    /// <summary>That a block holds a rival of a waiting payment, at each block.</summary>
    public double DoubleSpend { get; init; } = 0.04;

    /// <summary>Blocks whose bodies are kept; a running demonstration must not grow for ever.</summary>
    public int KeepBlocks { get; init; } = 500;
}

/// <summary>Keeps a simulated chain alive: payments between its wallets, blocks, and now and then what goes wrong on real chains.</summary>
public sealed class SimnetDriver(SimulatedChain chain, IEntropy entropy, TimeProvider clock, SimnetTraffic traffic, ILogger logger)
{
    int steps;
    long heldUntil;

    /// <summary>
    /// Nothing happens by itself for this long, so that somebody who makes something happen on purpose is not disturbed. Ends by itself: whoever asked may be gone. A new call
    /// replaces the one before; <see cref="TimeSpan.Zero"/> ends it.
    /// </summary>
    public void Hold(TimeSpan time) => Interlocked.Exchange(ref heldUntil, (clock.GetUtcNow() + time).UtcTicks);

    /// <summary>Steps at the pace of <see cref="SimnetTraffic.PaymentEvery"/> until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        SimnetLog.Running(logger, chain.Settings.Profile.Id, chain.Tip.Height);
        using var timer = new PeriodicTimer(traffic.PaymentEvery, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
                if (clock.GetUtcNow().UtcTicks >= Interlocked.Read(ref heldUntil)) Step();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            SimnetLog.Stopped(logger, chain.Settings.Profile.Id, chain.Tip.Height);
        }
    }

    /// <summary>One payment, perhaps something unpleasant, and every few steps a block.</summary>
    public void Step()
    {
        steps++;
        Pay();
        if (entropy.Chance(traffic.Steal)) WithWaiting(victim => chain.Replace(victim.Id, paysYou: false));
        else if (entropy.Chance(traffic.Bump)) WithWaiting(victim => chain.Replace(victim.Id, paysYou: true));
        else if (entropy.Chance(traffic.Evict)) WithWaiting(victim => chain.Evict(victim.Id));
        if (steps % traffic.PaymentsPerBlock == 0) Block();
        if (steps % 1000 == 0) chain.Prune(traffic.KeepBlocks);
    }

    /// <summary>One of the named wallets, not the miner nor the stranger, pays another one something that looks like a real sum.</summary>
    void Pay()
    {
        var names = chain.Settings.Wallets;
        var from = chain.Wallet(entropy.Pick(names));
        var to = chain.Wallet(entropy.Pick(names));
        if (from == to) to = chain.Wallet(names[^1]);
        var amount = 10_000L * (1 + entropy.Below(20_000));
        var how = new SimPayment { FeeRate = 1 + entropy.Below(30), SpendUnconfirmed = entropy.Chance(0.2), ChangeTo = from.Script };
        if (chain.TryPay(from, [new SimOutput(to.Script, amount)], how) is null) chain.TryPay(chain.Miner, [new SimOutput(from.Script, amount)], how with { ChangeTo = null });
    }

    void Block()
    {
        var height = chain.Tip.Height;
        if (entropy.Chance(traffic.DoubleSpend)) WithWaiting(victim => chain.DoubleSpend(victim.Id));
        else if (entropy.Chance(traffic.Reorg) && height > 10)
        {
            var depth = 1 + entropy.Below(3);
            chain.Reorg(depth, depth + 1, entropy.Pick<SimBranchContent>([SimBranchContent.Return, SimBranchContent.Keep, SimBranchContent.Half]));
            SimnetLog.Reorganised(logger, chain.Settings.Profile.Id, depth, chain.Tip.Height);
        }
        else
        {
            // the wallets take turns with the reward, so that nobody runs dry
            chain.Mine(1, chain.Wallets[(int)(height % chain.Wallets.Count)].Script);
        }
    }

    void WithWaiting<T>(Func<SimTransaction, T> deed)
    {
        var waiting = chain.Mempool;
        if (waiting.Count > 0) deed(entropy.Pick(waiting));
    }
}
