using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Belfry.TestKit;
using Belfry.TestKit.Nodes;

namespace Belfry.Server.Tests.Cli;

/// <summary>One run of the built program as somebody types it: what it wrote, line by line and stream by stream, and how it ended.</summary>
sealed class Typed : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    readonly Process process;
    readonly List<string> output = [], errors = [];
    readonly Task reading;

    Typed(Process process)
    {
        this.process = process;
        reading = Task.WhenAll(CollectAsync(process.StandardOutput, output), CollectAsync(process.StandardError, errors));
    }

    /// <summary>The program.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "belfry.dll");

    /// <summary>Lines of standard output so far.</summary>
    public IReadOnlyList<string> Lines
    {
        get { lock (output) return [.. output]; }
    }

    /// <summary>Standard output so far.</summary>
    public string Out => string.Join('\n', Lines);

    /// <summary>Standard error so far.</summary>
    public string Error
    {
        get { lock (errors) return string.Join('\n', errors); }
    }

    /// <summary>Lines of standard output as JSON.</summary>
    public IReadOnlyList<JsonElement> Json => [.. Lines.Where(line => line.Length > 0).Select(line => JsonElement.Parse(line))];

    public bool HasExited => process.HasExited;

    public int ExitCode => process.ExitCode;

    /// <summary>Types <c>belfry</c> with these arguments.</summary>
    public static Typed Start(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? folder = null, string? input = null) =>
        // Whoever runs the tests in the background has a shell that tells its children to ignore Ctrl-C.
        Run("/usr/bin/env", ["--default-signal=INT", "dotnet", Program, .. arguments], environment, folder, input);

    /// <summary>Types a line of shell, in which <c>belfry</c> is the program.</summary>
    public static Typed Shell(string line, IReadOnlyDictionary<string, string>? environment = null, string? folder = null) =>
        Run("/bin/bash", ["-c", $"belfry() {{ dotnet '{Program}' \"$@\"; }}\n{line}"], environment, folder, null);

    /// <summary>Types it and waits for its end.</summary>
    public static async Task<Typed> EndedAsync(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? folder = null, string? input = null)
    {
        var typed = Start(arguments, environment, folder, input);
        await typed.EndAsync();
        return typed;
    }

    /// <summary>Waits for its end and all that it wrote.</summary>
    public async Task<Typed> EndAsync(TimeSpan? within = null)
    {
        using var patience = new CancellationTokenSource(within ?? Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
            await reading.WaitAsync(patience.Token);
            ChildGuard.Forget(process.Id);
        }
        catch (OperationCanceledException late) when (patience.IsCancellationRequested)
        {
            throw new TimeoutException($"Still runs.\n{Out}\n{Error}", late);
        }

        return this;
    }

    /// <summary>Waits until it wrote as many lines.</summary>
    public async Task<IReadOnlyList<string>> LinesAsync(int count)
    {
        try
        {
            await Eventually.HoldsAsync(() => Lines.Count >= count || HasExited, Patience);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{Lines.Count} of {count} lines\n{Out}\n{Error}", late);
        }

        return Lines.Count >= count ? Lines : throw new InvalidOperationException($"ended with {ExitCode} after {Lines.Count} of {count} lines\n{Out}\n{Error}");
    }

    /// <summary>Ctrl-C.</summary>
    public void Interrupt() => _ = Kill(process.Id, 2);

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _ = Kill(process.Id, 9);
        await EndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited) await KillAsync();
        process.Dispose();
    }

    static Typed Run(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment, string? folder, string? input)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            UseShellExecute = false,
            WorkingDirectory = folder ?? Path.GetTempPath(),
        };
        // the runner of these tests may set it for itself
        start.Environment.Remove("NO_COLOR");
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        var started = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        ChildGuard.Watch(started.Id);
        var typed = new Typed(started);
        // a program that ends before it has read everything is no fault of the test
        _ = FeedAsync(started.StandardInput, input);
        return typed;
    }

    static async Task FeedAsync(StreamWriter standardInput, string? input)
    {
        try
        {
            if (input is not null) await standardInput.BaseStream.WriteAsync(Encoding.UTF8.GetBytes(input));
            standardInput.Close();
        }
        catch (IOException)
        {
            await standardInput.DisposeAsync();
        }
    }

    static async Task CollectAsync(StreamReader reader, List<string> lines)
    {
        while (await reader.ReadLineAsync() is { } line)
            lock (lines) lines.Add(line);
    }

    [DllImport("libc", EntryPoint = "kill")]
    static extern int Kill(int pid, int signal);
}
