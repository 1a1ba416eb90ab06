using Belfry.Core.Chains;
using Belfry.Core.Hosting;
using Belfry.Core.Runtime;
using Belfry.Core.Tracking;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Peer;
using Belfry.Nodes.Bitcoin.Readers;
using Belfry.Nodes.Bitcoin.Rpc;
using Belfry.Nodes.Bitcoin.Sources;
using Belfry.Nodes.Bitcoin.Zmq;
using Microsoft.Extensions.Logging;

namespace Belfry.Nodes.Bitcoin;

/// <summary>Makes the parts of <c>btc</c>, <c>ltc</c>, <c>bch</c> and <c>doge</c> from their settings.</summary>
public sealed class BitcoinChainFactory(INetwork network, TimeProvider clock, IEntropy entropy, ILoggerFactory loggers) : IChainFactory
{
    /// <summary>How long a node may be away before the next one of several takes over.</summary>
    static readonly TimeSpan FailoverGrace = TimeSpan.FromSeconds(4);

    /// <inheritdoc/>
    public ChainParts? Create(ChainId id, ChainOptions options)
    {
        // The simulated chain has a factory of its own.
        if (options.Network == "simnet" || !BitcoinNetworks.Of(id).Any()) return null;
        if (!BitcoinNetworks.TryFind(id, options.Network, out var parameters, out var error)) throw new EndpointException(id.Value, $"Chains:{id}:Network", error);
        var format = TransactionFormats.Of(id.Value);
        return new ChainParts(
            parameters.Profile, new BitcoinAddressCodec(parameters), new BitcoinDecoder(format, new ClaimedScripts(parameters.Rules)), CreateSource(parameters, format, options));
    }

    IChainSource CreateSource(BitcoinNetwork parameters, TransactionFormat format, ChainOptions options)
    {
        var prefix = $"Chains:{parameters.Chain}:";
        var nodes = Split(options.Rpc).Select(url => RpcEndpoint.Parse(url, options.CookieFile, prefix + "Rpc")).ToArray();
        if (nodes.Length == 0) throw new EndpointException(parameters.Chain.Value, prefix + "Rpc", $"no node is named; expected for instance http://user:password@127.0.0.1:{parameters.RpcPort}");
        var zmq = ZmqEndpoint.ParseAll(options.Zmq, prefix + "Zmq");
        var peers = Split(options.Peer).Select(text => ParsePeer(text, prefix + "Peer")).ToArray();
        var sources = nodes.Select((rpc, place) => new BitcoinSource(
            new BitcoinSourceOptions
            {
                Profile = parameters.Profile,
                Genesis = parameters.Genesis,
                ForkBlocks = parameters.ForkBlocks,
                Rpc = rpc,
                Zmq = OfNode(zmq, static endpoint => endpoint.Host, nodes, place),
                Peer = PeerOf(OfNode(peers, static peer => peer.Host, nodes, place), parameters),
                PollInterval = options.PollInterval,
            },
            new RawOutputs(format), network, clock, entropy, loggers)).ToArray();
        return sources.Length == 1 ? sources[0] : new FailoverSource(sources, parameters.Chain, FailoverGrace, clock, loggers.CreateLogger<FailoverSource>());
    }

    /// <summary>One node owns every endpoint. Of several, each owns the one at its own place in the list, or where the lists differ in length, those on its host.</summary>
    static IReadOnlyList<T> OfNode<T>(IReadOnlyList<T> endpoints, Func<T, string> host, RpcEndpoint[] nodes, int place) =>
        nodes.Length == 1 ? endpoints
        : endpoints.Count == nodes.Length ? [endpoints[place]]
        : [.. endpoints.Where(endpoint => string.Equals(host(endpoint), nodes[place].Url.IdnHost, StringComparison.OrdinalIgnoreCase))];

    static (PeerOptions, PeerParameters)? PeerOf(IReadOnlyList<PeerOptions> peers, BitcoinNetwork parameters) =>
        peers.Count > 0 && PeerParameters.Find(parameters.Chain.Value, parameters.Name) is { } speech ? (peers[0], speech) : null;

    static PeerOptions ParsePeer(string text, string setting)
    {
        if (!ZmqEndpoint.TryParse(text, out var place)) throw new EndpointException("peer", setting, $"'{ForeignText.CleanEndpoint(text)}' cannot be used; expected for instance 127.0.0.1:8333");
        return new PeerOptions { Host = place.Host, Port = place.Port, Setting = setting };
    }

    static string[] Split(string? list) => (list ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
