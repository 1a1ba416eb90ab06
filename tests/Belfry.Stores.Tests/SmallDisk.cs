using System.Diagnostics;

namespace Belfry.Stores.Tests;

/// <summary>A file system in memory that can be filled; needs root, and skips the test without it.</summary>
sealed class SmallDisk : IAsyncDisposable
{
    SmallDisk(string path) => Path = path;

    public string Path { get; }

    public static async Task<SmallDisk> MountAsync(string parent, string options)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root", "Needs root to mount a small file system.");
        var path = Directory.CreateDirectory(System.IO.Path.Combine(parent, "disk")).FullName;
        Assert.SkipUnless(await RunAsync("mount", "-t", "tmpfs", "-o", $"size={options}", "tmpfs", path) == 0, "tmpfs cannot be mounted here.");
        return new SmallDisk(path);
    }

    public async Task ResizeAsync(string size) => Assert.Equal(0, await RunAsync("mount", "-o", $"remount,size={size}", Path));

    public async ValueTask DisposeAsync() => Assert.Equal(0, await RunAsync("umount", Path));

    static async Task<int> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
