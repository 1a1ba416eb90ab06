using System.Diagnostics;

namespace Belfry.TestKit.Nodes;

/// <summary>
/// Kills what tests started, and removes their folders, when the test program itself dies (crash, kill -9, a cancelled run). A small shell beside it reads a pipe;
/// the pipe's end is the program's end. The usual parent-death signal would not do: it follows the thread that started the child, and pool threads come and go.
/// </summary>
public static class ChildGuard
{
    const string Script = """
        trap '' INT TERM HUP QUIT
        pids=" "; folders=""
        while read -r verb what; do
          case $verb in
            +pid) pids="$pids$what " ;;
            -pid) kept=" "; for pid in $pids; do [ "$pid" = "$what" ] || kept="$kept$pid "; done; pids="$kept" ;;
            +folder) folders="$folders$what
        " ;;
          esac
        done
        for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
        printf '%s' "$folders" | while read -r folder; do
          case $folder in */belfry-test-*) rm -rf -- "$folder" ;; esac
        done
        """;

    static readonly Lock Gate = new();
    static Process? shell;

    /// <summary>This process ends with the test program.</summary>
    public static void Watch(int pid) => Tell($"+pid {pid}");

    /// <summary>It ended by itself.</summary>
    public static void Forget(int pid) => Tell($"-pid {pid}");

    /// <summary>This folder is removed with the test program.</summary>
    public static void Watch(string folder) => Tell($"+folder {folder}");

    static void Tell(string line)
    {
        lock (Gate)
        {
            shell ??= Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script]) { RedirectStandardInput = true, UseShellExecute = false })
                ?? throw new InvalidOperationException("/bin/sh did not start.");
            shell.StandardInput.Write(line + "\n");
            shell.StandardInput.Flush();
        }
    }
}
