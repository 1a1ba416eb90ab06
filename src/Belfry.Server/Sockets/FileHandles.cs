using System.Globalization;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Belfry.Server.Sockets;

/// <summary>
/// The process's limit on open files, of which sockets are most. At the limit nothing can be accepted and nobody is told: connections hang in the backlog, and files that
/// the program needs cannot be opened. So the last ones are kept free, and who comes then is refused at once.
/// </summary>
/// <remarks>The system hands out the lowest free number: a socket's own number says how many are taken.</remarks>
static class FileHandles
{
    /// <summary>For files, libraries that are loaded late, and connections to nodes.</summary>
    const int ForUs = 20;

    /// <summary>For requests, so that people still get answers when events have taken all that they may.</summary>
    const int ForRequests = 20;

    const string Limits = "/proc/self/limits";

    /// <summary>How many there may be; <see cref="int.MaxValue"/> where the system does not say.</summary>
    public static int Limit { get; } = Read();

    /// <summary>Whether one more connection of events may stay.</summary>
    public static bool HasRoomForEvents(HttpContext context) => Number(context.Features.Get<IConnectionSocketFeature>()?.Socket) < Limit - ForUs - ForRequests;

    /// <summary>Whether a new connection may stay at all.</summary>
    public static bool HasRoom(ConnectionContext connection) => Number(connection.Features.Get<IConnectionSocketFeature>()?.Socket) < Limit - ForUs;

    static long Number(Socket? socket) => socket is null || Limit == int.MaxValue ? 0 : socket.SafeHandle.DangerousGetHandle();

    static int Read()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists(Limits)) return int.MaxValue;
        // "Max open files            1024                 524288               files"; the soft limit counts
        var line = File.ReadLines(Limits).FirstOrDefault(static line => line.StartsWith("Max open files", StringComparison.Ordinal));
        var word = line?["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : int.MaxValue;
    }
}
