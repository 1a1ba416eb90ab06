using System.Collections.Concurrent;
using Belfry.Core.Chains;
using Belfry.Core.Hosting;
using Belfry.Core.Runtime;
using Belfry.Core.Tracking;
using Belfry.Nodes.Bitcoin.Encodings;
using Microsoft.Extensions.Logging;

namespace Belfry.Nodes.Simnet;

/// <summary>A running simulated chain.</summary>
/// <param name="Chain">Its truth.</param>
/// <param name="Network">Whose addresses it uses.</param>
/// <param name="Driver">Its traffic.</param>
public sealed record LiveSimnet(SimulatedChain Chain, BitcoinNetwork Network, SimnetDriver Driver)
{
    /// <summary>The first address of each named wallet, in canonical spelling: the same at every start.</summary>
    public IReadOnlyList<(string Owner, string Address)> Addresses { get; } =
        [.. Chain.Settings.Wallets.Select(name => (name, new BitcoinAddressCodec(Network).WriteCanonical(Chain.Wallet(name).Script.Span)))];
}

/// <summary>
/// Makes simulated chains for <c>Network=simnet</c>: <c>btc</c>, <c>ltc</c>, <c>bch</c>, <c>doge</c> with the regtest addresses of each. Wallets are the same at every
/// start, blocks are not: a simulated chain lives as long as its process, so its data belong into a folder that is thrown away.
/// </summary>
/// <param name="decoderFor">Makes the reader of a chain's blocks.</param>
/// <param name="clock">Paces traffic and dates blocks.</param>
/// <param name="traffic">How lively.</param>
/// <param name="logs">Where to log.</param>
public sealed class SimnetChainFactory(Func<BitcoinNetwork, IChainDecoder> decoderFor, TimeProvider clock, SimnetTraffic traffic, ILoggerFactory logs) : IChainFactory
{
    /// <summary>The network name that asks for a simulated chain.</summary>
    public const string NetworkName = "simnet";

    /// <summary>So that silence is told soon and grace times are short, as fits a chain with a block every few seconds.</summary>
    static readonly TimeSpan BlockInterval = TimeSpan.FromSeconds(5);

    readonly ConcurrentDictionary<ChainId, LiveSimnet> made = new();

    /// <summary>The chains made so far, by id.</summary>
    public IReadOnlyDictionary<ChainId, LiveSimnet> Chains => made;

    /// <inheritdoc/>
    public ChainParts? Create(ChainId id, ChainOptions options)
    {
        if (options.Network != NetworkName) return null;
        if (!BitcoinNetworks.TryFind(id, "regtest", out var network, out var error)) throw new EndpointException(NetworkName, $"Chains:{id}:Network", error);
        var profile = network.Profile with { Network = NetworkName, BlockInterval = BlockInterval };
        var seed = id.Value.Aggregate(0xBE1F_47UL, (sum, letter) => sum * 31 + letter);
        var chain = new SimulatedChain(SimnetSettings.For(profile), new SeededEntropy(seed), clock);
        chain.Fund();
        var simnet = new LiveSimnet(chain, network, new SimnetDriver(chain, new SeededEntropy(seed + 1), clock, traffic, logs.CreateLogger<SimnetDriver>()));
        made[id] = simnet;
        return new ChainParts(profile, new BitcoinAddressCodec(network), decoderFor(network), new SimulatedNode(chain, new SeededEntropy(seed + 2)));
    }

    /// <summary>Runs the traffic of all chains made so far until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(made.Values.Select(simnet => Background.Start(() => simnet.Driver.RunAsync(cancellationToken), CancellationToken.None)));
}
