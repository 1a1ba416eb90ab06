using System.Diagnostics;

namespace Belfry.TestKit.Faults;

/// <summary>A file system in memory that can be filled; needs root, and skips the test without it.</summary>
public sealed class SmallDisk : IAsyncDisposable
{
    const int Chunk = 64 * 1024;

    SmallDisk(string path) => Path = path;

    /// <summary>Where it is mounted.</summary>
    public string Path { get; }

    string Ballast => System.IO.Path.Combine(Path, "ballast");

    /// <summary>Mounts one below a folder.</summary>
    /// <param name="parent">An existing folder.</param>
    /// <param name="options">Its size, and after a comma further options of <c>mount</c>: <c>3m,ro</c>.</param>
    public static async Task<SmallDisk> MountAsync(string parent, string options)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root", "Needs root to mount a small file system.");
        var path = Directory.CreateDirectory(System.IO.Path.Combine(parent, "disk")).FullName;
        Assert.SkipUnless(await RunAsync("mount", "-t", "tmpfs", "-o", $"size={options}", "tmpfs", path) == 0, "tmpfs cannot be mounted here.");
        return new SmallDisk(path);
    }

    /// <summary>Makes it larger or smaller.</summary>
    public async Task ResizeAsync(string size) => Assert.Equal(0, await RunAsync("mount", "-o", $"remount,size={size}", Path));

    /// <summary>Fills it to the last byte.</summary>
    public void Fill()
    {
        using var file = new FileStream(Ballast, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (var size = Chunk; size > 0;)
        {
            try
            {
                file.Write(new byte[size]);
            }
            catch (IOException)
            {
                size /= 2;
            }
        }
    }

    /// <summary>Takes back what <see cref="Fill"/> took.</summary>
    public void Empty() => File.Delete(Ballast);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => Assert.Equal(0, await RunAsync("umount", Path));

    static async Task<int> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
