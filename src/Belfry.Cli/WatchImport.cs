using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Belfry.Client;
using Belfry.Core.Runtime;

namespace Belfry.Cli;

/// <summary>One run of <c>belfry watch import</c>: lines in, a bar on the way, wrong lines by their number, a summary.</summary>
sealed class WatchImport(Terminal terminal, BelfryClient client, string? chain, bool asJson)
{
    /// <summary>The server takes no longer ones.</summary>
    const int LongestLine = 4 << 10;

    /// <summary>Stands for such a line, so that it is refused in its place.</summary>
    static readonly byte[] TooLong = [.. Enumerable.Repeat((byte)'x', LongestLine + 1)];

    readonly Pipe pipe = new(new PipeOptions(pauseWriterThreshold: 1 << 20, resumeWriterThreshold: 1 << 19, useSynchronizationContext: false));
    long good, bad, already;

    /// <summary>Imports everything.</summary>
    /// <param name="input">NDJSON, or with a chain also one address a line.</param>
    /// <param name="total">How many lines there are; null when that is not known.</param>
    /// <param name="cancellationToken">Stops; what was answered is stored.</param>
    public async Task<int> RunAsync(Stream input, long? total, CancellationToken cancellationToken)
    {
        var bar = new ProgressBar(terminal, TimeProvider.System, total);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sending = Background.Start(() => SendAsync(input, stop.Token), CancellationToken.None);
        try
        {
            await using var body = pipe.Reader.AsStream();
            await foreach (var result in client.ImportWatchesAsync(body, cancellationToken))
            {
                await CountAsync(result, bar);
                bar.Show(good + bad, bad == 0 ? "" : $"  {bad} refused");
            }
        }
        finally
        {
            bar.Clear();
            await stop.CancelAsync();
            await sending;
            if (good + bad > 0) await SumUpAsync(bar.Elapsed);
        }

        return bad == 0 ? ExitCodes.Done : ExitCodes.Refused;
    }

    /// <summary>How many lines that say something a file has; null for what is no file.</summary>
    public static async Task<long?> CountLinesAsync(FileInfo file, CancellationToken cancellationToken)
    {
        await using var stream = file.OpenRead();
        if (!stream.CanSeek) return null;
        var count = 0L;
        await foreach (var _ in new LineReader(stream, LongestLine, static () => ValueTask.CompletedTask).ReadAsync(cancellationToken)) count++;
        return count;
    }

    async ValueTask CountAsync(ImportResult result, ProgressBar bar)
    {
        if (result.Error is null)
        {
            good++;
            if (result.Others?.TryGetValue("created", out var created) == true && created.ValueKind == JsonValueKind.False) already++;
        }
        else
        {
            bad++;
        }

        if (asJson) await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(result, CliJson.Default.ImportResult));
        if (result.Error is null) return;
        bar.Clear();
        await terminal.Error.WriteLineAsync(terminal.Interactive ? terminal.Paint(Ink.Red, $"line {result.Line}: {result.Error}") : $"line {result.Line}: {result.Error}");
    }

    async Task SendAsync(Stream input, CancellationToken cancellationToken)
    {
        Exception? fault = null;
        try
        {
            var sent = 0L;
            await foreach (var line in new LineReader(input, LongestLine, FlushAsync).ReadAsync(cancellationToken))
            {
                // an empty line for each that is left out here: the server's numbers are then the input's
                while (++sent < line.Number) pipe.Writer.Write("\n"u8);
                if (line.Bytes is { } bytes) Write(bytes.Span);
                else pipe.Writer.Write(TooLong);
                pipe.Writer.Write("\n"u8);
                if (pipe.Writer.UnflushedBytes > 32 << 10 && (await pipe.Writer.FlushAsync(cancellationToken)).IsCompleted) break;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // the answer ended first: whoever waits for it knows why
        }
        catch (IOException problem)
        {
            fault = problem;
        }

        await pipe.Writer.CompleteAsync(fault);

        async ValueTask FlushAsync() => await pipe.Writer.FlushAsync(cancellationToken);
    }

    void Write(ReadOnlySpan<byte> line)
    {
        if (chain is null || line.TrimStart((byte)' ').StartsWith("{"u8))
        {
            pipe.Writer.Write(line);
            return;
        }

        using var json = new Utf8JsonWriter(pipe.Writer);
        json.WriteStartObject();
        json.WriteString("chain"u8, chain);
        json.WriteString("address"u8, Encoding.UTF8.GetString(line).Trim());
        json.WriteEndObject();
    }

    async Task SumUpAsync(TimeSpan took)
    {
        var again = already == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" ({already:N0} of them already before)");
        await terminal.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{good:N0} watched{again}, {bad:N0} refused, in {took.TotalSeconds:0.0} s"));
    }
}
