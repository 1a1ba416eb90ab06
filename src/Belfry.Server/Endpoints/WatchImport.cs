using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Belfry.Core.Delivery;
using Belfry.Core.Runtime;
using Belfry.Server.Auth;
using Belfry.Server.Watches;
using Belfry.Server.Wire;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Belfry.Server.Endpoints;

/// <summary>Marks an endpoint whose body is a stream of any length.</summary>
sealed class UnboundedBody;

/// <summary>
/// Bulk import: NDJSON, one watch a line, answered line by line in order while it arrives. A bad line is an answer, not an end. What has arrived together is stored
/// together.
/// </summary>
static class WatchImport
{
    const int LongestLine = 4 << 10;
    const int LargestBatch = 5000;

    // For whoever has sent everything and reads nothing more of the answers.
    static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(2);

    public static async Task RunAsync(HttpContext context, AddressReader reader, WatchRegistry watches, DeliveryHub hub)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = null;
        // While it sends, a client need not read.
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } pace) pace.MinDataRate = null;
        context.Response.ContentType = "application/x-ndjson";
        await using var answers = new WaitingAnswers();
        var import = new Import(context.GetAccount(), reader, watches, hub, answers);
        var sending = answers.SendAsync(context.Response.BodyWriter, context.RequestAborted);
        try
        {
            await import.ReadAsync(context.Request.BodyReader, context.RequestAborted);
        }
        finally
        {
            await answers.CompleteAsync();
            await SentAsync(context, answers, sending);
        }
    }

    static async Task SentAsync(HttpContext context, WaitingAnswers answers, Task sending)
    {
        var clock = context.RequestServices.GetRequiredService<TimeProvider>();
        while (!sending.IsCompleted)
        {
            var before = answers.Sent;
            using var noLonger = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
            await Task.WhenAny(sending, Task.Delay(LongestWait, clock, noLonger.Token));
            Background.Cancel(noLonger);
            if (!sending.IsCompleted && answers.Sent == before) context.Abort();
        }

        await sending;
    }

    sealed class Import(Account account, AddressReader reader, WatchRegistry watches, DeliveryHub hub, WaitingAnswers answers)
    {
        readonly List<(long Line, WatchRequest? Request, string? Error)> batch = [];
        long lines;
        bool skipping;

        public async Task ReadAsync(PipeReader body, CancellationToken cancellationToken)
        {
            while (true)
            {
                var read = await body.ReadAsync(cancellationToken);
                var rest = SkipRest(read.Buffer);
                while (!skipping && TakeLine(ref rest, read.IsCompleted, out var line))
                {
                    Judge(line);
                    if (batch.Count >= LargestBatch) await StoreAsync(cancellationToken);
                }

                if (rest.Length > LongestLine)
                {
                    // Its end is nowhere near: it is answered now, and the rest of it read and thrown away.
                    Judge(rest);
                    (skipping, rest) = (true, rest.Slice(rest.End));
                }

                body.AdvanceTo(rest.Start, rest.End);
                await StoreAsync(cancellationToken);
                if (read.IsCompleted) return;
            }
        }

        ReadOnlySequence<byte> SkipRest(ReadOnlySequence<byte> buffer)
        {
            if (!skipping) return buffer;
            if (buffer.PositionOf((byte)'\n') is not { } end) return buffer.Slice(buffer.End);
            skipping = false;
            return buffer.Slice(buffer.GetPosition(1, end));
        }

        static bool TakeLine(ref ReadOnlySequence<byte> rest, bool isLast, out ReadOnlySequence<byte> line)
        {
            line = default;
            if (rest.PositionOf((byte)'\n') is { } end)
            {
                line = rest.Slice(0, end);
                rest = rest.Slice(rest.GetPosition(1, end));
                return true;
            }

            if (!isLast || rest.IsEmpty) return false;
            line = rest;
            rest = rest.Slice(rest.End);
            return true;
        }

        void Judge(ReadOnlySequence<byte> line)
        {
            lines++;
            if (line.Length > LongestLine)
            {
                batch.Add((lines, null, $"the line is longer than {LongestLine} bytes"));
                return;
            }

            var text = line.ToArray();
            if (Encoding.UTF8.GetString(text).AsSpan().IsWhiteSpace()) return;
            var (request, fault) = WatchBodies.Read(text, reader);
            var error = fault is null ? null
                : $"{fault.Where}: {fault.Problem}{(fault.Expected is null ? "" : $"; expected {fault.Expected}")}{(fault.Suggestion is null ? "" : $"; did you mean '{fault.Suggestion}'?")}";
            batch.Add((lines, request, error));
        }

        async ValueTask StoreAsync(CancellationToken cancellationToken)
        {
            if (batch.Count == 0) return;
            var valid = batch.Where(line => line.Request is not null).Select(line => line.Request!).ToList();
            string? outage = null;
            IReadOnlyList<Core.Watches.StoredWatch> stored = [];
            try
            {
                if (valid.Count > 0) stored = await watches.AddAsync(account, valid, cancellationToken);
            }
            catch (BelfryException)
            {
                // The status line is long out: each line says for itself that it was not stored.
                outage = "the store cannot take it now; try again";
            }

            var sequence = hub.Head;
            var next = 0;
            await AnswerAsync(batch.Select(line =>
            {
                if (line.Request is null || outage is not null) return new ImportLineBody(line.Line, false, null, null, null, null, null, null, line.Error ?? outage);
                var (watch, created) = stored[next++];
                return new ImportLineBody(line.Line, true, watch.Id, watch.Chain.Value, watch.Address, watch.Script.ToString(), sequence, created, null);
            }), cancellationToken);
            batch.Clear();
        }

        async ValueTask AnswerAsync(IEnumerable<ImportLineBody> results, CancellationToken cancellationToken)
        {
            var written = new ArrayBufferWriter<byte>(64 << 10);
            foreach (var result in results)
            {
                written.Write(JsonSerializer.SerializeToUtf8Bytes(result, WireJson.Default.ImportLineBody));
                written.Write("\n"u8);
            }

            await answers.AddAsync(written.WrittenMemory, cancellationToken);
        }
    }
}
