using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Belfry.Bench;

namespace Belfry.Load.Servers;

/// <summary>A Node program of bench/peers that broadcasts every line which it gets over a local socket: nothing to decode, nothing to store.</summary>
sealed class RivalProcess : ServerProcess
{
    readonly TaskCompletionSource<string> ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly Socket? feed;

    public RivalProcess(string script, IReadOnlyList<string>? arguments = null, bool hasFeed = true, TextWriter? log = null)
    {
        Name = Path.GetFileNameWithoutExtension(script);
        var start = new ProcessStartInfo("node", ["--expose-gc", Path.Combine(Workplace.Root, "bench", "peers", script)]);
        foreach (var argument in arguments ?? []) start.ArgumentList.Add(argument);
        Launch(start, log);
        WaitUntil(() => ready.Task.IsCompleted, "ready line");
        var parts = ready.Task.GetAwaiter().GetResult().Split(' ');
        Endpoint = new IPEndPoint(IPAddress.Loopback, int.Parse(parts[1], CultureInfo.InvariantCulture));
        Version = string.Join(' ', parts[3..]);
        if (!hasFeed) return;
        feed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        feed.Connect(IPAddress.Loopback, int.Parse(parts[2], CultureInfo.InvariantCulture));
    }

    public override string Name { get; }

    public string Version { get; } = "";

    public void Publish(ReadOnlySpan<byte> line)
    {
        while (!line.IsEmpty) line = line[feed!.Send(line)..];
    }

    /// <summary>The program collects when it gets an empty line.</summary>
    public override void CollectGarbage()
    {
        feed?.Send("\n"u8);
        Thread.Sleep(1500);
    }

    public override void Dispose()
    {
        feed?.Dispose();
        base.Dispose();
    }

    protected override void Heard(string? line, TextWriter? log)
    {
        if (line?.StartsWith("ready ", StringComparison.Ordinal) == true) ready.TrySetResult(line);
        base.Heard(line, log);
    }
}
