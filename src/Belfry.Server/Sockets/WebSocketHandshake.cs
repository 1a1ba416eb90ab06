using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace Belfry.Server.Sockets;

/// <summary>The opening handshake of RFC 6455 section 4.2 over HTTP/1.1. No extension is negotiated: compression would have to be done per client.</summary>
static class WebSocketHandshake
{
    const string Accept = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    /// <summary>What is wrong with the request as a WebSocket upgrade, or null.</summary>
    public static string? Check(HttpContext context)
    {
        var request = context.Request;
        var upgrade = context.Features.Get<IHttpUpgradeFeature>();
        if (upgrade is not { IsUpgradableRequest: true } || !string.Equals(request.Headers.Upgrade, "websocket", StringComparison.OrdinalIgnoreCase))
            return "this address speaks WebSocket: expected the headers 'Connection: Upgrade' and 'Upgrade: websocket' over HTTP/1.1";
        if (request.Headers.SecWebSocketVersion != "13") return "expected the header 'Sec-WebSocket-Version: 13'";
        Span<byte> key = stackalloc byte[18];
        return Convert.TryFromBase64String(request.Headers.SecWebSocketKey.ToString(), key, out var length) && length == 16
            ? null
            : "expected the header 'Sec-WebSocket-Key' with 16 bytes in base64";
    }

    /// <summary>Answers 101 and returns the connection's stream.</summary>
    public static Task<Stream> AcceptAsync(HttpContext context)
    {
        // SHA-1 is what the protocol asks for; it proves that this is a WebSocket server, nothing else.
#pragma warning disable CA5350
        var proof = SHA1.HashData(Encoding.ASCII.GetBytes(context.Request.Headers.SecWebSocketKey + Accept));
#pragma warning restore CA5350
        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers.Upgrade = "websocket";
        context.Response.Headers.SecWebSocketAccept = Convert.ToBase64String(proof);
        return context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
    }
}
