namespace Belfry.Fuzz.Engine;

/// <summary>Keeps the input under way: one that never ends is written down before the process is ended, because nothing else could end it.</summary>
sealed class Watchdog : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    readonly Timer timer;
    readonly string target;
    byte[]? current;
    long ticks;

    public Watchdog(string target)
    {
        this.target = target;
        timer = new Timer(_ => Look(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    public void Begin(byte[] input)
    {
        Volatile.Write(ref ticks, Environment.TickCount64);
        Volatile.Write(ref current, input);
    }

    public void End() => Volatile.Write(ref current, null);

    public void Dispose() => timer.Dispose();

    void Look()
    {
        if (Volatile.Read(ref current) is not { } input || Environment.TickCount64 - Volatile.Read(ref ticks) < Patience.TotalMilliseconds) return;
        var name = new CorpusFolder(target).Keep(input);
        Environment.FailFast($"The target {target} did not end within {Patience.TotalSeconds} s on {name}.");
    }
}
