using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Belfry.Server.Tests.Hostile;

/// <summary>An answer as it came.</summary>
sealed record RawAnswer(int Status, string Head, byte[] Body);

/// <summary>An HTTP client that sends whatever bytes it is given; keeps its connection as long as the server does.</summary>
sealed class RawHttp(Uri server) : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    TcpClient? client;
    BufferedStream? stream;

    /// <summary>Sends a request; null when the server closed without a word.</summary>
    public async Task<RawAnswer?> AskAsync(byte[] request, bool isHead = false)
    {
        for (var fresh = false; ; fresh = true)
        {
            if (client is null) await OpenAsync();
            try
            {
                await client!.GetStream().WriteAsync(request).AsTask().WaitAsync(Patience);
                return await ReadAsync(isHead).WaitAsync(Patience);
            }
            catch (IOException) when (!fresh)
            {
                // It was closed behind the answer before.
                Close();
            }
            catch (IOException)
            {
                Close();
                return null;
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }

    public void Close()
    {
        if (client is not null) client.LingerState = new LingerOption(true, 0);
        client?.Dispose();
        (client, stream) = (null, null);
    }

    async Task OpenAsync()
    {
#pragma warning disable RS0030 // the test is the peer
        client = new TcpClient { NoDelay = true };
#pragma warning restore RS0030
        await client.ConnectAsync(server.Host, server.Port);
        stream = new BufferedStream(client.GetStream(), 16 << 10);
    }

    async Task<RawAnswer> ReadAsync(bool isHead)
    {
        var head = await ReadHeadAsync();
        var status = int.Parse(head.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture);
        var body = isHead || status is 204 or 304 or (>= 100 and < 200) ? []
            : Header(head, "Content-Length") is { } length ? await TakeAsync(int.Parse(length, NumberStyles.None, CultureInfo.InvariantCulture))
            : Header(head, "Transfer-Encoding") is not null ? await ReadChunksAsync() : [];
        if (Header(head, "Connection") == "close" || status == 101) Close();
        return new RawAnswer(status, head, body);
    }

    async Task<string> ReadHeadAsync()
    {
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal)) head.Append(await ReadLineAsync());
        return head.ToString();
    }

    async Task<byte[]> ReadChunksAsync()
    {
        var body = new MemoryStream();
        while (true)
        {
            var size = int.Parse((await ReadLineAsync()).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            await body.WriteAsync(await TakeAsync(size));
            await ReadLineAsync();
            if (size == 0) return body.ToArray();
        }
    }

    async Task<string> ReadLineAsync()
    {
        var line = new StringBuilder();
        while (line.Length == 0 || line[^1] != '\n') line.Append((char)(await TakeAsync(1))[0]);
        return line.ToString();
    }

    async Task<byte[]> TakeAsync(int count)
    {
        var bytes = new byte[count];
        await stream!.ReadExactlyAsync(bytes);
        return bytes;
    }

    static string? Header(string head, string name)
    {
        foreach (var line in head.Split("\r\n"))
        {
            if (line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)) return line[(name.Length + 1)..].Trim();
        }

        return null;
    }
}
