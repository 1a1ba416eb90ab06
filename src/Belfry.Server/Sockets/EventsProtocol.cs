using System.Text.Json;
using Belfry.Core.Delivery;
using Belfry.Core.Hosting;
using Belfry.Core.Journal;
using Belfry.Core.Listeners;
using Belfry.Core.Runtime;
using Belfry.Core.Tracking;
using Belfry.Server.Auth;
using Belfry.Server.Telemetry;
using Belfry.Server.Watches;
using Belfry.Server.Wire;

namespace Belfry.Server.Sockets;

/// <summary>What the protocols of all connections share.</summary>
sealed record ProtocolParts(
    DeliveryHub Hub, IJournal Journal, IChainDirectory Chains, AddressReader Addresses, WatchRegistry Watches, IActiveAddresses Active, Accounts Accounts,
    ConnectionRegistry Connections, BelfryOptions Options, TimeProvider Time, ServerLog Log, ClientMetrics Metrics);

/// <summary>The protocol of <c>/ws/events</c>. One subscription per connection: subscribing again replaces it.</summary>
sealed class EventsProtocol(ClientConnection connection, ProtocolParts parts) : IConnectionProtocol
{
    const int MostRefusedTold = 100;
    static readonly JsonDocumentOptions Strict = new() { MaxDepth = 16 };
    readonly ListenerSession listening = new(parts.Watches, parts.Active);

    // Addresses added later belong to the chains that the subscription named.
    IReadOnlyList<FollowedChain>? subscribedChains;

    DeliveryReader Reader => connection.Reader;

    public ValueTask OpenAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public async ValueTask ReceiveAsync(ReadOnlyMemory<byte> text, CancellationToken cancellationToken)
    {
        JsonElement? id = null;
        try
        {
            using var document = JsonDocument.Parse(text, Strict);
            var message = document.RootElement;
            if (message.ValueKind != JsonValueKind.Object)
            {
                Reader.Send(EventMessages.InvalidJson());
                return;
            }

            if (message.TryGetProperty("id", out var given) && given.ValueKind is JsonValueKind.String or JsonValueKind.Number && given.GetRawText().Length <= 128)
            {
                // An id that is no text (half a surrogate pair) cannot be echoed: found out now, before anything is done.
                if (given.ValueKind == JsonValueKind.String) _ = given.GetString();
                id = given.Clone();
            }

            await HandleAsync(message, id, cancellationToken);
        }
        catch (Exception problem) when (EventMessages.IsNoJson(problem))
        {
            Reader.Send(EventMessages.InvalidJson());
        }
        catch (BelfryException problem)
        {
            parts.Log.RequestFailed(problem);
            Reader.Send(EventMessages.Error(id, 100, "the server cannot do this now; try again", temporary: true));
        }
    }

    public ValueTask DisposeAsync() => listening.DisposeAsync();

    async ValueTask HandleAsync(JsonElement message, JsonElement? id, CancellationToken cancellationToken)
    {
        var type = !message.TryGetProperty("type", out var given) || given.ValueKind == JsonValueKind.Null ? "None"
            : given.ValueKind == JsonValueKind.String ? given.GetString()! : given.GetRawText();
        if (connection.Account is null && type != "auth")
        {
            Reader.Send(EventMessages.Error(id, 101, "an API key is needed first: {\"type\":\"auth\",\"token\":\"…\"}, or the header 'Authorization: Bearer …'"));
            return;
        }

        switch (type)
        {
            case "subscribe":
                await SubscribeAsync(message, id, cancellationToken);
                break;
            case "add_addresses":
                await AddAsync(message, id, cancellationToken);
                break;
            case "remove_addresses":
                await RemoveAsync(message, id);
                break;
            case "unsubscribe":
                Reader.Unsubscribe(EventMessages.Unsubscribed(id, Reader.Cursor, parts.Hub.Epoch));
                await listening.DisposeAsync();
                break;
            case "get_status":
                Reader.Send(StatusMessage(id));
                break;
            case "ping":
                Reader.Send(EventMessages.Pong(id));
                break;
            case "auth":
                Authenticate(message, id);
                break;
            default:
                Reader.Send(EventMessages.UnknownType(id, AddressReader.Clean(type)));
                break;
        }
    }

    async ValueTask SubscribeAsync(JsonElement message, JsonElement? id, CancellationToken cancellationToken)
    {
        if (SubscribeMessage.Read(message, parts.Addresses, out var error) is not { } wanted)
        {
            Refuse(id, error!);
            return;
        }

        if (await CheckPositionAsync(wanted, cancellationToken) is { } lost)
        {
            Reader.Send(EventMessages.Error(id, 112, lost, hint: "subscribe without 'after', and read the current state from GET /api/v1/addresses; its 'seq' is where it holds"));
            return;
        }

        var refused = new List<(string, string)>();
        IReadOnlyList<WatchRequest>? addresses = wanted.Addresses is { } list ? ReadAddresses(list, wanted.Chains ?? parts.Addresses.Chains, refused) : null;
        if (addresses?.Count > parts.Options.Limits.AddressesPerConnection)
        {
            RefuseTooMany(id);
            return;
        }

        var scripts = addresses is null ? null : await listening.PrepareAsync(connection.Account!, addresses, cancellationToken);
        subscribedChains = wanted.Chains;
        var selection = new Selection(wanted.Kinds?.ToList(), wanted.Chains?.Select(chain => chain.Profile.Id).ToList(), wanted.Filter, parts.Watches.ScopeOf(connection.Account!));
        Reader.Subscribe(selection, scripts, wanted.After, start => EventMessages.SubscriptionConfirmed(id, wanted.EventList, start, scripts?.Count, refused));
        await listening.ReplaceAsync(scripts);
    }

