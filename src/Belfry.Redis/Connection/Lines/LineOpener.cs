using System.Net;
using Belfry.Core.Runtime;

namespace Belfry.Redis.Connection.Lines;

/// <summary>Dials, shakes hands, and gives up in time.</summary>
sealed class LineOpener(RedisOptions options, RedisRuntime runtime) : IDisposable
{
    readonly RedisDialler dialler = new(runtime.Network, options.Tls);
    int warned;

    public RedisOptions Options { get; } = options;

    public RedisRuntime Runtime { get; } = runtime;

    /// <summary>Opens a line.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">Nobody listens there, or the name does not resolve.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">TLS failed.</exception>
    /// <exception cref="RedisErrorException">The credentials or the database were refused.</exception>
    /// <exception cref="TimeoutException">It took longer than the setting allows.</exception>
    /// <exception cref="IOException">The other side closed.</exception>
    /// <exception cref="MalformedDataException">It does not speak RESP.</exception>
    public async ValueTask<OpenLine> OpenAsync(RedisEndpoint endpoint, Identity identity, string purpose, CancellationToken cancellationToken)
    {
        var clock = Runtime.Clock;
        using var late = new CancellationTokenSource(Options.ConnectTimeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            var stream = await dialler.DialAsync(endpoint, either.Token);
            var line = new RedisLine(stream, endpoint, Options, clock);
            var open = await ShakeHandsAsync(line, identity, purpose, either.Token);
            WarnOnce(endpoint, identity);
            RedisMetrics.Connected(endpoint.ToString(), purpose);
            return open;
        }
        catch (OperationCanceledException canceled) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"no connection within {Options.ConnectTimeout.TotalSeconds} s ({Options.Setting}:ConnectTimeout)", canceled);
        }
    }

    public void Dispose() => dialler.Dispose();

    async ValueTask<OpenLine> ShakeHandsAsync(RedisLine line, Identity identity, string purpose, CancellationToken cancellationToken)
    {
        var ending = new CancellationTokenSource();
        var running = Background.Start(() => line.RunAsync(ending.Token), CancellationToken.None);
        var open = new OpenLine(line, running, ending, new ServerInfo(2, "", ""), purpose: null);
        try
        {
            var handshake = new Handshake(line, Options, identity, Runtime.Clock.GetTimestamp() + Ticks(Options.ConnectTimeout));
            var info = open.Info;
            var shaking = Background.Start(async () => info = await handshake.RunAsync(), CancellationToken.None);
            await using var _ = cancellationToken.UnsafeRegister(static open => ((OpenLine)open!).Break(), open);
            if (await Task.WhenAny(shaking, running) == running)
            {
                await open.DisposeAsync();
                await Background.WhenEndedAsync(shaking);
                cancellationToken.ThrowIfCancellationRequested();
                await running;
            }

            await shaking;
            return new OpenLine(line, running, ending, info, purpose);
        }
        catch
        {
            await open.DisposeAsync();
            throw;
        }
    }

    long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Runtime.Clock.TimestampFrequency);

    void WarnOnce(RedisEndpoint endpoint, Identity identity)
    {
        if (identity.Password is null || Options.Tls is not null || endpoint.Host is "localhost" || (IPAddress.TryParse(endpoint.Host, out var address) && IPAddress.IsLoopback(address))) return;
        if (Interlocked.Exchange(ref warned, 1) == 0) Runtime.Logger.Unencrypted(endpoint.ToString());
    }
}
