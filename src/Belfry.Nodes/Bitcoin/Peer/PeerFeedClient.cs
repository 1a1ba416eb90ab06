using System.Runtime.CompilerServices;
using Belfry.Core.Runtime;
using Microsoft.Extensions.Logging;

namespace Belfry.Nodes.Bitcoin.Peer;

/// <summary>
/// News of one node by the peer protocol: asks for every announced transaction and block, reconnects by itself. What it tells are hints; whoever needs the truth reads
/// it back after <see cref="PeerFeedEvent.Connected"/>, <see cref="PeerFeedEvent.Disconnected"/> and <see cref="PeerFeedEvent.AnnouncementsLost"/>.
/// </summary>
/// <param name="network">Dials.</param>
/// <param name="parameters">How this network's nodes speak.</param>
/// <param name="options">Where, and within which bounds.</param>
/// <param name="clock">Pauses and patience.</param>
/// <param name="entropy">Nonces and jitter.</param>
/// <param name="logger">Connections and losses.</param>
public sealed class PeerFeedClient(
    INetwork network, PeerParameters parameters, PeerFeedOptions options, TimeProvider clock, IEntropy entropy, ILogger<PeerFeedClient> logger)
{
    readonly PeerOptions peer = options.Connection;

    /// <summary>News from now on, until cancelled. One reader; when it stops reading, the node's messages wait in the socket.</summary>
    public async IAsyncEnumerable<PeerFeedEvent> ListenAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var queue = new PeerFeedQueue(options);
        var following = Background.Start(() => FollowAsync(queue, ending.Token), CancellationToken.None);
        try
        {
            await foreach (var item in queue.ReadAllAsync(cancellationToken)) yield return item;
        }
        finally
        {
            await ending.CancelAsync();
            await following;
        }
    }

    async Task FollowAsync(PeerFeedQueue queue, CancellationToken cancellationToken)
    {
        Exception? error = null;
        try
        {
            await ReconnectAsync(queue, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The reader has gone.
        }
#pragma warning disable CA1031 // whatever it is, the reader must hear of it: it would wait for ever
        catch (Exception problem)
#pragma warning restore CA1031
        {
            error = problem;
        }

        queue.Complete(error);
    }

    async Task ReconnectAsync(PeerFeedQueue queue, CancellationToken cancellationToken)
    {
        var told = false;
        for (var attempt = 0; ; attempt++)
        {
            long? connectedAt = null;
            try
            {
                await using var connection = await PeerConnection.ConnectAsync(network, parameters, peer, clock, entropy, cancellationToken);
                (connectedAt, told) = (clock.GetTimestamp(), false);
                await ServeAsync(connection, queue, cancellationToken);
            }
            catch (PeerException problem)
            {
                if (!told)
                {
                    logger.Disconnected(peer.EndPoint, problem.Reason, problem.Message);
                    await queue.WriteAsync(new PeerFeedEvent.Disconnected(problem.Reason, problem.Message), cancellationToken);
                    told = true;
                }

                // A peer that accepts and hangs up at once is as good as absent: only a connection that lasted starts the count anew.
                if (connectedAt is { } since && clock.GetElapsedTime(since) > options.MaxBackoff) attempt = 0;
                var pause = Pause(attempt);
                logger.AttemptFailed(peer.EndPoint, attempt, problem.Reason, pause);
                await Task.Delay(pause, clock, cancellationToken);
            }
        }
    }

    /// <summary>Doubles with every attempt; between half and the whole of it, so that many clients of a restarted node do not come at once.</summary>
    TimeSpan Pause(int attempt)
    {
        var longest = options.MinBackoff * Math.Pow(2, Math.Min(attempt, 20));
        return (longest < options.MaxBackoff ? longest : options.MaxBackoff) * (0.5 + entropy.NextDouble() / 2);
    }

    async Task ServeAsync(PeerConnection connection, PeerFeedQueue queue, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = Background.Start(() => connection.RunAsync(ending.Token), CancellationToken.None);
        var session = new PeerSession(connection, queue, new PeerRequests(parameters, options, clock), parameters, options, logger);
        try
        {
            await session.RunAsync(ending.Token);
        }
        finally
        {
            await ending.CancelAsync();
            await Background.WhenEndedAsync(running);
        }
    }
}
