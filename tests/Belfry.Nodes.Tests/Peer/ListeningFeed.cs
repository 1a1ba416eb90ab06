using System.Net;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Peer;
using Belfry.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Belfry.Nodes.Tests.Peer;

/// <summary>A running <see cref="PeerFeedClient"/> and what it told so far.</summary>
sealed class ListeningFeed : IAsyncDisposable
{
    readonly CancellationTokenSource stopping = new();
    readonly List<(PeerFeedEvent Event, long At)> heard = [];
    readonly Task listening;

    ListeningFeed(PeerParameters parameters, PeerFeedOptions options)
    {
        var client = new PeerFeedClient(TcpNetwork.Instance, parameters, options, TimeProvider.System, SystemEntropy.Instance, NullLogger<PeerFeedClient>.Instance);
        listening = Task.Run(async () =>
        {
            await foreach (var item in client.ListenAsync(stopping.Token))
            {
                lock (heard) heard.Add((item, TimeProvider.System.GetTimestamp()));
            }
        });
    }

    public IReadOnlyList<PeerFeedEvent> Heard
    {
        get { lock (heard) return [.. heard.Select(item => item.Event)]; }
    }

    public static ListeningFeed Start(IPEndPoint peer, string chain, Func<PeerFeedOptions, PeerFeedOptions>? change = null)
    {
        var options = new PeerFeedOptions { Connection = new PeerOptions { Host = "127.0.0.1", Port = peer.Port }, MaxBackoff = TimeSpan.FromSeconds(1) };
        return new ListeningFeed(PeerParameters.Find(chain, "regtest")!, change?.Invoke(options) ?? options);
    }

    public static async Task<ListeningFeed> ConnectAsync(IPEndPoint peer, string chain, Func<PeerFeedOptions, PeerFeedOptions>? change = null)
    {
        var feed = Start(peer, chain, change);
        await feed.GetAsync<PeerFeedEvent.Connected>();
        return feed;
    }

    /// <summary>The first event of a kind, among those after <paramref name="skip"/> others, that satisfies a condition.</summary>
    public async Task<T> GetAsync<T>(Func<T, bool>? which = null, int skip = 0) where T : PeerFeedEvent
    {
        try
        {
            return await Eventually.GetAsync(() => ValueTask.FromResult(Heard.Skip(skip).OfType<T>().FirstOrDefault(which ?? (_ => true))));
        }
        catch (TimeoutException problem)
        {
            throw new TimeoutException($"No such {typeof(T).Name}; heard: {string.Join(", ", Heard.TakeLast(20))}", problem);
        }
    }

    public Task<PeerFeedEvent.TransactionReceived> TransactionAsync(string hex) =>
        GetAsync<PeerFeedEvent.TransactionReceived>(transaction => Convert.ToHexStringLower(transaction.Raw.Span) == hex);

    /// <summary>When a transaction was told, on the system's monotonic clock; null when it was not.</summary>
    public long? ToldAt(string hex)
    {
        lock (heard)
        {
            foreach (var (item, at) in heard)
            {
                if (item is PeerFeedEvent.TransactionReceived transaction && Convert.ToHexStringLower(transaction.Raw.Span) == hex) return at;
            }
        }

        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        try
        {
            await listening;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Told to end.
        }

        stopping.Dispose();
    }
}
