using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Belfry.Client;

namespace Belfry.Cli.Forwarding;

/// <summary>The receiver did not take an event in as many attempts as were allowed.</summary>
#pragma warning disable CA1064 // ends this program's own command and is told as its result
sealed class NotTakenException(string message) : Exception(message);
#pragma warning restore CA1064

/// <summary>What came of one attempt; <see cref="Status"/> is 0 when nobody answered.</summary>
readonly record struct PostResult(int Status, string Problem, TimeSpan Took)
{
    public bool IsTaken => Status is >= 200 and < 300;
}

/// <summary>
/// Posts events to a URL, one after the other in order: the next one only after the receiver answered 2xx to the one before. So a receiver gets each event at least once,
/// and tells a repetition by its id.
/// </summary>
sealed class EventForwarder : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10), FirstWait = TimeSpan.FromMilliseconds(500), LongestWait = TimeSpan.FromSeconds(30);

    readonly Uri target;
    readonly Terminal terminal;
    readonly TimeProvider clock;
    readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(5) }, disposeHandler: true)
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public EventForwarder(Uri target, Terminal terminal, TimeProvider clock)
    {
        this.target = target;
        this.terminal = terminal;
        this.clock = clock;
        http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("belfry", null));
    }

    /// <summary>Attempts for one event; 0: until it is taken.</summary>
    public int Attempts { get; init; }

    /// <summary>Whether these are events that were told before; the receiver is told so.</summary>
    public bool IsReplay { get; init; }

    /// <summary>Whether results are told as JSON.</summary>
    public bool AsJson { get; init; }

    /// <summary>Reads where to post: a URL, or the port or port and path of a program on this machine.</summary>
    /// <exception cref="UsageException">It is neither.</exception>
    public static Uri ReadTarget(string text)
    {
        var local = text.TrimStart(':');
        var whole = local.Length > 0 && char.IsAsciiDigit(local[0]) && !local.Contains('.') ? "http://127.0.0.1:" + local : text;
        return Uri.TryCreate(whole, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0
            ? url
            : throw new UsageException($"--forward-to '{text}' is not an address: expected for instance http://127.0.0.1:3000/events, or only 3000/events.");
    }

    /// <summary>Posts until it is taken.</summary>
    /// <exception cref="NotTakenException">It was not, and <see cref="Attempts"/> are used up.</exception>
    public async Task ForwardAsync(BelfryEvent happened, CancellationToken cancellationToken)
    {
        if (!AsJson) await terminal.Out.WriteLineAsync(EventLine.Render(happened, terminal));
        for (var attempt = 1; ; attempt++)
        {
            // Ctrl-C waits for the answer: what was posted and not noted would come again
            var result = await PostAsync(happened, attempt);
            var isLast = result.IsTaken || attempt == Attempts;
            var wait = isLast ? TimeSpan.Zero : TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, FirstWait.Ticks << Math.Min(attempt - 1, 10)));
            await TellAsync(happened, attempt, result, isLast ? null : wait);
            if (result.IsTaken) return;
            if (isLast) throw new NotTakenException($"{target.GetLeftPart(UriPartial.Path)} did not take event {happened.Sequence} in {attempt} attempts: {Describe(result)}");
            await Task.Delay(wait, clock, cancellationToken);
        }
    }

    public void Dispose() => http.Dispose();

    static string Describe(PostResult result) => result.Status == 0 ? result.Problem : $"answered {result.Status}";

    async Task<PostResult> PostAsync(BelfryEvent happened, int attempt)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, target) { Content = new ReadOnlyMemoryContent(happened.Raw!.Value) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("belfry-id", happened.Id);
        request.Headers.Add("belfry-seq", happened.Sequence.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("belfry-event", happened.Data.Event);
        request.Headers.Add("belfry-attempt", attempt.ToString(CultureInfo.InvariantCulture));
        if (happened.Epoch is { } epoch) request.Headers.Add("belfry-epoch", epoch);
        if (IsReplay) request.Headers.Add("belfry-replay", "true");
        var begun = clock.GetTimestamp();
        using var deadline = new CancellationTokenSource(Patience, clock);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
            return new PostResult((int)response.StatusCode, "", clock.GetElapsedTime(begun));
        }
        catch (HttpRequestException problem)
        {
            return new PostResult(0, problem.InnerException?.Message ?? problem.Message, clock.GetElapsedTime(begun));
        }
        catch (OperationCanceledException)
        {
            return new PostResult(0, $"no answer within {Patience.TotalSeconds:0} s", clock.GetElapsedTime(begun));
        }
    }

    async Task TellAsync(BelfryEvent happened, int attempt, PostResult result, TimeSpan? again)
    {
        if (AsJson)
        {
            var told = new ForwardLine(happened.Sequence, happened.Id, happened.Data.Event, attempt, result.Status, Math.Round(result.Took.TotalMilliseconds, 1), result.Status == 0 ? result.Problem : null);
            await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(told, CliJson.Default.ForwardLine));
            return;
        }

        var text = string.Create(CultureInfo.InvariantCulture, $"              {(result.Status == 0 ? "" : $"{result.Status} ")}in {result.Took.TotalMilliseconds:0.0} ms");
        if (!result.IsTaken) text += $": {(result.Status == 0 ? result.Problem : "not taken")}{(again is { } wait ? string.Create(CultureInfo.InvariantCulture, $", again in {wait.TotalSeconds:0.0} s") : "")}";
        await terminal.Out.WriteLineAsync(terminal.Paint(result.IsTaken ? Ink.Green : Ink.Red, text));
    }
}

/// <summary>One attempt as JSON; <c>status</c> is 0 when nobody answered.</summary>
sealed record ForwardLine(long Seq, string Id, string Event, int Attempt, int Status, double Ms, string? Problem);
