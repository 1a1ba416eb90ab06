using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

namespace Belfry.Core.Journal;

/// <summary>
/// An entry as clients see it: <c>{"type":"event","id":"…","seq":1042,"data":{…},"timestamp":1640995200.123}</c>, UTF-8. Written once, shared by every reader.
/// </summary>
public static class EventEnvelope
{
    /// <summary>Appends the envelope of <paramref name="entry"/>.</summary>
    public static void Write(JournalEntry entry, IBufferWriter<byte> output)
    {
        // The data were written by Belfry and are valid JSON; validating them again for every entry would double the cost.
        using var writer = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
        writer.WriteStartObject();
        writer.WriteString("type"u8, "event"u8);
        writer.WriteString("id"u8, entry.Event.Id);
        writer.WriteNumber("seq"u8, entry.Sequence);
        writer.WritePropertyName("data"u8);
        writer.WriteRawValue(entry.Event.Data.Span, skipInputValidation: true);
        writer.WritePropertyName("timestamp"u8);
        Span<byte> timestamp = stackalloc byte[32];
        writer.WriteRawValue(timestamp[..FormatSeconds(entry.Event.At, timestamp)], skipInputValidation: true);
        writer.WriteEndObject();
        writer.Flush();
    }

    // Unix seconds with three digits of fraction, from integers: a double would print 1640995200.1229999.
    static int FormatSeconds(DateTimeOffset at, Span<byte> text)
    {
        var milliseconds = at.ToUnixTimeMilliseconds();
        var (seconds, fraction) = Math.DivRem(Math.Max(milliseconds, 0), 1000);
        Utf8Formatter.TryFormat(seconds, text, out var written);
        text[written++] = (byte)'.';
        Utf8Formatter.TryFormat(fraction, text[written..], out var digits, new StandardFormat('D', 3));
        return written + digits;
    }
}
