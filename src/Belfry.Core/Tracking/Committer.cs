using Belfry.Core.Chains;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;
using Microsoft.Extensions.Logging;

namespace Belfry.Core.Tracking;

/// <summary>
/// Writes facts down. A store that refuses for now (full disk) is asked again until it takes the batch: ingest waits, nothing is skipped, and readers go on.
/// </summary>
public sealed class Committer(ChainReplica replica, TrackingMetrics metrics, ILogger logger)
{
    static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    ChainPosition? written = replica.Position;
    Storyteller? storyteller;

    /// <summary>Why the last attempt failed, or null when the store takes what it gets.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Called when <see cref="Trouble"/> begins: the caller waits, and people must see why.</summary>
    public Action Troubled { get; set; } = static () => { };

    /// <summary>Commits everything that the lifecycle has listed, and the position when it moved.</summary>
    public async ValueTask CommitAsync(IReadOnlyList<BlockHeader>? silentlyConnected, CancellationToken cancellationToken)
    {
        if (replica.Position is not { } position) return;
        var facts = replica.Lifecycle.TakeFacts();
        if (facts.Count == 0 && position == written && silentlyConnected is null) return;
        storyteller ??= new Storyteller(replica.Parts.Chain.Profile, position.Genesis, replica.Parts.Clock);
        var ledger = replica.Parts.Ledger;
        var scripts = Storyteller.ScriptsOf(facts);
        IReadOnlyDictionary<Script, Balance> balances = scripts.Count == 0
            ? new Dictionary<Script, Balance>()
            : (await ledger.FindAsync(replica.Id, new LedgerQuery { Balances = scripts }, cancellationToken)).Balances;
        var batch = storyteller.Tell(facts, balances, position == written ? null : position);
        if (silentlyConnected is not null) batch = batch with { Connected = [.. silentlyConnected, .. batch.Connected] };

        await UntilTakenAsync(async () =>
        {
            var started = replica.Parts.Clock.GetTimestamp();
            var result = await ledger.CommitAsync(batch, cancellationToken);
            metrics.Committed(replica.Id, batch, result, replica.Parts.Clock.GetElapsedTime(started));
            if (result.Duplicates > 0) TrackingLog.Duplicates(logger, replica.Id.Value, result.Duplicates);
        }, cancellationToken);
        written = position;
        replica.Open.Committed();
    }

    /// <summary>Notes in the store that these scripts are live from now on; a commit, so that a former leader of the chain cannot say so any more.</summary>
    public ValueTask ActivateAsync(IReadOnlyList<Script> scripts, CancellationToken cancellationToken) =>
        UntilTakenAsync(async () => await replica.Parts.Ledger.CommitAsync(new LedgerBatch { Chain = replica.Id, Activated = scripts }, cancellationToken), cancellationToken);

    async ValueTask UntilTakenAsync(Func<ValueTask> write, CancellationToken cancellationToken)
    {
        var wait = TimeSpan.FromMilliseconds(50);
        while (true)
        {
            try
            {
                await write();
                if (Trouble is not null) TrackingLog.StoreRecovered(logger, replica.Id.Value);
                Trouble = null;
                return;
            }
            catch (StoreException problem)
            {
                var begins = Trouble is null;
                Trouble = problem.Message;
                if (begins)
                {
                    TrackingLog.StoreRefuses(logger, problem, replica.Id.Value);
                    Troubled();
                }

                await Task.Delay(wait, replica.Parts.Clock, cancellationToken);
                wait = wait < LongestWait ? wait * 2 : LongestWait;
            }
        }
    }
}
