namespace Belfry.Redis.Connection;

/// <summary>
/// The one door to Redis, whether one server, a primary that sentinels watch over, or a cluster.
/// <para>
/// Every command ends, in bounded time, in one of these: its answer; <see cref="RedisErrorException"/>, the server refused it; <see cref="RedisUnavailableException"/> with
/// <see cref="RedisOutcome.NotSent"/>, it was surely not executed; or with <see cref="RedisOutcome.Unknown"/>, it may have been. Nothing is ever executed twice by this side:
/// only commands that the server refused to execute now (TRYAGAIN, LOADING, READONLY, MASTERDOWN, CLUSTERDOWN) or here (MOVED, ASK), and scripts that it did not know, are sent again.
/// </para>
/// <para>Connections are made and mended in the background for as long as it lives; nothing here needs to be made anew after an outage.</para>
/// </summary>
public interface IRedisConnection : IAsyncDisposable
{
    /// <summary>How it stands just now.</summary>
    RedisState State { get; }

    /// <summary>Returns as soon as the state is a later one than <paramref name="seen"/>; at once when it is already.</summary>
    ValueTask<RedisState> WaitForChangeAsync(RedisState seen, CancellationToken cancellationToken);

    /// <summary>
    /// Sends a command that answers at once, between those of everybody else. Commands that one caller awaits one after the other are executed in that order. In a cluster it
    /// goes to the node of its keys' slot, or to any primary when it has none.
    /// </summary>
    /// <param name="command">Encoded before this call returns. No command that blocks, subscribes or changes the socket: those would hit all others on it.</param>
    /// <param name="read">Reads the answer on the socket's own loop: quick, without waiting. Its exceptions are the caller's.</param>
    /// <param name="cancellationToken">Ends the wait, not the command: it may be executed all the same.</param>
    /// <exception cref="RedisErrorException">Redis refused it.</exception>
    /// <exception cref="RedisUnavailableException">No answer; says whether it was sent.</exception>
    /// <exception cref="ArgumentException">It does not belong on a shared socket, or, in a cluster, its keys are of several slots.</exception>
    ValueTask<T> SendAsync<T>(RedisCommand command, RedisReading<T> read, CancellationToken cancellationToken);

    /// <summary>Sends a command that waits in the server (XREAD BLOCK, BZPOPMIN …), on a socket that it has for itself meanwhile.</summary>
    /// <param name="command">With its own time limit among its arguments.</param>
    /// <param name="longest">That limit; the answer may take <see cref="RedisOptions.CommandTimeout"/> longer.</param>
    /// <param name="read">Reads the answer.</param>
    /// <param name="cancellationToken">Ends the wait by closing the socket. What the server was just taking out for us is lost then, as with any broken line.</param>
    /// <exception cref="RedisErrorException">Redis refused it.</exception>
    /// <exception cref="RedisUnavailableException">No answer, or <see cref="RedisOptions.BlockingConnections"/> wait already.</exception>
    ValueTask<T> SendBlockingAsync<T>(RedisCommand command, TimeSpan longest, RedisReading<T> read, CancellationToken cancellationToken);

    /// <summary>Sends a command that concerns whole servers (DBSIZE, SCAN, CONFIG GET, SCRIPT FLUSH …) to every primary, and returns their answers with where they came from.</summary>
    /// <exception cref="RedisErrorException">One of them refused it; others may have executed it.</exception>
    /// <exception cref="RedisUnavailableException">One of them did not answer; others may have executed it.</exception>
    ValueTask<IReadOnlyList<(string Endpoint, T Answer)>> SendToEachAsync<T>(RedisCommand command, RedisReading<T> read, CancellationToken cancellationToken);

    /// <summary>
    /// Messages of a channel, of channels that match a pattern, or of a sharded channel, until the token ends it. First a <see cref="RedisMessageKind.Subscribed"/>; after every
    /// outage, move of the slot, or loss because the reader was slow, a <see cref="RedisMessageKind.Gap"/>: publish/subscribe keeps nothing, so messages may be missing just before it.
    /// </summary>
    /// <exception cref="RedisErrorException">The server refuses the subscription (an ACL, an old server without sharded channels).</exception>
    IAsyncEnumerable<RedisMessage> SubscribeAsync(RedisSubscription subscription, CancellationToken cancellationToken);
}

/// <summary>How a connection stands.</summary>
public enum RedisPhase
{
    /// <summary>It has not been there yet.</summary>
    Connecting,

    /// <summary>Commands are answered; in a cluster, by every primary and for every slot.</summary>
    Live,

    /// <summary>It owes answers and says nothing: commands are refused until it does.</summary>
    Silent,

    /// <summary>It was there and is not now.</summary>
    Away,

    /// <summary>It was disposed.</summary>
    Closed,
}

/// <summary>How a connection stands at one moment.</summary>
/// <param name="Version">Grows with every change.</param>
/// <param name="Phase">The worst of all its servers.</param>
/// <param name="Connections">How often a socket for commands was connected, over all servers: when it has grown, what lives only as long as a connection, or what Redis may have lost, must be looked at again.</param>
/// <param name="Endpoint">The servers, without credentials.</param>
/// <param name="Problem">Why it is not live, for people; null when it is.</param>
public sealed record RedisState(long Version, RedisPhase Phase, int Connections, string Endpoint, string? Problem);
