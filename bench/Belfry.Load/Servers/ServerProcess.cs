using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Belfry.Load.Servers;

/// <summary>A server in a process of its own, with what the kernel says of it.</summary>
abstract class ServerProcess : IDisposable
{
    const double TicksPerSecond = 100;
    Process? process;

    public abstract string Name { get; }

    public IPEndPoint Endpoint { get; protected set; } = new(IPAddress.Loopback, 0);

    public int Id => process?.Id ?? throw new InvalidOperationException("not started");

    /// <summary>User and system time so far.</summary>
    public TimeSpan Cpu
    {
        get
        {
            // Fields 14 and 15, counted behind the name in brackets.
            var fields = File.ReadAllText($"/proc/{Id}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return TimeSpan.FromSeconds((long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond);
        }
    }

    /// <summary>Resident memory, bytes.</summary>
    public long Memory => Kilobytes("VmRSS") * 1024;

    public long PeakMemory => Kilobytes("VmHWM") * 1024;

    /// <summary>Makes the runtime give back what it does not need, where it can be told to.</summary>
    public virtual void CollectGarbage()
    {
    }

    public virtual void Dispose()
    {
        if (process is null) return;
        try
        {
            process.Kill();
            process.WaitForExit(5000);
        }
        catch (InvalidOperationException)
        {
            // Ended by itself.
        }

        process.Dispose();
        process = null;
    }

    protected void Launch(ProcessStartInfo start, TextWriter? log)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.RedirectStandardInput = true;
        start.UseShellExecute = false;
        process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start");
        process.OutputDataReceived += (_, line) => Heard(line.Data, log);
        process.ErrorDataReceived += (_, line) => Heard(line.Data, log);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    protected virtual void Heard(string? line, TextWriter? log)
    {
        if (line is not null) log?.WriteLine($"[{Name}] {line}");
    }

    protected static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    protected void WaitUntil(Func<bool> condition, string what)
    {
        var started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (process!.HasExited) throw new InvalidOperationException($"{Name} ended with {process.ExitCode} before {what}");
            if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(60)) throw new TimeoutException($"{Name}: no {what} within a minute");
            Thread.Sleep(20);
        }
    }

    long Kilobytes(string field)
    {
        var line = File.ReadLines($"/proc/{Id}/status").First(line => line.StartsWith(field + ":", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
