using System.Runtime.InteropServices;

namespace Belfry.Load.Clients;

/// <summary>Linux epoll and recv without anything between: thousands of clients cost one thread, so that the client is not what is measured.</summary>
static unsafe partial class Epoll
{
    public const uint In = 1, HangUp = 0x10, Error = 8;
    const int Add = 1, DontWait = 0x40;

    public static int Create() => epoll_create1(0) is var fd and >= 0 ? fd : throw new InvalidOperationException("epoll_create1 failed");

    public static void Watch(int epoll, int socket, int tag)
    {
        var wanted = new Event { Events = In, Tag = (ulong)tag };
        if (epoll_ctl(epoll, Add, socket, &wanted) != 0) throw new InvalidOperationException($"epoll_ctl failed: {Marshal.GetLastPInvokeError()}");
    }

    public static int Wait(int epoll, Span<Event> events, int milliseconds)
    {
        fixed (Event* first = events) return epoll_wait(epoll, first, events.Length, milliseconds);
    }

    /// <summary>Bytes received, 0 at the end of the stream, negative when there is nothing now.</summary>
    public static int Receive(int socket, Span<byte> room)
    {
        fixed (byte* first = room) return (int)recv(socket, first, (nuint)room.Length, DontWait);
    }

    public static void Close(int fd) => _ = close(fd);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int epoll, int operation, int fd, Event* wanted);

    [LibraryImport("libc")]
    private static partial int epoll_wait(int epoll, Event* events, int most, int milliseconds);

    [LibraryImport("libc")]
    private static partial nint recv(int fd, byte* buffer, nuint size, int flags);

    [LibraryImport("libc")]
    private static partial int close(int fd);

    // Packed on x86-64 only.
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    public struct Event
    {
        public uint Events;
        public ulong Tag;
    }
}
