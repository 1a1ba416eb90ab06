using System.Runtime.CompilerServices;

namespace Belfry.Cli;

/// <summary>A line of input: its bytes without the line end, or null when it was longer than allowed.</summary>
readonly record struct InputLine(ReadOnlyMemory<byte>? Bytes)
{
    /// <summary>Its place in the input, from 1; empty lines count.</summary>
    public long Number { get; init; }
}

/// <summary>Reads lines of bounded length. Tells when it is about to wait for more input, so that answers to what came so far can be sent first.</summary>
sealed class LineReader(Stream input, int maxBytes, Func<ValueTask> beforeWaiting)
{
    byte[] buffer = new byte[64 * 1024];
    int start, end;
    long number;

    /// <summary>All lines; each is valid until the next one is asked for. Empty ones are left out.</summary>
    public async IAsyncEnumerable<InputLine> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var skipping = false;
        while (true)
        {
            var newline = buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                var line = Trim(buffer.AsMemory(start, newline));
                start += newline + 1;
                number++;
                if (skipping) yield return new InputLine(null) { Number = number };
                else if (line.Length > 0) yield return new InputLine(line) { Number = number };
                skipping = false;
                continue;
            }

            if (end - start > maxBytes)
            {
                skipping = true;
                start = end = 0;
            }

            MakeRoom();
            await beforeWaiting();
            var read = await input.ReadAsync(buffer.AsMemory(end), cancellationToken);
            end += read;
            if (read > 0) continue;
            var last = Trim(buffer.AsMemory(start, end - start));
            if (skipping) yield return new InputLine(null) { Number = number + 1 };
            else if (last.Length > 0) yield return new InputLine(last) { Number = number + 1 };
            yield break;
        }
    }

    static ReadOnlyMemory<byte> Trim(ReadOnlyMemory<byte> line) => line.Length > 0 && line.Span[^1] == '\r' ? line[..^1] : line;

    void MakeRoom()
    {
        if (end < buffer.Length) return;
        if (start == 0) Array.Resize(ref buffer, buffer.Length * 2);
        else
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
        }
    }
}
