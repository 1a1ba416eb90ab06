using System.Net.Sockets;
using Belfry.Server.Auth;
using Belfry.Server.Sockets;
using Belfry.Server.Telemetry;
using Belfry.Server.Wire;
using Microsoft.AspNetCore.Connections.Features;

namespace Belfry.Server.Endpoints;

/// <summary><c>WS /ws/events</c> and <c>WS /ws/watch/{chain}/{address}</c>.</summary>
static class SocketEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        // Not as a parameter: what a request resolves gets a scope of its own, and it would live as long as the connection.
        var services = routes.ServiceProvider;
        routes.MapGet("/ws/events", (HttpContext context) => ServeEventsAsync(context, services.GetRequiredService<ProtocolParts>()))
            .WithSummary("Events over WebSocket").WithTags("events");
        routes.MapGet("/ws/watch/{chain}/{address}", (HttpContext context, string chain, string address) => WatchAsync(context, services.GetRequiredService<ProtocolParts>(), chain, address)).WithSummary("Events of one address over WebSocket").WithTags("events");
    }

    static Task ServeEventsAsync(HttpContext context, ProtocolParts parts) => ServeAsync(context, parts, connection => new EventsProtocol(connection, parts), mayAuthenticateLater: true);

    static async Task WatchAsync(HttpContext context, ProtocolParts parts, string chain, string address)
    {
        if (parts.Addresses.FindChain(chain) is not { } followed)
        {
            await Problems.NotFound("chain", parts.Addresses.UnknownChain(chain)).ExecuteAsync(context);
            return;
        }

        var found = parts.Addresses.Read(address, [followed], out var error);
        if (found.Count == 0) await Problems.Unprocessable("address", error!).ExecuteAsync(context);
        else await ServeAsync(context, parts, connection => new WatchProtocol(connection, parts, found[0]), mayAuthenticateLater: false);
    }

    static async Task ServeAsync(HttpContext context, ProtocolParts parts, Func<ClientConnection, IConnectionProtocol> speak, bool mayAuthenticateLater)
    {
        var account = parts.Accounts.Identify(context.Request);
        if (account is null && (Accounts.HasCredentials(context.Request) || !mayAuthenticateLater))
        {
            await Problems.WriteAsync(context, 401, "An API key is needed", new FaultBody("Authorization", "missing or not known", "the header 'Authorization: Bearer …' or 'X-Api-Key: …'", null));
            return;
        }

        if (WebSocketHandshake.Check(context) is { } fault)
        {
            context.Response.Headers.Upgrade = "websocket";
            await Problems.WriteAsync(context, 426, "A WebSocket is needed", new FaultBody("handshake", fault, null, null));
            return;
        }

        if (!FileHandles.HasRoomForEvents(context))
        {
            await RefuseForLackOfHandlesAsync(context, parts);
            return;
        }

        var address = context.Connection.RemoteIpAddress;
        if (parts.Connections.IsClosing || !parts.Connections.TryEnter(address))
        {
            await RefuseAsync(context, parts);
            return;
        }

        try
        {
            var stream = await WebSocketHandshake.AcceptAsync(context);
            await RunAsync(context, parts, speak, account, stream);
        }
        finally
        {
            parts.Connections.Leave(address);
        }
    }

    static async Task RunAsync(HttpContext context, ProtocolParts parts, Func<ClientConnection, IConnectionProtocol> speak, Account? account, Stream stream)
    {
        var output = new SocketOutput(stream, PlainSocket(context), parts.Time, context.Abort);
        using var connection = new ClientConnection(context, stream, output, parts) { Account = account };
        parts.Connections.Add(connection);
        await using var protocol = speak(connection);
        try
        {
            await connection.RunAsync(protocol);
        }
        finally
        {
            parts.Connections.Remove(connection);
        }
    }

    // Only when nothing encrypts between Kestrel and the wire may bytes go straight into the socket.
    static Socket? PlainSocket(HttpContext context) =>
        context.Request.IsHttps || context.Features.Get<ITlsHandshakeFeature>() is not null ? null : context.Features.Get<IConnectionSocketFeature>()?.Socket;

    static Task RefuseAsync(HttpContext context, ProtocolParts parts)
    {
        context.Response.Headers.RetryAfter = "5";
        parts.Metrics.Refused(parts.Connections.IsClosing ? RefusedClients.Shutdown : RefusedClients.EventConnections);
        if (parts.Connections.IsClosing)
            return Problems.WriteAsync(context, 503, "The server is shutting down", new FaultBody("connection", "the server takes no new connections", "another server, or this one a little later", null));
        parts.Log.Refused("too many connections from one address");
        return Problems.WriteAsync(
            context, 429, "Too many connections",
            new FaultBody("connection", $"your address has {parts.Options.Limits.ConnectionsPerAddress} event connections already", "fewer connections (setting Limits:ConnectionsPerAddress)", null));
    }

    static Task RefuseForLackOfHandlesAsync(HttpContext context, ProtocolParts parts)
    {
        parts.Metrics.Refused(RefusedClients.FileHandles);
        parts.Log.OutOfHandles(FileHandles.Limit);
        context.Response.Headers.RetryAfter = "5";
        context.Response.Headers.Connection = "close";
        return Problems.WriteAsync(
            context, 503, "Too many connections",
            new FaultBody("connection", "the server has no file handles left for event connections", "a higher limit on open files (ulimit -n), or fewer connections", null));
    }
}
