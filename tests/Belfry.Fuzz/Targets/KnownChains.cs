using Belfry.Core.Chains;
using Belfry.Core.Tracking;
using Belfry.Nodes.Bitcoin.Encodings;

namespace Belfry.Fuzz.Targets;

/// <summary>The four chains with their real address codecs. Nobody is to ask their trackers anything.</summary>
sealed class KnownChains : IChainDirectory
{
    public IReadOnlyList<FollowedChain> All { get; } = [.. new[] { "bch", "btc", "doge", "ltc" }.Select(id =>
    {
        var network = BitcoinNetworks.Find(new ChainId(id), "main");
        return new FollowedChain(network.Profile, new BitcoinAddressCodec(network), null!);
    })];

    public FollowedChain? Find(ChainId id) => All.FirstOrDefault(chain => chain.Profile.Id == id);
}
