using System.Net;
using System.Net.Sockets;
using Belfry.TestKit;
using Belfry.TestKit.Faults;
using Shouldly;

namespace Belfry.Nodes.Tests.Fixtures;

public sealed class FaultProxyTests : IDisposable
{
    static readonly byte[] Payload = [.. Enumerable.Range(0, 5000).Select(number => (byte)number)];
    readonly TcpListener server = new(IPAddress.Loopback, 0);
    long arrived;

    public FaultProxyTests() => server.Start();

    public void Dispose() => server.Dispose();

    [Fact]
    public async Task Sliced_and_delayed_bytes_arrive_whole_and_in_order()
    {
        await using var proxy = FaultProxy.Start(server.LocalEndpoint, new FaultPlan { SliceUpTo = 7, Latency = TimeSpan.FromMilliseconds(5) });
        var (received, ending) = await TransferAsync(proxy);
        received.ShouldBe(Payload);
        ending.ShouldBe("end");
    }

    [Theory]
    [InlineData("reset")]
    [InlineData("half")]
    public async Task A_cut_comes_after_exactly_so_many_bytes(string kind)
    {
        var plan = kind == "reset" ? new FaultPlan { ResetAfter = 1234 } : new FaultPlan { HalfCloseAfter = 1234 };
        await using var proxy = FaultProxy.Start(server.LocalEndpoint, plan);
        var (received, ending) = await TransferAsync(proxy);
        // A reset may overtake what is still in the receiver's buffer; an orderly end may not.
        if (kind == "half") received.ShouldBe(Payload[..1234]);
        else received.Length.ShouldBeLessThanOrEqualTo(1234);
        ending.ShouldBe(kind == "reset" ? "reset" : "end");
    }

    [Fact]
    public async Task One_corrupted_byte_differs_and_the_rest_does_not()
    {
        await using var proxy = FaultProxy.Start(server.LocalEndpoint, new FaultPlan { CorruptAt = 4321 });
        var (received, _) = await TransferAsync(proxy);
        Enumerable.Range(0, Payload.Length).Where(at => received[at] != Payload[at]).ShouldBe([4321]);
    }

    [Fact]
    public async Task A_stalled_stream_goes_on_when_the_plan_says_so()
    {
        await using var proxy = FaultProxy.Start(server.LocalEndpoint, new FaultPlan { StallAfter = 100 });
        var transfer = TransferAsync(proxy);
        await Eventually.HoldsAsync(() => Volatile.Read(ref arrived) == 100);
        transfer.IsCompleted.ShouldBeFalse();
        proxy.Plan = new FaultPlan();
        (await transfer).Received.ShouldBe(Payload);
    }

    async Task<(byte[] Received, string Ending)> TransferAsync(FaultProxy proxy)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(proxy.EndPoint);
        using var accepted = await server.AcceptTcpClientAsync();
        await accepted.GetStream().WriteAsync(Payload);
        accepted.Client.Shutdown(SocketShutdown.Send);
        using var received = new MemoryStream();
        try
        {
            var buffer = new byte[512];
            while (await client.GetStream().ReadAsync(buffer) is var length and > 0)
            {
                await received.WriteAsync(buffer.AsMemory(0, length));
                Volatile.Write(ref arrived, received.Length);
            }

            return (received.ToArray(), "end");
        }
        catch (IOException)
        {
            return (received.ToArray(), "reset");
        }
    }
}
