using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Belfry.TestKit.Redis;

/// <summary>A small, synchronous RESP2 client for the tests' own questions: it shares no code with the client under test.</summary>
public sealed class RedisAdmin : IDisposable
{
    readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 30_000, SendTimeout = 30_000 };
    readonly Stream stream;

    /// <summary>Connects to a port of loopback.</summary>
    public RedisAdmin(int port, string? password = null)
    {
        socket.Connect(IPAddress.Loopback, port);
        stream = new BufferedStream(new NetworkStream(socket, ownsSocket: true));
        if (password is not null) Call("AUTH", password);
    }

    /// <summary>Sends a command: a string, a long, null, or a list of these.</summary>
    /// <exception cref="InvalidOperationException">An error was answered.</exception>
    public object? Call(params string[] words)
    {
        var command = new StringBuilder($"*{words.Length}\r\n");
        foreach (var word in words) command.Append($"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n");
        stream.Write(Encoding.UTF8.GetBytes(command.ToString()));
        stream.Flush();
        return Read();
    }

    /// <summary>The answer as text; the items of a list one a line.</summary>
    public string Text(params string[] words) => Show(Call(words));

    /// <summary>The answer as a number.</summary>
    public long Number(params string[] words) => Call(words) switch { long number => number, string text => long.Parse(text), _ => 0 };

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();

    static string Show(object? value) => value is List<object?> items ? string.Join('\n', items.Select(Show)) : $"{value}";

    object? Read()
    {
        var line = Line();
        switch (line[0])
        {
            case '+': return line[1..];
            case '-': throw new InvalidOperationException(line[1..]);
            case ':': return long.Parse(line[1..]);
            case '$':
                var length = int.Parse(line[1..]);
                if (length < 0) return null;
                var bytes = new byte[length + 2];
                stream.ReadExactly(bytes);
                return Encoding.UTF8.GetString(bytes, 0, length);
            case '*':
                var count = int.Parse(line[1..]);
                if (count < 0) return null;
                var items = new List<object?>(count);
                for (var i = 0; i < count; i++) items.Add(Read());
                return items;
            default: throw new InvalidDataException(line);
        }
    }

    string Line()
    {
        var line = new List<byte>();
        while (true)
        {
            var next = stream.ReadByte();
            if (next < 0) throw new EndOfStreamException("redis-server closed the connection");
            if (next == '\n') return Encoding.UTF8.GetString([.. line.Take(line.Count - 1)]);
            line.Add((byte)next);
        }
    }
}
