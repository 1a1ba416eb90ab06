using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Core.Tracking;
using Microsoft.Extensions.Logging;

namespace Belfry.Core.Leadership;

/// <summary>A chain's standing as seen by a server that does not lead it: what the store says of it.</summary>
sealed class FollowerView(TrackerParts parts, IChainLease leases, ILogger logger)
{
    static readonly TimeSpan CountInterval = TimeSpan.FromSeconds(30);

    volatile ChainStatus status = new() { Profile = parts.Chain.Profile, State = ChainState.Stopped, Leads = false };
    ChainLeader? leader;
    TimeSpan? counted;
    bool silent;

    /// <summary>The standing when last looked.</summary>
    public ChainStatus Status => status;

    /// <summary>Who led when last looked; null when nobody did.</summary>
    public string? Leader => leader?.Server;

    /// <summary>This server takes part from now on.</summary>
    public void Begin() => Put(ChainState.CatchingUp, null, status.Tip);

    /// <summary>It takes part no more.</summary>
    public void End() => Put(ChainState.Stopped, null, status.Tip);

    /// <summary>The store does not answer.</summary>
    public void Silent(StoreException problem)
    {
        if (!silent) LeadershipLog.StoreSilent(logger, problem, parts.Chain.Profile.Id.Value);
        silent = true;
        Put(ChainState.Degraded, problem.Message, status.Tip);
    }

    /// <summary>Asks the store.</summary>
    /// <exception cref="StoreException">It does not answer.</exception>
    public async ValueTask LookAsync(CancellationToken cancellationToken)
    {
        var id = parts.Chain.Profile.Id;
        var before = leader;
        leader = await leases.ReadLeaderAsync(id, cancellationToken);
        if (leader is { } now && now.Epoch != before?.Epoch) LeadershipLog.Follows(logger, id.Value, now.Server, now.Epoch);
        var position = await parts.Ledger.ReadPositionAsync(id, cancellationToken);
        if (counted is not { } at || parts.Clock.ReadSteady() - at > CountInterval)
        {
            status = status with { WatchedScripts = await parts.Watches.CountAsync(id, cancellationToken) };
            counted = parts.Clock.ReadSteady();
        }

        silent = false;
        var state = (leader, position) switch
        {
            (null, _) or (_, null) => ChainState.CatchingUp,
            (_, { Gap: FeedHealth.NodeBehind }) => ChainState.Behind,
            (_, { Gap: not null }) => ChainState.Degraded,
            _ => ChainState.Live,
        };
        Put(state, leader is null ? "no server leads the chain now" : position?.Gap, position?.Cursor.Block);
    }

    void Put(ChainState state, string? reason, BlockRef? tip) => status = status with
    {
        State = state,
        Reason = reason,
        Tip = tip,
        Endpoint = leader is null ? "" : $"led by {leader.Server}",
        Since = state == status.State ? status.Since : parts.Clock.GetUtcNow(),
    };
}
