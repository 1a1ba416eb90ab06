using Belfry.Client;

namespace Belfry.Cli.Triggering;

/// <summary>A simulated chain of a server, by the request that only such a chain answers.</summary>
sealed class SimulatedStage(BelfryClient client, string chain) : IStage
{
    public async Task<string> NewAddressAsync(CancellationToken cancellationToken) => (await DoAsync(new SimulatedDeed("address"), cancellationToken)).Address!;

    public async Task<string> PayAsync(string address, string amount, CancellationToken cancellationToken) =>
        (await DoAsync(new SimulatedDeed("pay") { To = address, Amount = amount }, cancellationToken)).TxHash!;

    public async Task<string> ReplaceAsync(string transaction, bool paysYou, CancellationToken cancellationToken) =>
        (await DoAsync(new SimulatedDeed("replace") { TxHash = transaction, PaysYou = paysYou }, cancellationToken)).TxHash!;

    public async Task<string> DoubleSpendAsync(string transaction, CancellationToken cancellationToken) =>
        (await DoAsync(new SimulatedDeed("double_spend") { TxHash = transaction }, cancellationToken)).TxHash!;

    public async Task PayAndDropAsync(string address, string amount, Func<string, Task> paid, CancellationToken cancellationToken)
    {
        var transaction = await PayAsync(address, amount, cancellationToken);
        await paid(transaction);
        await DoAsync(new SimulatedDeed("drop") { TxHash = transaction }, cancellationToken);
    }

    public Task MineAsync(int blocks, bool empty, CancellationToken cancellationToken) => DoAsync(new SimulatedDeed("mine") { Blocks = blocks, Empty = empty }, cancellationToken);

    public async Task<string?> ReorganiseAsync(int depth, string? rivalOf, CancellationToken cancellationToken) =>
        (await DoAsync(new SimulatedDeed("reorg") { Depth = depth, TxHash = rivalOf }, cancellationToken)).TxHash;

    public void Dispose()
    {
        // the client is the caller's
    }

    Task<SimulatedResult> DoAsync(SimulatedDeed deed, CancellationToken cancellationToken) => client.SimulateAsync(chain, deed, cancellationToken);
}
