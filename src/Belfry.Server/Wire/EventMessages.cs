using System.Buffers;
using System.Text.Json;
using Belfry.Core.Delivery;

namespace Belfry.Server.Wire;

/// <summary>
/// What the server says on <c>/ws/events</c>, as whole frames. The shapes of <c>subscription_confirmed</c>, <c>pong</c>, <c>status</c> and the two errors without a type
/// are fixed by clients that exist; fields are only added behind.
/// </summary>
static class EventMessages
{
    /// <summary>Answer to ping.</summary>
    public static byte[] Pong(JsonElement? id) => Frame("pong", id, _ => { });

    public static byte[] SubscriptionConfirmed(JsonElement? id, JsonElement? events, SubscriptionStart start, long? addresses, IReadOnlyList<(string Address, string Error)> refused) =>
        Frame("subscription_confirmed", id, writer =>
        {
            WritePosition(writer, start);
            if (addresses is { } count) writer.WriteNumber("addresses"u8, count);
            WriteRefused(writer, refused);
        }, writer =>
        {
            writer.WritePropertyName("events"u8);
            if (events is { } list)
            {
                list.WriteTo(writer);
            }
            else
            {
                writer.WriteStartArray();
                writer.WriteEndArray();
            }
        });

    public static byte[] Unsubscribed(JsonElement? id, long sequence, string epoch) =>
        Frame("unsubscribed", id, writer => WritePosition(writer, new SubscriptionStart(sequence, epoch)));

    public static byte[] AddressesChanged(
        string type, JsonElement? id, string counter, int changed, long total, SubscriptionStart start, IReadOnlyList<(string Address, string Error)> refused) =>
        Frame(type, id, writer =>
        {
            writer.WriteNumber(counter, changed);
            writer.WriteNumber("total"u8, total);
            WritePosition(writer, start);
            WriteRefused(writer, refused);
        });

    public static byte[] Status(JsonElement? id, bool running, int connections, IEnumerable<string> currencies, long addresses, long head, string epoch) =>
        Frame("status", id, _ => { }, writer =>
        {
            writer.WriteStartObject("data"u8);
            writer.WriteBoolean("running"u8, running);
            writer.WriteNumber("connected_websockets"u8, connections);
            writer.WriteStartArray("monitored_currencies"u8);
            foreach (var currency in currencies) writer.WriteStringValue(currency);
            writer.WriteEndArray();
            writer.WriteNumber("total_addresses"u8, addresses);
            writer.WriteNumber("seq"u8, head);
            writer.WriteString("epoch"u8, epoch);
            writer.WriteEndObject();
        });

    public static byte[] Authenticated(JsonElement? id) => Frame("authenticated", id, _ => { });

    /// <summary>A refusal that the client can read: codes 100 internal, 101 unauthorized, 106 limit, 107 bad request, 112 unrecoverable position.</summary>
    public static byte[] Error(JsonElement? id, int code, string message, bool temporary = false, string? hint = null) => Frame("error", id, writer =>
    {
        writer.WriteNumber("code"u8, code);
        writer.WriteString("message"u8, message);
        writer.WriteBoolean("temporary"u8, temporary);
        if (hint is not null) writer.WriteString("hint"u8, hint);
    });

    /// <summary><c>{"error":"Unknown message type: X"}</c>.</summary>
    public static byte[] UnknownType(JsonElement? id, string type) => Legacy(id, $"Unknown message type: {type}");

    /// <summary><c>{"error":"Invalid JSON format"}</c>.</summary>
    public static byte[] InvalidJson() => Legacy(null, "Invalid JSON format");

    static byte[] Legacy(JsonElement? id, string error) => Build(writer =>
    {
        writer.WriteString("error"u8, error);
        WriteId(writer, id);
    });

    // "first" stands before the id: the fields of the fixed shapes keep their order.
    static byte[] Frame(string type, JsonElement? id, Action<Utf8JsonWriter> rest, Action<Utf8JsonWriter>? first = null) => Build(writer =>
    {
        writer.WriteString("type"u8, type);
        first?.Invoke(writer);
        WriteId(writer, id);
        rest(writer);
    });

    static byte[] Build(Action<Utf8JsonWriter> fields)
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            fields(writer);
            writer.WriteEndObject();
        }

        return EventFrame.TextFrame(buffer.WrittenSpan);
    }

    static void WriteId(Utf8JsonWriter writer, JsonElement? id)
    {
        if (id is not { } value) return;
        writer.WritePropertyName("id"u8);
        value.WriteTo(writer);
    }

    static void WritePosition(Utf8JsonWriter writer, SubscriptionStart start)
    {
        writer.WriteNumber("seq"u8, start.Sequence);
        writer.WriteString("epoch"u8, start.Epoch);
    }

    static void WriteRefused(Utf8JsonWriter writer, IReadOnlyList<(string Address, string Error)> refused)
    {
        if (refused.Count == 0) return;
        writer.WriteStartArray("refused"u8);
        foreach (var (address, error) in refused)
        {
            writer.WriteStartObject();
            writer.WriteString("address"u8, address);
            writer.WriteString("error"u8, error);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
