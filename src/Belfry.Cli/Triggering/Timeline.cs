using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Belfry.Client;

namespace Belfry.Cli.Triggering;

/// <summary>What was done and what was told about it, in the order in which it happened, printed at once.</summary>
sealed class Timeline(Terminal terminal, TimeProvider clock, bool asJson)
{
    static readonly CliJson Lines = new(new JsonSerializerOptions(CliJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    const int ShownBlocks = 3;

    readonly Lock gate = new();
    readonly List<BelfryEvent> told = [];
    readonly List<Expectation> expectations = [];
    readonly long begun = clock.GetTimestamp();
    TaskCompletionSource changed = NewSignal();
    int blocks;

    /// <summary>How many events were told so far.</summary>
    public int Count
    {
        get { lock (gate) return told.Count; }
    }

    /// <summary>What was waited for, and whether it came.</summary>
    public IReadOnlyList<Expectation> Expectations => expectations;

    /// <summary>Something was done.</summary>
    public void Did(string text, string? transaction = null)
    {
        TellSkipped();
        if (asJson) Write(() => JsonSerializer.Serialize(new DidLine(Seconds(), text, transaction), Lines.DidLine));
        else Write(() => $"{At()}  {terminal.Paint(Ink.Bold, text)}{(transaction is null ? "" : "  tx " + transaction)}");
    }

    /// <summary>Something was told.</summary>
    public void Told(BelfryEvent happened)
    {
        if (asJson) Write(() => JsonSerializer.Serialize(new ToldLine(Seconds(), JsonElement.Parse(happened.Raw!.Value.Span)), Lines.ToldLine));
        else if (happened.Data.Event != "new_block" || ++blocks <= ShownBlocks) Write(() => $"{At()}      {EventLine.Render(happened, terminal)}");
        if (happened.Data.Event != "new_block") TellSkipped();
        TaskCompletionSource waiting;
        lock (gate)
        {
            told.Add(happened);
            (waiting, changed) = (changed, NewSignal());
        }

        waiting.SetResult();
    }

    /// <summary>Waits until an event after the first <paramref name="from"/> fits, and notes whether it came.</summary>
    public async Task<BelfryEvent?> ExpectAsync(string what, int from, Func<BelfryEvent, bool> fits, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(patience, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        BelfryEvent? found = null;
        try
        {
            while (true)
            {
                Task next;
                lock (gate)
                {
                    found = told.Skip(from).FirstOrDefault(fits);
                    next = changed.Task;
                }

                if (found is not null) break;
                await next.WaitAsync(both.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            found = null;
        }

        expectations.Add(new Expectation(what, found is not null));
        return found;
    }

    /// <summary>Says what came and what did not.</summary>
    public bool Conclude()
    {
        var complete = expectations.TrueForAll(expected => expected.Told);
        if (asJson)
        {
            Write(() => JsonSerializer.Serialize(new EndLine(Seconds(), complete, expectations), Lines.EndLine));
            return complete;
        }

        Write(static () => "");
        foreach (var expected in expectations)
            Write(() => expected.Told ? terminal.Paint(Ink.Green, $"  told      {expected.What}") : terminal.Paint(Ink.Red, $"  NOT TOLD  {expected.What}"));
        return complete;
    }

    /// <summary>A hundred blocks in a row are one line, for people.</summary>
    void TellSkipped()
    {
        if (Interlocked.Exchange(ref blocks, 0) - ShownBlocks is var skipped and > 0 && !asJson) Write(() => $"{At()}      … and {skipped} more blocks");
    }

    static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    double Seconds() => Math.Round(clock.GetElapsedTime(begun).TotalSeconds, 3);

    string At() => terminal.Paint(Ink.Dim, string.Create(CultureInfo.InvariantCulture, $"{clock.GetElapsedTime(begun).TotalSeconds,8:0.000} s"));

    /// <summary>The time is taken where the line is written, so that lines of two threads stand in the order of their times.</summary>
    void Write(Func<string> line)
    {
        lock (gate) terminal.Out.WriteLine(line());
    }
}

/// <summary>Something that should be told after what was done.</summary>
sealed record Expectation(string What, bool Told);

sealed record DidLine(double At, string Did, string? TxHash);

sealed record ToldLine(double At, JsonElement Told);

sealed record EndLine(double At, bool Ok, IReadOnlyList<Expectation> Expected);
