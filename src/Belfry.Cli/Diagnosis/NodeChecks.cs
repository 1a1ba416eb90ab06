using System.Globalization;
using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Core.Hosting;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Peer;
using Belfry.Nodes.Bitcoin.Rpc;
using Belfry.Nodes.Bitcoin.Zmq;
using Microsoft.Extensions.Logging.Abstractions;

namespace Belfry.Cli.Diagnosis;

/// <summary>One chain's nodes: whether they answer, are the right ones, tell the right time, and really push what they promise.</summary>
sealed class NodeChecks(Examination examination, string chain, ChainOptions options)
{
    const double WorstSkewSeconds = 10;

    /// <summary>All findings of the chain.</summary>
    public async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellationToken)
    {
        if (options.Network == "simnet") return [Finding.Ok(chain, "simulated: nothing to ask")];
        if (!ChainId.IsValid(chain) || !BitcoinNetworks.TryFind(new ChainId(chain), options.Network, out var network, out _))
            return [Finding.Failure(chain, Unknown(), $"set BELFRY__Chains__{chain}__Network to one of them")];
        var urls = (options.Rpc ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (urls.Length == 0)
            return [Finding.Failure(chain, "no node is named", $"set BELFRY__Chains__{chain}__Rpc=http://user:password@127.0.0.1:{network.RpcPort}")];
        var findings = new List<Finding>();
        BitcoinRpc? first = null;
        try
        {
            foreach (var url in urls)
            {
                var (found, rpc) = await NodeAsync(url, network, cancellationToken);
                findings.AddRange(found);
                if (first is null) first = rpc;
                else rpc?.Connection.Dispose();
            }

            findings.AddRange(await FeedsAsync(network, first, cancellationToken));
            return findings;
        }
        finally
        {
            first?.Connection.Dispose();
        }
    }

    string Unknown() =>
        $"'{options.Network}' is no network of {chain}: expected {string.Join(", ", ChainId.IsValid(chain) ? BitcoinNetworks.Of(new ChainId(chain)).Select(known => known.Name) : [])}";

    /// <summary>One node; its connection too when it can be used.</summary>
    async Task<(IReadOnlyList<Finding> Findings, BitcoinRpc? Rpc)> NodeAsync(string url, BitcoinNetwork network, CancellationToken cancellationToken)
    {
        var subject = $"{chain} node";
        NodeRpc? connection = null;
        try
        {
            var endpoint = RpcEndpoint.Parse(url, options.CookieFile, $"Chains:{chain}:Rpc");
            subject = $"{chain} node {endpoint.Name}";
            connection = new NodeRpc(endpoint, examination.Network, examination.Clock, examination.Entropy, NullLogger.Instance, new RpcOptions { Attempts = 1, CallTimeout = TimeSpan.FromSeconds(6) });
            var rpc = new BitcoinRpc(connection, network.Profile.Decimals);
            var genesis = await rpc.ReadHashAsync(0, cancellationToken);
            if (genesis != network.Genesis)
            {
                connection.Dispose();
                return ([Finding.Failure(subject, $"is on another network: its chain starts with {genesis}, {chain} {network.Name} with {network.Genesis}", $"correct BELFRY__Chains__{chain}__Network, or the port in BELFRY__Chains__{chain}__Rpc ({network.Name} uses {network.RpcPort})")], null);
            }

            return ([await StandingAsync(subject, rpc, network, cancellationToken), await ClockAsync(subject, connection, cancellationToken)], rpc);
        }
        catch (EndpointException problem)
        {
            connection?.Dispose();
            var advice = problem.Message.Contains("refused (HTTP", StringComparison.Ordinal)
                ? $"correct user and password in BELFRY__Chains__{chain}__Rpc, or name the cookie file with BELFRY__Chains__{chain}__CookieFile"
                : $"start the node with server=1, and correct host and port in BELFRY__Chains__{chain}__Rpc ({network.Name} uses {network.RpcPort})";
            return ([Finding.Failure(subject, problem.Message, advice)], null);
        }
    }

    async Task<Finding> StandingAsync(string subject, BitcoinRpc rpc, BitcoinNetwork network, CancellationToken cancellationToken)
    {
        var info = await rpc.ReadChainInfoAsync(cancellationToken);
        var name = new string([.. (await rpc.ReadSubversionAsync(cancellationToken)).Where(letter => !char.IsControl(letter)).Take(80)]);
        var text = $"{name} {network.Name}, block {info.Height}";
        if (info.InitialDownload && network.Name != "regtest") return Finding.Warning(subject, $"{text}, still fetching history", "wait: Belfry begins when the node has its chain");
        var tip = await rpc.ReadHeaderAsync(info.Best, cancellationToken);
        var age = tip is null ? TimeSpan.Zero : examination.Clock.GetUtcNow() - tip.Time;
        return age > network.Profile.BlockInterval * 12 && network.Name is "main"
            ? Finding.Warning(subject, string.Create(CultureInfo.InvariantCulture, $"{text}, {age.TotalMinutes:0} minutes old"), "look whether the node has peers (getpeerinfo): it may be cut off")
            : Finding.Ok(subject, text);
    }

    async Task<Finding> ClockAsync(string node, NodeRpc rpc, CancellationToken cancellationToken)
    {
        var subject = node.Replace(" node ", " clock ", StringComparison.Ordinal);
        try
        {
            var before = examination.Clock.GetUtcNow();
            var told = await rpc.CallAsync(new RpcCall("getnettotals"), static (ref reader) => JsonElement.ParseValue(ref reader), cancellationToken);
            var after = examination.Clock.GetUtcNow();
            if (told.ValueKind != JsonValueKind.Object || !told.TryGetProperty("timemillis", out var milliseconds) || !milliseconds.TryGetInt64(out var number))
                return Finding.Unknown(subject, "the node does not tell its time", "compare 'date' on both machines");
            var skew = (DateTimeOffset.FromUnixTimeMilliseconds(number) - (before + (after - before) / 2)).TotalSeconds;
            var text = string.Create(CultureInfo.InvariantCulture, $"{Math.Abs(skew):0.0} s {(skew < 0 ? "behind" : "ahead of")} this machine's");
            return Math.Abs(skew) > WorstSkewSeconds
                ? Finding.Warning(subject, text, "set both clocks by NTP: times in events would contradict each other")
                : Finding.Ok(subject, text);
        }
        catch (RpcErrorException)
        {
            return Finding.Unknown(subject, "the node does not tell its time", "compare 'date' on both machines");
        }
    }

    async Task<IReadOnlyList<Finding>> FeedsAsync(BitcoinNetwork network, BitcoinRpc? rpc, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        if (options.Zmq is null && options.Peer is null)
        {
            return [Finding.Ok(
                $"{chain} feed", string.Create(CultureInfo.InvariantCulture, $"polling, every {options.PollInterval.TotalSeconds:0.###} s"),
                $"faster and cheaper by push: BELFRY__Chains__{chain}__Zmq=tcp://127.0.0.1:28332 or BELFRY__Chains__{chain}__Peer=127.0.0.1:{network.PeerPort}")];
        }

        try
        {
            foreach (var endpoint in ZmqEndpoint.ParseAll(options.Zmq, $"Chains:{chain}:Zmq")) findings.Add(await ZmqAsync(endpoint, rpc, cancellationToken));
        }
        catch (EndpointException problem)
        {
            findings.Add(Finding.Failure($"{chain} zmq", problem.Message, $"correct BELFRY__Chains__{chain}__Zmq"));
        }

        foreach (var peer in (options.Peer ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)) findings.Add(await PeerAsync(peer, network, cancellationToken));
        return findings;
    }

    async Task<Finding> ZmqAsync(ZmqEndpoint endpoint, BitcoinRpc? rpc, CancellationToken cancellationToken)
    {
        var subject = $"{chain} zmq {endpoint}";
        try
        {
            var promised = rpc is null ? null : await rpc.ReadZmqPublicationsAsync(cancellationToken);
            var before = await MomentAsync(rpc, cancellationToken);
            var heard = await ZmqProbe.ListenAsync(endpoint, examination.Network, examination.Clock, examination.Wait, cancellationToken);
            if (heard.Count > 0) return Finding.Ok(subject, "publishes: " + string.Join(", ", heard.OrderBy(topic => topic.Key, StringComparer.Ordinal).Select(topic => $"{topic.Key} {topic.Value}")));
            var missing = promised is null ? null : Missing(promised);
            if (missing is not null) return Finding.Failure(subject, missing, "zmqpubrawtx, zmqpubhashblock and zmqpubsequence in the node's configuration, then restart it; a node built without ZeroMQ is heard by its peer port (Peer)");
            return await MomentAsync(rpc, cancellationToken) != before
                ? Finding.Failure(subject, $"listens, and publishes nothing although the node moved in these {examination.Wait.TotalSeconds:0} s", "look for zmqpub… in the node's configuration: another process may listen at this address")
                : Finding.Unknown(subject, $"listens; the node had no news in {examination.Wait.TotalSeconds:0} s, so whether it publishes does not show", "ask again with a longer --wait, or while something happens at the node");
        }
        catch (IOException problem)
        {
            return Finding.Failure(subject, problem.Message, $"start the node with zmqpubrawtx={endpoint} and zmqpubhashblock={endpoint}; some builds accept that and have no ZeroMQ (Debian's litecoind): use its peer port (Peer) there");
        }
        catch (EndpointException problem)
        {
            return Finding.Unknown(subject, problem.Message, "see the node above");
        }
    }

    static string? Missing(IReadOnlyList<ZmqPublication> promised) =>
        promised.Count == 0 ? "the node says that it publishes nothing"
        : !promised.Any(entry => entry.Topic is "rawtx" or "sequence") ? "the node publishes no transactions"
        : !promised.Any(entry => entry.Topic is "hashblock" or "rawblock" or "sequence") ? "the node publishes no blocks"
        : null;

    /// <summary>Tip and newest transactions, to see whether anything happened.</summary>
    static async Task<string> MomentAsync(BitcoinRpc? rpc, CancellationToken cancellationToken)
    {
        if (rpc is null) return "";
        var mempool = await rpc.ReadMempoolAsync(cancellationToken);
        var sum = mempool.Ids.Aggregate(0, static (total, id) => total ^ id.GetHashCode());
        return $"{await rpc.ReadBestHashAsync(cancellationToken)} {mempool.Ids.Count} {sum}";
    }

    async Task<Finding> PeerAsync(string text, BitcoinNetwork network, CancellationToken cancellationToken)
    {
        var subject = $"{chain} peer {text}";
        var advice = $"start the node with listen=1 and whitelist=noban@127.0.0.1, and correct BELFRY__Chains__{chain}__Peer ({network.Name} uses {network.PeerPort})";
        if (!ZmqEndpoint.TryParse(text, out var place)) return Finding.Failure(subject, "is not host:port", advice);
        if (PeerParameters.Find(chain, network.Name) is not { } speech) return Finding.Failure(subject, $"the peer protocol of {network.Name} is not known", $"remove BELFRY__Chains__{chain}__Peer");
        try
        {
            await using var connection = await PeerConnection.ConnectAsync(
                examination.Network, speech, new PeerOptions { Host = place.Host, Port = place.Port, Setting = $"Chains:{chain}:Peer", HandshakeTimeout = TimeSpan.FromSeconds(5) }, examination.Clock, examination.Entropy, cancellationToken);
            return Finding.Ok(subject, $"shakes hands: {new string([.. connection.Remote.UserAgent.Where(letter => !char.IsControl(letter)).Take(80)])}, block {connection.Remote.Height}");
        }
        catch (PeerException problem)
        {
            return Finding.Failure(subject, problem.Message, advice);
        }
    }
}
