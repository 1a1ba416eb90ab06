using System.Net;
using Belfry.Core.Hosting;
using Belfry.Server.Telemetry;
using Microsoft.AspNetCore.Connections;

namespace Belfry.Server.Sockets;

/// <summary>
/// Lets so many TCP connections of one network address in and no more. A limit for all together would be worse than none: whoever holds all places would shut everybody
/// else out.
/// </summary>
sealed class TcpGate(BelfryOptions options, ClientMetrics metrics, ServerLog log)
{
    readonly AddressSeats seats = new(options.Limits.TcpConnectionsPerAddress, options.Limits.LimitLoopback);

    /// <summary>Stands before everything else that a connection meets, TLS included: a refused one costs nothing more, and is closed without a word.</summary>
    public ConnectionDelegate Guard(ConnectionDelegate next) => async connection =>
    {
        if (!FileHandles.HasRoom(connection))
        {
            metrics.Refused(RefusedClients.FileHandles);
            log.OutOfHandles(FileHandles.Limit);
            return;
        }

        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        if (!seats.TryEnter(address))
        {
            metrics.Refused(RefusedClients.TcpConnections);
            log.Refused("too many TCP connections from one address (setting Limits:TcpConnectionsPerAddress)");
            return;
        }

        metrics.TcpOpened();
        try
        {
            await next(connection);
        }
        finally
        {
            seats.Leave(address);
            metrics.TcpClosed();
        }
    };
}
