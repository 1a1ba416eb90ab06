using Belfry.Core.Chains;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;

namespace Belfry.Core.Leadership;

/// <summary>
/// Who leads a chain: of all servers on one store the one whose tracker writes. Leadership is lent for a time and numbered: each change of hands has the next
/// epoch, and the store takes a leader's commit only in the present one. A leader that was paused and comes back after another took over can therefore write nothing.
/// </summary>
/// <remarks>
/// Time is the store's own: the clocks of the servers never meet. A holder that wants to know how long its lease certainly lasts counts from before it asked.
/// How to lead: <c>AcquireAsync</c>; when granted, load and track with <see cref="Open"/>; renew at a third of the duration; stop tracking when a renewal answers
/// false or a commit throws <see cref="LeaseLostException"/>; <c>ReleaseAsync</c> when stopping in good order, so that nobody has to wait for the lease to end.
/// </remarks>
public interface IChainLease
{
    /// <summary>
    /// Takes the lead of a chain that nobody leads: never led, released, or its lease has ended. A server that asks for what it holds already takes over from
    /// itself at once, in the next epoch: it has been started again, and whatever is left of its former self is shut out.
    /// </summary>
    /// <param name="chain">The chain; need not have been committed to.</param>
    /// <param name="server">Who asks: unique among the servers of the store, 1 to 200 characters.</param>
    /// <param name="duration">For how long, from now by the store's clock; above zero.</param>
    /// <param name="cancellationToken">Stops waiting; the lease may have been granted all the same, and then ends by itself.</param>
    /// <returns>The lease, or null while somebody else leads.</returns>
    /// <exception cref="StoreException">The store does not answer.</exception>
    ValueTask<Lease?> AcquireAsync(ChainId chain, string server, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Lends for another <paramref name="duration"/> from now; also after the time has run out, as long as nobody took over.</summary>
    /// <returns>False when the lease was lost or released: stop, another server may be writing.</returns>
    /// <exception cref="StoreException">The store does not answer; the lease runs on.</exception>
    ValueTask<bool> RenewAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Gives the lead up, so that another server gets it at once; nothing happens when the lease was lost already.</summary>
    /// <exception cref="StoreException">The store does not answer; the lease then ends by itself.</exception>
    ValueTask ReleaseAsync(Lease lease, CancellationToken cancellationToken);

    /// <summary>Who leads a chain now, or null when nobody does.</summary>
    /// <exception cref="StoreException">The store does not answer.</exception>
    ValueTask<ChainLeader?> ReadLeaderAsync(ChainId chain, CancellationToken cancellationToken);

    /// <summary>
    /// The ledger as the holder of <paramref name="lease"/> writes it. Every commit checks the epoch in the same transaction that writes; time is not checked,
    /// because what nobody has taken over harms nobody. Reads are those of the plain ledger.
    /// </summary>
    /// <returns>A ledger whose <see cref="ILedger.CommitAsync"/> throws <see cref="LeaseLostException"/>, nothing written, once the lease is lost or released, and for any other chain.</returns>
    ILedger Open(Lease lease);
}

/// <summary>The lead of one chain, lent to one server.</summary>
/// <param name="Chain">The chain.</param>
/// <param name="Server">Who holds it.</param>
/// <param name="Epoch">1 for the first holder of the chain, one more with each change of hands: the token that fences off who held it before.</param>
public sealed record Lease(ChainId Chain, string Server, long Epoch);

/// <summary>Who leads a chain.</summary>
/// <param name="Server">The server's name.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Left">How long its lease lasts unless it is renewed.</param>
public sealed record ChainLeader(string Server, long Epoch, TimeSpan Left);

/// <summary>A commit of a server that leads the chain no more; nothing was written. The tracker that ran into it must stop and read everything again when it leads again.</summary>
public sealed class LeaseLostException(Lease lease, Exception? inner = null)
    : BelfryException($"{lease.Server} leads chain {lease.Chain} no more (epoch {lease.Epoch}); nothing was written", inner)
{
    /// <summary>The lease that was lost.</summary>
    public Lease Lease { get; } = lease;
}
