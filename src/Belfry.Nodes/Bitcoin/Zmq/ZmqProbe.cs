using System.Collections.Concurrent;
using System.Net.Sockets;
using Belfry.Core.Runtime;

namespace Belfry.Nodes.Bitcoin.Zmq;

/// <summary>Finds out whether a node's ZeroMQ endpoint really publishes, by listening to it for a while.</summary>
public static class ZmqProbe
{
    static readonly string[] Topics = ["rawtx", "hashtx", "hashblock", "rawblock", "sequence"];

    /// <summary>Listens to every topic.</summary>
    /// <param name="endpoint">Where.</param>
    /// <param name="network">Dials.</param>
    /// <param name="clock">Counts the time.</param>
    /// <param name="duration">How long; ends earlier when both a transaction's and a block's topic were heard.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>Messages by topic; topics that stayed silent are missing.</returns>
    /// <exception cref="IOException">Nothing listens there, or it is no publisher; the message says which.</exception>
    public static async Task<IReadOnlyDictionary<string, long>> ListenAsync(ZmqEndpoint endpoint, INetwork network, TimeProvider clock, TimeSpan duration, CancellationToken cancellationToken)
    {
        var heard = new ConcurrentDictionary<string, long>();
        using var end = new CancellationTokenSource(duration, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, end.Token);
        try
        {
            await Task.WhenAll(Topics.Select(async topic =>
            {
                await using var subscription = await ZmqSubscription.OpenAsync(endpoint, topic, network, clock, new ZmtpLimits(), both.Token);
                await subscription.RunAsync(message => heard.AddOrUpdate(message.Topic, 1, static (_, count) => count + 1), both.Token);
            }));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // the time is over
        }
        catch (Exception problem) when (problem is SocketException or MalformedDataException)
        {
            throw new IOException(problem.Message, problem);
        }

        return heard;
    }
}
