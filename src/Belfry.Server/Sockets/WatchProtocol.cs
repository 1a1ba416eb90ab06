using System.Text.Json;
using Belfry.Core.Delivery;
using Belfry.Server.Watches;
using Belfry.Server.Wire;

namespace Belfry.Server.Sockets;

/// <summary>The protocol of <c>/ws/watch/{chain}/{address}</c>: everything about one address, from the opening on. Understands ping; nothing else needs to be said.</summary>
sealed class WatchProtocol(ClientConnection connection, ProtocolParts parts, WatchRequest address) : IConnectionProtocol
{
    readonly ListenerSession listening = new(parts.Watches, parts.Active);

    public async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        var scripts = await listening.PrepareAsync(connection.Account!, [address], cancellationToken);
        var chain = address.Chain.Profile.Id;
        var selection = new Selection(null, [chain], null, parts.Watches.ScopeOf(connection.Account!));
        connection.Reader.Subscribe(selection, scripts, null, start => EventMessages.SubscriptionConfirmed(null, null, start, 1, []));
        await listening.ReplaceAsync(scripts);
    }

    public ValueTask ReceiveAsync(ReadOnlyMemory<byte> text, CancellationToken cancellationToken)
    {
        connection.Reader.Send(Answer(text));
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => listening.DisposeAsync();

    static byte[] Answer(ReadOnlyMemory<byte> text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 16 });
            if (document.RootElement.ValueKind != JsonValueKind.Object) return EventMessages.InvalidJson();
            var type = document.RootElement.TryGetProperty("type", out var given) && given.ValueKind == JsonValueKind.String ? given.GetString()! : "None";
            return type == "ping" ? EventMessages.Pong(null) : EventMessages.UnknownType(null, AddressReader.Clean(type));
        }
        catch (Exception problem) when (EventMessages.IsNoJson(problem))
        {
            return EventMessages.InvalidJson();
        }
    }
}
