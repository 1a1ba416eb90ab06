using System.Buffers;
using System.Text.Json;

namespace Belfry.Nodes.Bitcoin.Rpc;

/// <summary>One call: a method and its arguments by place (<see cref="string"/>, <see cref="bool"/>, <see cref="int"/>, <see cref="long"/>, or a <see cref="JsonElement"/> for lists and objects).</summary>
public sealed class RpcCall(string method, params object[] arguments)
{
    /// <summary>Longest answer to a call that returns some numbers and hashes.</summary>
    public const int SmallReply = 1 << 20;

    /// <summary>Longest answer that carries a block, a mempool or many transactions: a 32 MB block as hex, with room.</summary>
    public const int LargeReply = 256 << 20;

    /// <summary>Name of the method.</summary>
    public string Method { get; } = method;

    /// <summary>Whether asking twice is harmless. Only such calls are tried again.</summary>
    public bool Idempotent { get; init; } = true;

    /// <summary>Longest answer that will be read, in bytes.</summary>
    public int MaxReplyBytes { get; init; } = SmallReply;

    /// <summary>How long until its answer begins; null: <see cref="RpcOptions.CallTimeout"/>.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Writes the request of one call.</summary>
    internal static ReadOnlyMemory<byte> Write(RpcCall call, long id)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var writer = new Utf8JsonWriter(buffer);
        call.Write(writer, id);
        writer.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>Writes the request of a batch whose ids count up from <paramref name="firstId"/>.</summary>
    internal static ReadOnlyMemory<byte> Write(ReadOnlySpan<RpcCall> calls, long firstId)
    {
        var buffer = new ArrayBufferWriter<byte>(calls.Length * 128);
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartArray();
        foreach (var call in calls) call.Write(writer, firstId++);
        writer.WriteEndArray();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    void Write(Utf8JsonWriter writer, long id)
    {
        writer.WriteStartObject();
        // Version 1.0 as the nodes' own tools speak it: newer nodes answer a "2.0" request in another shape (no "error": null, no HTTP status).
        writer.WriteString("jsonrpc", "1.0");
        writer.WriteNumber("id", id);
        writer.WriteString("method", Method);
        writer.WriteStartArray("params");
        foreach (var argument in arguments) WriteArgument(writer, argument);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    static void WriteArgument(Utf8JsonWriter writer, object argument)
    {
        switch (argument)
        {
            case string text: writer.WriteStringValue(text); break;
            case bool flag: writer.WriteBooleanValue(flag); break;
            case int number: writer.WriteNumberValue(number); break;
            case long number: writer.WriteNumberValue(number); break;
            case JsonElement json: json.WriteTo(writer); break;
            default: throw new ArgumentException($"An RPC argument cannot be a {argument.GetType().Name}.", nameof(argument));
        }
    }
}
