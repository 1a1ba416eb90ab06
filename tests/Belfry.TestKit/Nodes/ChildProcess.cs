using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Belfry.TestKit.Nodes;

/// <summary>One started program: its last lines of output, and its end by its process id.</summary>
public sealed class ChildProcess : IAsyncDisposable
{
    const int KeptLines = 400;
    const int SigInterrupt = 2, SigQuit = 3, SigKill = 9, SigTerm = 15, SigContinue = 18, SigStop = 19;

    readonly Process process;
    readonly Queue<string> output = new();

    ChildProcess(Process process) => this.process = process;

    /// <summary>The process id.</summary>
    public int Id => process.Id;

    /// <summary>Whether it ended.</summary>
    public bool HasExited => process.HasExited;

    /// <summary>What it ended with; only after its end.</summary>
    public int ExitCode => process.ExitCode;

    /// <summary>The processor time that it has used, by user and system.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>The last lines that it wrote to standard output and standard error.</summary>
    public string Output
    {
        get { lock (output) return string.Join('\n', output); }
    }

    /// <summary>Starts a program with an environment that adds to this program's own.</summary>
    public static ChildProcess Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
            WorkingDirectory = folder ?? "",
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        var started = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        ChildGuard.Watch(started.Id);
        var child = new ChildProcess(started);
        started.OutputDataReceived += (_, line) => child.Keep(line.Data);
        started.ErrorDataReceived += (_, line) => child.Keep(line.Data);
        started.BeginOutputReadLine();
        started.BeginErrorReadLine();
        started.StandardInput.Close();
        return child;
    }

    /// <summary>Freezes it (SIGSTOP): sockets stay open, nothing answers.</summary>
    public void Freeze() => Signal(SigStop);

    /// <summary>Lets a frozen program go on (SIGCONT).</summary>
    public void Continue() => Signal(SigContinue);

    /// <summary>Asks it to end (SIGTERM).</summary>
    public void Terminate() => Signal(SigTerm);

    /// <summary>Interrupts it as Ctrl-C does (SIGINT).</summary>
    public void Interrupt() => Signal(SigInterrupt);

    /// <summary>Tells it to end at once (SIGQUIT).</summary>
    public void Quit() => Signal(SigQuit);

    /// <summary>Ends it without warning (SIGKILL) and waits until it is gone.</summary>
    public Task KillAsync()
    {
        Signal(SigKill);
        return WaitForExitAsync(TimeSpan.FromSeconds(20));
    }

    /// <summary>Waits for its end.</summary>
    /// <exception cref="TimeoutException">It still runs; the message has its last output.</exception>
    public async Task WaitForExitAsync(TimeSpan within)
    {
        using var patience = new CancellationTokenSource(within);
        try
        {
            await process.WaitForExitAsync(patience.Token);
            ChildGuard.Forget(Id);
        }
        catch (OperationCanceledException late) when (patience.IsCancellationRequested)
        {
            throw new TimeoutException($"Process {Id} still runs after {within.TotalSeconds} s.\n{Output}", late);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited) await KillAsync();
        ChildGuard.Forget(Id);
        process.Dispose();
    }

    void Keep(string? line)
    {
        if (line is null) return;
        lock (output)
        {
            output.Enqueue(line.Length > 2000 ? line[..2000] : line);
            if (output.Count > KeptLines) output.Dequeue();
        }
    }

    void Signal(int signal)
    {
        if (!process.HasExited) _ = Kill(process.Id, signal);
    }

    [DllImport("libc", EntryPoint = "kill")]
    static extern int Kill(int pid, int signal);
}
