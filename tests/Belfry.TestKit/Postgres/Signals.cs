using System.Runtime.InteropServices;

namespace Belfry.TestKit.Postgres;

/// <summary>Signals to processes that a test's own child has started.</summary>
static class Signals
{
    public const int Kill = 9, Continue = 18, Stop = 19;

    // A process that has ended meanwhile is what was wanted: the answer does not matter.
    public static void Send(int process, int signal) => _ = SendSignal(process, signal);

    [DllImport("libc", EntryPoint = "kill")]
    static extern int SendSignal(int pid, int signal);
}
