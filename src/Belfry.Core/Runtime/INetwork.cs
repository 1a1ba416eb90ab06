using System.Net.Sockets;

namespace Belfry.Core.Runtime;

/// <summary>Outgoing connections. Everything that dials goes through it, so that faults and simulated networks can stand in.</summary>
public interface INetwork
{
    /// <summary>Opens a byte stream to <paramref name="host"/>:<paramref name="port"/>.</summary>
    /// <exception cref="SocketException">The connection was refused, timed out or the name did not resolve.</exception>
    ValueTask<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken);
}

/// <summary>TCP without Nagle's delay.</summary>
public sealed class TcpNetwork : INetwork
{
    /// <summary>The one instance: it has no state.</summary>
    public static TcpNetwork Instance { get; } = new();

    /// <inheritdoc/>
    public async ValueTask<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
