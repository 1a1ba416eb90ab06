using System.Collections.Concurrent;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Readers;
using Belfry.Nodes.Bitcoin.Rpc;
using Belfry.Nodes.Bitcoin.Sources;
using Belfry.Nodes.Bitcoin.Zmq;
using Belfry.TestKit;
using Belfry.TestKit.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;

namespace Belfry.Nodes.Tests.Sources;

/// <summary>Makes sources for real nodes and keeps what they tell.</summary>
static class SourceFixture
{
    public static BitcoinSource Open(RegtestNode node, string? zmq = null, Func<BitcoinSourceOptions, BitcoinSourceOptions>? change = null) =>
        Open(node.Chain, node.RpcSetting, zmq, change);

    public static BitcoinSource Open(string chain, string rpc, string? zmq = null, Func<BitcoinSourceOptions, BitcoinSourceOptions>? change = null)
    {
        var network = BitcoinNetworks.Find(new ChainId(chain), "regtest");
        var options = new BitcoinSourceOptions
        {
            Profile = network.Profile,
            Genesis = network.Genesis,
            Rpc = RpcEndpoint.Parse(rpc, null, $"Chains:{chain}:Rpc"),
            Zmq = ZmqEndpoint.ParseAll(zmq, $"Chains:{chain}:Zmq"),
            PollInterval = TimeSpan.FromMilliseconds(20),
            WatchInterval = TimeSpan.FromMilliseconds(500),
        };
        return new BitcoinSource(
            change?.Invoke(options) ?? options, new RawOutputs(TransactionFormats.Of(chain)), TcpNetwork.Instance, TimeProvider.System, SystemEntropy.Instance, NullLoggerFactory.Instance);
    }

    public static BitcoinDecoder Decoder(string chain) => new(TransactionFormats.Of(chain), new ClaimedScripts(BitcoinNetworks.Find(new ChainId(chain), "regtest").Rules));
}

/// <summary>Everything that a source has told, in order.</summary>
sealed class SignalLog : IAsyncDisposable
{
    readonly CancellationTokenSource stop = new();
    readonly ConcurrentQueue<FeedSignal> all = new();
    readonly Task listening;

    public SignalLog(IChainSource source) => listening = ListenAsync(source.ListenAsync(stop.Token));

    public IReadOnlyList<FeedSignal> All => [.. all];

    public IEnumerable<string> Losses => all.OfType<FeedSignal.Lost>().Select(static lost => lost.Reason);

    public int Openings => all.OfType<FeedSignal.Opened>().Count();

    public async Task<FeedSignal.Opened> OpenedAsync(FeedKind kind, int times = 1)
    {
        await HeardAsync(signals => signals.OfType<FeedSignal.Opened>().Count(opened => opened.Feed == kind) >= times);
        return all.OfType<FeedSignal.Opened>().Last(opened => opened.Feed == kind);
    }

    public async Task HeardAsync(Func<IReadOnlyList<FeedSignal>, bool> condition)
    {
        try
        {
            await Eventually.HoldsAsync(() => listening.IsFaulted || condition(All), TimeSpan.FromSeconds(40));
        }
        catch (TimeoutException problem)
        {
            throw new TimeoutException("Heard: " + string.Join("\n", All.TakeLast(60).Select(Short)), problem);
        }

        if (listening.IsFaulted) await listening;
    }

    public Task HeardAsync<T>(Func<T, bool> condition) where T : FeedSignal => HeardAsync(signals => signals.OfType<T>().Any(condition));

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => listening);
        stop.Dispose();
    }

    async Task ListenAsync(IAsyncEnumerable<FeedSignal> signals)
    {
        await foreach (var signal in signals) all.Enqueue(signal);
        stop.Token.ThrowIfCancellationRequested();
    }

    static string Short(FeedSignal signal) => signal is FeedSignal.TransactionArrived arrived ? $"TransactionArrived {arrived.Raw.Length} B" : signal.ToString();
}
