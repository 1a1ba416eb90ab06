using Belfry.Core.Chains;
using Belfry.Core.Ledger;

namespace Belfry.Core.Tracking;

/// <summary>
/// Balances of the scripts of one batch. A balance is the sum over the script's transactions of what each contributes in its state, so every transition
/// moves it by the difference, and a recount from the transactions gives the same.
/// </summary>
public sealed class BalanceSheet(IReadOnlyDictionary<Script, Balance> before)
{
    readonly Dictionary<Script, Balance> changed = [];

    /// <summary>Balances that differ from those before the batch.</summary>
    public IReadOnlyDictionary<Script, Balance> Changed => changed;

    /// <summary>The balance now.</summary>
    public Balance Of(Script script) => changed.GetValueOrDefault(script) ?? before.GetValueOrDefault(script) ?? Balance.Empty;

    /// <summary>Moves a transaction from one state to another for one of its scripts.</summary>
    /// <returns>Whether the balance changed.</returns>
    public bool Move(LedgerTransaction? from, LedgerTransaction to, Script script)
    {
        var old = Contribution(from, script);
        var present = Contribution(to, script);
        if (old == present) return false;
        changed[script] = Add(Add(Of(script), old, -1), present, 1);
        return true;
    }

    /// <summary>What a transaction in its state adds to the balance of one script.</summary>
    public static Balance Contribution(LedgerTransaction? transaction, Script script)
    {
        if (transaction is null || transaction.State is not (TxState.Seen or TxState.Confirmed or TxState.Final)) return Balance.Empty;
        foreach (var movement in transaction.Movements)
        {
            if (!movement.Script.Equals(script)) continue;
            var sums = Balance.Empty with { Received = movement.Received, Sent = movement.Sent, Transactions = 1 };
            return transaction switch
            {
                { State: TxState.Seen } => sums with { Unconfirmed = movement.Net },
                { State: TxState.Confirmed, IsCoinbase: true } => sums with { Immature = movement.Net },
                _ => sums with { Confirmed = movement.Net },
            };
        }

        return Balance.Empty;
    }

    static Balance Add(Balance sum, Balance change, int sign) => new(
        new Amount(sum.Confirmed.Units + (sign * change.Confirmed.Units)),
        new Amount(sum.Unconfirmed.Units + (sign * change.Unconfirmed.Units)),
        new Amount(sum.Immature.Units + (sign * change.Immature.Units)),
        new Amount(sum.Received.Units + (sign * change.Received.Units)),
        new Amount(sum.Sent.Units + (sign * change.Sent.Units)),
        sum.Transactions + (sign * change.Transactions));
}
