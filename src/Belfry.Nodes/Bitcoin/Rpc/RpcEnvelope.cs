using System.Globalization;
using System.Text.Json;

namespace Belfry.Nodes.Bitcoin.Rpc;

/// <summary>One answer: its id, and where in the body its result stands, or its error.</summary>
readonly record struct RpcEnvelope(long? Id, int ResultStart, int ResultLength, int? ErrorCode, string ErrorMessage)
{
    const int MaxReason = 300;

    /// <summary>Reads the only answer in a body.</summary>
    /// <exception cref="JsonException">Not one JSON-RPC answer.</exception>
    public static RpcEnvelope ReadOne(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        if (!reader.Read()) throw new JsonException("empty");
        var envelope = Read(ref reader);
        if (reader.Read()) throw new JsonException("more than one answer");
        return envelope;
    }

    /// <summary>Reads the answers to a batch, in the order in which the node gave them; null when the node answered with one object, so does not take batches.</summary>
    /// <exception cref="JsonException">Not JSON-RPC answers, or more than <paramref name="limit"/>.</exception>
    public static List<RpcEnvelope>? ReadBatch(ReadOnlySpan<byte> body, int limit)
    {
        var reader = new Utf8JsonReader(body);
        if (!reader.Read()) throw new JsonException("empty");
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            Read(ref reader);
            return null;
        }

        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException("not a list of answers");
        var list = new List<RpcEnvelope>(limit);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (list.Count == limit) throw new JsonException($"more than the {limit} answers asked for");
            list.Add(Read(ref reader));
        }

        if (reader.Read()) throw new JsonException("more after the list of answers");
        return list;
    }

    static RpcEnvelope Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("not an answer object");
        long? id = null;
        int start = -1, length = 0;
        int? code = null;
        var message = "";
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("result"u8))
            {
                reader.Read();
                start = (int)reader.TokenStartIndex;
                reader.Skip();
                length = (int)reader.BytesConsumed - start;
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                reader.Read();
                (code, message) = ReadError(ref reader);
            }
            else if (reader.ValueTextEquals("id"u8))
            {
                reader.Read();
                id = ReadId(ref reader);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return start < 0 && code is null ? throw new JsonException("neither result nor error") : new RpcEnvelope(id, start, length, code, message);
    }

    static long? ReadId(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number)) return number;
        if (reader.TokenType == JsonTokenType.String && long.TryParse(reader.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out number)) return number;
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray) reader.Skip();
        return null;
    }

    static (int? Code, string Message) ReadError(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null) return (null, "");
        if (reader.TokenType == JsonTokenType.String) return (0, Shorten(reader.GetString()));
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("error is neither null nor an object");
        var code = 0;
        var message = "";
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isCode = reader.ValueTextEquals("code"u8);
            var isMessage = reader.ValueTextEquals("message"u8);
            reader.Read();
            if (isCode && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number)) code = number;
            else if (isMessage && reader.TokenType == JsonTokenType.String) message = Shorten(reader.GetString());
            else reader.Skip();
        }

        return (code, message);
    }

    // A node's words go into logs and pages: no line breaks, no escape codes, no novels.
    static string Shorten(string? text)
    {
        var clean = string.Concat((text ?? "").Select(letter => char.IsControl(letter) ? ' ' : letter));
        return clean.Length <= MaxReason ? clean : string.Concat(clean.AsSpan(0, MaxReason), "…");
    }
}
