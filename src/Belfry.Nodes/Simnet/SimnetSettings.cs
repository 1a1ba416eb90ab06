using Belfry.Core.Chains;

namespace Belfry.Nodes.Simnet;

/// <summary>The rules of one simulated chain.</summary>
public sealed record SimnetSettings
{
    /// <summary>What the pipeline must know of the chain.</summary>
    public required ChainProfile Profile { get; init; }

    /// <summary>Whether transactions carry witnesses and wallets use witness addresses (BTC, LTC).</summary>
    public bool Segwit { get; init; } = true;

    /// <summary>Whether an unconfirmed transaction can be replaced by one that pays more; without it the first one seen stays.</summary>
    public bool Replaceable { get; init; } = true;

    /// <summary>Whether a block lists its transactions by id after the coinbase (BCH) and not parents before children.</summary>
    public bool OrderedById { get; init; }

    /// <summary>Reward of a block before the first halving, base units.</summary>
    public long Subsidy { get; init; } = 50_0000_0000;

    /// <summary>Blocks between halvings of the reward.</summary>
    public int HalvingInterval { get; init; } = 210_000;

    /// <summary>Most transactions a block takes from the mempool.</summary>
    public int BlockCapacity { get; init; } = 4000;

    /// <summary>Wallets that are there from the start, funded by the first blocks.</summary>
    public IReadOnlyList<string> Wallets { get; init; } = ["alice", "bob", "carol", "dave", "shop"];

    /// <summary>The rules of a chain by its id: <c>btc</c> and <c>ltc</c> with witnesses, <c>bch</c> and <c>doge</c> without.</summary>
    public static SimnetSettings For(ChainProfile profile) => new()
    {
        Profile = profile,
        Segwit = profile.Id.Value is not ("bch" or "doge"),
        Replaceable = profile.Id.Value is not "bch",
        OrderedById = profile.Id.Value is "bch",
        Subsidy = profile.Id.Value is "doge" ? 10_000_0000_0000 : 50_0000_0000,
    };
}
