using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Belfry.Load.Servers;

/// <summary>Asks a .NET process for a full collection over its diagnostic socket, as tools for heap dumps do: an event session with the collect keyword.</summary>
static class Diagnostics
{
    const byte EventPipe = 2, CollectTracing = 2;
    const ulong CollectNow = 0x800000;

    public static void CollectGarbage(int process)
    {
        var path = Directory.EnumerateFiles(Path.GetTempPath(), $"dotnet-diagnostic-{process}-*-socket").First();
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 3000 };
        socket.Connect(new UnixDomainSocketEndPoint(path));
        var payload = new List<byte>();
        Number(payload, 1); // MB of buffer
        Number(payload, 1); // nettrace
        Number(payload, 1); // providers
        var keyword = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(keyword, CollectNow);
        payload.AddRange(keyword);
        Number(payload, 4); // informational
        Text(payload, "Microsoft-Windows-DotNETRuntime");
        Number(payload, 0);
        byte[] header = [.. "DOTNET_IPC_V1\0"u8, 0, 0, EventPipe, CollectTracing, 0, 0];
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(14), (ushort)(header.Length + payload.Count));
        socket.Send([.. header, .. payload]);

        // The answer and the beginning of the trace; closing ends the session.
        var answer = new byte[64 << 10];
        var received = socket.Receive(answer);
        if (received < 20 || answer[17] != 0) throw new InvalidOperationException($"the runtime refused to collect ({answer[17]:x2})");
        Thread.Sleep(1500);
    }

    static void Number(List<byte> bytes, uint value)
    {
        var four = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(four, value);
        bytes.AddRange(four);
    }

    static void Text(List<byte> bytes, string text)
    {
        Number(bytes, (uint)text.Length + 1);
        bytes.AddRange(Encoding.Unicode.GetBytes(text + "\0"));
    }
}
