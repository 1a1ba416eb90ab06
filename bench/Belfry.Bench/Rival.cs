using System.Diagnostics;
using System.Globalization;

namespace Belfry.Bench;

/// <summary>A Node program that does the same work when asked, run by run.</summary>
sealed class Rival : IDisposable
{
    readonly Process process;

    Rival(Process process, string name)
    {
        this.process = process;
        Name = name;
    }

    public string Name { get; }

    public static async Task<Rival> StartAsync(string script, string argument)
    {
        var start = new ProcessStartInfo("node") { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        start.ArgumentList.Add(Path.Combine(Workplace.Root, "bench", "peers", script));
        start.ArgumentList.Add(argument);
        var started = Process.Start(start) ?? throw new InvalidOperationException("node did not start");
        var line = await started.StandardOutput.ReadLineAsync();
        return line?.StartsWith("ready ", StringComparison.Ordinal) == true
            ? new Rival(started, line["ready ".Length..])
            : throw new InvalidOperationException("the rival did not start: run eng/install-test-peers first");
    }

    /// <summary>One run; milliseconds as the rival measures them itself.</summary>
    public async Task<(double Milliseconds, int Count)> RunAsync(string work)
    {
        await process.StandardInput.WriteLineAsync(work);
        await process.StandardInput.FlushAsync();
        var line = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("the rival ended");
        var parts = line.Split(' ');
        return (double.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }
}