    async ValueTask AddAsync(JsonElement message, JsonElement? id, CancellationToken cancellationToken)
    {
        if (!TryReadDelta(message, id, out var addresses, out var refused)) return;
        if (listening.Count + addresses.Count > parts.Options.Limits.AddressesPerConnection)
        {
            RefuseTooMany(id);
            return;
        }

        await listening.ActivateAsync(connection.Account!, addresses, cancellationToken);
        var (added, start) = Reader.AddScripts(addresses.Select(address => (address.Chain.Profile.Id, address.Script)).ToList());
        Reader.Send(EventMessages.AddressesChanged("addresses_added", id, "added", added, Reader.AddressCount ?? 0, start, refused));
    }

    async ValueTask RemoveAsync(JsonElement message, JsonElement? id)
    {
        if (!TryReadDelta(message, id, out var addresses, out var refused)) return;
        var scripts = addresses.Select(address => (address.Chain.Profile.Id, address.Script)).ToList();
        var leaving = listening.Held(scripts);
        var (removed, start) = Reader.RemoveScripts(scripts);
        await listening.ReleaseAsync(leaving);
        Reader.Send(EventMessages.AddressesChanged("addresses_removed", id, "removed", removed, Reader.AddressCount ?? 0, start, refused));
    }

    bool TryReadDelta(JsonElement message, JsonElement? id, out IReadOnlyList<WatchRequest> addresses, out List<(string Address, string Error)> refused)
    {
        (addresses, refused) = ([], []);
        if (Reader.AddressCount is null)
        {
            Refuse(id, "there is no subscription that names addresses: subscribe first with 'addresses' (it may be an empty list)");
            return false;
        }

        if (!SubscribeMessage.TryReadChains(message, parts.Addresses, out var chains, out var error))
        {
            Refuse(id, error!);
            return false;
        }

        if (!message.TryGetProperty("addresses", out var list) || list.ValueKind != JsonValueKind.Array)
        {
            Refuse(id, "'addresses' must be a list of addresses");
            return false;
        }

        addresses = ReadAddresses(list, chains ?? subscribedChains ?? parts.Addresses.Chains, refused);
        return true;
    }

    List<WatchRequest> ReadAddresses(JsonElement list, IReadOnlyList<FollowedChain> chains, List<(string Address, string Error)> refused)
    {
        var addresses = new List<WatchRequest>(list.GetArrayLength());
        foreach (var item in list.EnumerateArray())
        {
            var text = item.ValueKind == JsonValueKind.String ? item.GetString()! : item.GetRawText();
            addresses.AddRange(parts.Addresses.Read(text, chains, out var error));
            if (error is not null && refused.Count < MostRefusedTold) refused.Add((AddressReader.Clean(text), error));
        }

        return addresses;
    }

    // The hub may be a moment behind the journal that a client has read over REST.
    async ValueTask<string?> CheckPositionAsync(SubscribeMessage wanted, CancellationToken cancellationToken)
    {
        if (wanted.Epoch is { } epoch && epoch != parts.Hub.Epoch)
            return $"the cursor belongs to journal '{AddressReader.Clean(epoch)}', this is '{parts.Hub.Epoch}': the store was replaced";
        if (wanted.After is not { } after || after <= parts.Hub.Head) return null;
        var head = await parts.Journal.ReadHeadAsync(cancellationToken);
        if (after > head) return $"the cursor {after} is in the future: the journal ends at {head}";
        while (parts.Hub.Head < after) await Task.Delay(TimeSpan.FromMilliseconds(1), parts.Time, cancellationToken);
        return null;
    }

    void Authenticate(JsonElement message, JsonElement? id)
    {
        var token = message.TryGetProperty("token", out var given) && given.ValueKind == JsonValueKind.String ? given.GetString() : null;
        if (!parts.Accounts.AreRequired)
        {
            Reader.Send(EventMessages.Authenticated(id));
        }
        else if (parts.Accounts.Find(token) is { } account && (connection.Account is null || connection.Account == account))
        {
            connection.Account = account;
            Reader.Send(EventMessages.Authenticated(id));
        }
        else
        {
            Reader.Send(EventMessages.Error(id, 101, "the API key is not known"));
            Reader.Close(CloseCodes.InvalidToken, "invalid_token");
        }
    }

    byte[] StatusMessage(JsonElement? id)
    {
        var chains = parts.Chains.All;
        var running = chains.Any(chain => chain.Tracker.Status.State != ChainState.Stopped);
        return EventMessages.Status(
            id, running, parts.Connections.Count, chains.Select(chain => chain.Profile.Currency), chains.Sum(chain => chain.Tracker.Status.WatchedScripts), parts.Hub.Head, parts.Hub.Epoch);
    }

    void Refuse(JsonElement? id, string error) => Reader.Send(EventMessages.Error(id, 107, error));

    void RefuseTooMany(JsonElement? id) =>
        Reader.Send(EventMessages.Error(id, 106, $"one connection may listen to {parts.Options.Limits.AddressesPerConnection} addresses (setting Limits:AddressesPerConnection)"));
}
