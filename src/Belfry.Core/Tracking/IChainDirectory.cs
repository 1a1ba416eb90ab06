using Belfry.Core.Chains;
using Belfry.Core.Hosting;

namespace Belfry.Core.Tracking;

/// <summary>What speaks one chain's language: made once per followed chain by whoever knows the family.</summary>
public sealed record ChainParts(ChainProfile Profile, IAddressCodec Codec, IChainDecoder Decoder, IChainSource Source);

/// <summary>Makes the parts of the chains of one family.</summary>
public interface IChainFactory
{
    /// <summary>The parts for a chain, or null when another family has to be asked. Dials nothing yet.</summary>
    /// <exception cref="Runtime.BelfryException">A setting cannot be used; the message names it.</exception>
    ChainParts? Create(ChainId id, ChainOptions options);
}

/// <summary>A chain that this process follows.</summary>
public sealed record FollowedChain(ChainProfile Profile, IAddressCodec Codec, IChainTracker Tracker);

/// <summary>All chains that this process follows.</summary>
public interface IChainDirectory
{
    /// <summary>In order of id.</summary>
    IReadOnlyList<FollowedChain> All { get; }

    /// <summary>One of them, or null.</summary>
    FollowedChain? Find(ChainId id);
}
