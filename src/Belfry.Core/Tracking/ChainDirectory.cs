using Belfry.Core.Chains;

namespace Belfry.Core.Tracking;

/// <summary>A fixed set of chains.</summary>
public sealed class ChainDirectory(IEnumerable<FollowedChain> chains) : IChainDirectory
{
    /// <inheritdoc/>
    public IReadOnlyList<FollowedChain> All { get; } = [.. chains.OrderBy(static chain => chain.Profile.Id)];

    /// <inheritdoc/>
    public FollowedChain? Find(ChainId id) => All.FirstOrDefault(chain => chain.Profile.Id == id);
}
