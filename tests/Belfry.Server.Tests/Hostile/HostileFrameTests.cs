using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Belfry.Server.Tests.Fixtures;
using Belfry.TestKit.Hostile;
using Shouldly;

namespace Belfry.Server.Tests.Hostile;

/// <summary>Frames that break the rules of RFC 6455: opcodes, masks, lengths, fragments, control frames, and random bytes.</summary>
public sealed class HostileFrameTests(ITestOutputHelper output)
{
    static readonly byte[] Ping = RawSocket.Frame(0x81, """{"type":"ping"}"""u8.ToArray());

    static readonly byte[][] Valid =
    [
        Ping, RawSocket.Frame(0x89, [1, 2]), RawSocket.Frame(0x8a, new byte[8]), [.. RawSocket.Frame(0x01, "{\"type\""u8.ToArray()), .. RawSocket.Frame(0x89, []), .. RawSocket.Frame(0x80, ":\"ping\"}"u8.ToArray())],
        RawSocket.Frame(0x81, new byte[300]), RawSocket.Frame(0x88, [3, 0xe8, .. "bye"u8]), [.. Ping, .. Ping, .. Ping], RawSocket.Frame(0x82, [1, 2, 3]), RawSocket.Frame(0x81, [0xc3, 0x28]),
        [.. Enumerable.Repeat(RawSocket.Frame(0x89, [1]), 98).SelectMany(frame => frame)],
    ];

    static readonly byte[][] Words = [[0x81], [0x01], [0x80], [0x00], [0x89, 0x80], [0x88, 0x82], [0x82], [0x83], [0x8b], [0xc1], [0xfe, 0, 126], [0xff, 0, 0, 0, 0, 0, 0, 0, 1], [0xff, 0x7f, 255, 255, 255], [0xed, 0xa0, 0x80]];

    static readonly int[] Codes = [1000, 1002, 1003, 1007, 1008, 1009];

    [Fact]
    public async Task Each_is_taken_or_closed_with_the_code_of_its_fault_and_disturbs_nobody()
    {
        output.WriteLine($"seed {Storm.Seed}");
        await using var hearth = await Hearth.LightAsync();
        var closed = new int[5000];
        await Storm.RunAsync(Storm.Count(10_000), lanes: 4, Words, () => ValueTask.FromResult(new Lane(hearth.Server.Base)), async (lane, _, mutator) =>
        {
            var code = await lane.SendAsync(mutator.Mutate(mutator.Pick(Valid), 70_000, mutator.Pick(Valid)));
            if (code > 0) Interlocked.Increment(ref closed[code]);
        });
        output.WriteLine(string.Join(", ", Codes.Select(code => $"{code}: {closed[code]}")));
        Codes.Where(code => closed[code] == 0).ShouldBeEmpty();
        closed.Sum().ShouldBeGreaterThan(Storm.Count(10_000) / 3);
        await hearth.CheckAsync();
    }

    [Fact]
    public async Task Control_frames_that_arrive_byte_by_byte_are_no_flood()
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await RawSocket.OpenAsync(server.Base);
        client.NoDelay = true;
        var ping = RawSocket.Frame(0x89, new byte[125]);
        for (var i = 0; i < ping.Length - 1; i++)
        {
            await client.GetStream().WriteAsync(ping.AsMemory(i, 1));
            // A byte of its own: the next one waits until this one was taken.
            if (i % 10 == 0) await Task.Delay(1);
        }

        await client.GetStream().WriteAsync(ping.AsMemory(ping.Length - 1));
        (await RawSocket.ReadFrameAsync(client.GetStream())).First.ShouldBe((byte)0x8a);
    }

    /// <summary>A connection; made anew when the server has closed it, or when half a frame hangs in it.</summary>
    sealed class Lane(Uri server) : IAsyncDisposable
    {
        TcpClient? client;

        /// <summary>Sends bytes and says how the server closed; 0 when it did not.</summary>
        public async Task<int> SendAsync(byte[] bytes)
        {
            client ??= await RawSocket.OpenAsync(server);
            var stream = client.GetStream();
            try
            {
                // A close with a code of its own behind: half a frame swallows it, then the end of the stream ends it.
                await stream.WriteAsync((byte[])[.. bytes, .. Ping]);
                client.Client.Shutdown(SocketShutdown.Send);
                return await ReadToEndAsync(stream);
            }
            finally
            {
                client.LingerState = new LingerOption(true, 0);
                client.Dispose();
                client = null;
            }
        }

        public ValueTask DisposeAsync()
        {
            client?.Dispose();
            return ValueTask.CompletedTask;
        }

        static async Task<int> ReadToEndAsync(NetworkStream stream)
        {
            while (true)
            {
                (byte First, byte[] Payload) frame;
                try
                {
                    frame = await RawSocket.ReadFrameAsync(stream);
                }
                catch (EndOfStreamException)
                {
                    return 0;
                }

                frame.First.ShouldBeOneOf((byte)0x81, (byte)0x8a, (byte)0x88);
                if (frame.First == 0x81 && Encoding.UTF8.GetString(frame.Payload) is var text && !text.StartsWith('{')) throw new InvalidOperationException(text);
                if (frame.First != 0x88) continue;
                var code = frame.Payload.Length < 2 ? 1000 : BinaryPrimitives.ReadUInt16BigEndian(frame.Payload);
                if (frame.Payload.Length > 2) Encoding.UTF8.GetString(frame.Payload.AsSpan(2)).ShouldStartWith("{\"reason\":\"");
                // Without a reason it is an echo: any good code may come back, it was the client's own.
                return code;
            }
        }
    }
}
