using System.Globalization;

namespace Belfry.Cli;

/// <summary>How far something is, in one line that is written again and again; only on a terminal.</summary>
/// <param name="terminal">Where.</param>
/// <param name="clock">How fast.</param>
/// <param name="total">How many there are; null when that is not known.</param>
sealed class ProgressBar(Terminal terminal, TimeProvider clock, long? total)
{
    static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    readonly long begun = clock.GetTimestamp();
    long shown;
    bool visible;

    /// <summary>How long it has taken so far.</summary>
    public TimeSpan Elapsed => clock.GetElapsedTime(begun);

    /// <summary>Shows the state, at most ten times a second.</summary>
    public void Show(long done, string note)
    {
        if (!terminal.Interactive || clock.GetElapsedTime(shown) < Interval) return;
        shown = clock.GetTimestamp();
        visible = true;
        var line = Render(done, note);
        terminal.Error.Write("\r" + line.PadRight(Math.Max(0, terminal.Width() - 1)));
    }

    /// <summary>Wipes the line, so that something else can be written.</summary>
    public void Clear()
    {
        if (!visible) return;
        visible = false;
        shown = 0;
        terminal.Error.Write("\r" + new string(' ', Math.Max(0, terminal.Width() - 1)) + "\r");
    }

    string Render(long done, string note)
    {
        var rate = done / Math.Max(0.001, Elapsed.TotalSeconds);
        var numbers = string.Create(CultureInfo.InvariantCulture, $"{done:N0}{(total is { } all ? $" of {all:N0}" : "")}  {rate:N0}/s{note}");
        var line = numbers;
        if (total is > 0 and var whole)
        {
            var share = Math.Clamp((double)done / whole, 0, 1);
            var left = TimeSpan.FromSeconds(Math.Min(359_999, (whole - done) / Math.Max(0.001, rate)));
            line = string.Create(CultureInfo.InvariantCulture, $"{share,4:0%}  {numbers}  {(int)left.TotalMinutes}:{left.Seconds:00} left");
            if (terminal.Width() - line.Length - 4 is var room and >= 10)
            {
                var filled = (int)(share * Math.Min(room, 40));
                line = $"[{new string('#', filled)}{new string('-', Math.Min(room, 40) - filled)}] {line}";
            }
        }

        return line.Length < terminal.Width() ? line : line[..(terminal.Width() - 1)];
    }
}
