using System.Net;
using System.Net.Sockets;

namespace Belfry.TestKit.Nodes;

/// <summary>
/// A loopback port that nobody else takes while the lease lives. Ports lie below the range from which the system serves outgoing connections, and a lock file
/// per port keeps apart test programs that run at the same time: asking for port 0 and closing it again would race with both.
/// </summary>
public sealed class FreePort : IDisposable
{
    const int First = 12_000, Last = 31_999;
    static readonly string Folder = Path.Combine(Path.GetTempPath(), "belfry-test-ports");
    static int next = new Random().Next(First, Last);

    readonly FileStream claim;

    FreePort(int number, FileStream claim) => (Number, this.claim) = (number, claim);

    /// <summary>The port.</summary>
    public int Number { get; }

    /// <summary>127.0.0.1 with this port.</summary>
    public IPEndPoint EndPoint => new(IPAddress.Loopback, Number);

    /// <summary>Takes a port until <see cref="Dispose"/>.</summary>
    public static FreePort Lease()
    {
        Directory.CreateDirectory(Folder);
        for (var attempt = 0; attempt <= Last - First; attempt++)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref next) % (Last - First + 1));
            if (Claim(port) is not { } claim) continue;
            if (CanListen(port)) return new FreePort(port, claim);
            claim.Dispose();
        }

        throw new InvalidOperationException($"No free loopback port between {First} and {Last}; lock files are in {Folder}.");
    }

    /// <inheritdoc/>
    public override string ToString() => $"127.0.0.1:{Number}";

    /// <summary>Gives the port back. The empty lock file stays: deleting it would let two programs lock two files of one name.</summary>
    public void Dispose() => claim.Dispose();

    static FileStream? Claim(int port)
    {
        try
        {
            return new FileStream(Path.Combine(Folder, port.ToString()), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    static bool CanListen(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen(1);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
