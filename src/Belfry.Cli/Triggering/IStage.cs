namespace Belfry.Cli.Triggering;

/// <summary>A chain on which things can be made to happen without harm: a simulated one, or a regression-test node. Transactions are named by their id.</summary>
interface IStage : IDisposable
{
    /// <summary>An address that nobody was paid at yet.</summary>
    Task<string> NewAddressAsync(CancellationToken cancellationToken);

    /// <summary>Pays; the transaction waits in the mempool. Amounts are decimal text in the currency's unit.</summary>
    Task<string> PayAsync(string address, string amount, CancellationToken cancellationToken);

    /// <summary>Replaces a waiting transaction by one with a higher fee: to the same payee, or to somebody else.</summary>
    Task<string> ReplaceAsync(string transaction, bool paysYou, CancellationToken cancellationToken);

    /// <summary>Mines a block that holds a rival of a waiting transaction.</summary>
    Task<string> DoubleSpendAsync(string transaction, CancellationToken cancellationToken);

    /// <summary>Pays in a way that lets the transaction be lost, and loses it: it leaves the mempool, and nothing takes its place.</summary>
    /// <param name="address">Whom.</param>
    /// <param name="amount">How much.</param>
    /// <param name="paid">Runs between the payment and its loss, with the transaction's id.</param>
    /// <param name="cancellationToken">Stops.</param>
    Task PayAndDropAsync(string address, string amount, Func<string, Task> paid, CancellationToken cancellationToken);

    /// <summary>Mines blocks, with what waits in the mempool or without.</summary>
    Task MineAsync(int blocks, bool empty, CancellationToken cancellationToken);

    /// <summary>
    /// Displaces the newest blocks by one block more; their transactions wait again, unless <paramref name="rivalOf"/> names one: then the new branch holds a rival of it.
    /// </summary>
    Task<string?> ReorganiseAsync(int depth, string? rivalOf, CancellationToken cancellationToken);
}
