using Belfry.Core.Chains;
using Belfry.Core.Leadership;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;

namespace Belfry.Sql.Postgres;

/// <summary>Leases in the database, by the database's clock; the epoch is checked by the transaction that commits.</summary>
sealed class PostgresLeases(PostgresReads reads, PostgresLedger ledger, TimeProvider clock, string writer) : IChainLease, IWatchAcknowledgements
{
    readonly Bell bell = new(clock);

    public long Acknowledgements => bell.Rung;

    public async ValueTask<Lease?> AcquireAsync(ChainId chain, string server, TimeSpan duration, CancellationToken cancellationToken)
    {
        LeaseRules.Check(server, duration);
        // Asked again after a broken connection, a server finds itself as the holder, and goes on in the next epoch.
        var epoch = await reads.AskAsync<long?>(
            batch => batch.Add("lease_acquire", chain.Value, server, duration, writer),
            async (row, stop) => await row.ReadAsync(stop) ? row.Number(0) : null, cancellationToken);
        return epoch is { } granted ? new Lease(chain, server, granted) : null;
    }

    public async ValueTask<bool> RenewAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        LeaseRules.Check(lease.Server, duration);
        return await reads.RunAsync(batch => batch.Add("lease_renew", lease.Chain.Value, lease.Epoch, duration), cancellationToken) > 0;
    }

    public async ValueTask ReleaseAsync(Lease lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        await reads.RunAsync(batch => batch.Add("lease_release", lease.Chain.Value, lease.Epoch), cancellationToken);
    }

    public ValueTask<ChainLeader?> ReadLeaderAsync(ChainId chain, CancellationToken cancellationToken) => reads.AskAsync(
        batch => batch.Add("lease", chain.Value),
        async (row, stop) => await row.ReadAsync(stop) ? new ChainLeader(row.GetString(0), row.GetInt64(1), row.Value<TimeSpan>(2)) : null, cancellationToken);

    public async ValueTask AcknowledgeAsync(Lease lease, long version, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        var done = await reads.AskAsync(
            batch => batch.Add("watches_acknowledge", lease.Chain.Value, lease.Epoch, version), async (row, stop) => await row.ReadAsync(stop) ? row.GetInt64(0) : 0, cancellationToken);
        if (done == 0) throw new LeaseLostException(lease);
        Stir();
    }

    public ValueTask<long> ReadAcknowledgedAsync(ChainId chain, CancellationToken cancellationToken) => reads.AskAsync(
        batch => batch.Add("watches_acknowledged", chain.Value), async (row, stop) => await row.ReadAsync(stop) ? row.GetInt64(0) : 0, cancellationToken);

    public ValueTask WaitAcknowledgedAsync(long known, TimeSpan atMost, CancellationToken cancellationToken) => bell.WaitAsync(known, atMost, cancellationToken);

    /// <summary>Some leader has acknowledged something.</summary>
    public void Stir() => bell.Ring();

    public ILedger Open(Lease lease)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return new FencedLedger(ledger, lease, (held, batch, cancellationToken) => ledger.CommitAsync(held, batch, cancellationToken));
    }
}
