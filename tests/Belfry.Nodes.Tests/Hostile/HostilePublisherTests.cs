using System.Text;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Zmq;
using Belfry.Nodes.Tests.Zmq;
using Belfry.TestKit;
using Belfry.TestKit.Hostile;
using Shouldly;
using static Belfry.Nodes.Tests.Zmq.ScriptedPublisher;

namespace Belfry.Nodes.Tests.Hostile;

/// <summary>A ZeroMQ publisher that says nearly the right thing: greetings, commands, frames, lengths, topics, counters.</summary>
public sealed class HostilePublisherTests(ITestOutputHelper output)
{
    static readonly byte[] Pong = Command("PONG", "open"u8.ToArray());

    static readonly byte[] Hello = [.. Greeting(), .. Ready(), .. Pong];

    static readonly byte[][] Sayings =
    [
        [.. Greeting(), .. Ready(), .. Pong, .. Message("rawtx", new byte[200], 0), .. Message("rawtx", new byte[20], 1)], [.. Greeting(3, 0), .. Ready(), .. Message("rawtx", new byte[10], 7)],
        [.. Greeting(), .. Ready(), .. Message("rawtx", [1], 0), .. Pong, .. Command("PING", 0, 10, 1, 2, 3), .. Message("hashblock", new byte[32], 1)], [.. Greeting(), .. Ready("XPUB"), .. Pong, .. Frame(1, "rawtx"u8.ToArray())],
        [.. Greeting(), .. Command("ERROR", 3, 1, 2, 3)], [.. Greeting(), .. Ready(), .. Pong, .. Frame(0, new byte[300]), .. Message("rawblock", new byte[3000], 2)],
    ];

    static readonly byte[][] Words =
        [.. new[] { "READY", "PING", "PONG", "ERROR", "SUBSCRIBE", "Socket-Type", "PUB", "NULL", "PLAIN", "CURVE", "rawtx", "sequence" }.Select(Encoding.ASCII.GetBytes), [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f], [2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [2, 0, 0, 0, 0, 4, 0, 0, 0], [6, 0, 0, 0, 0, 0, 0, 16, 1]];

    [Fact]
    public async Task Each_is_heard_or_refused_with_what_is_wrong_and_every_connection_ends()
    {
        output.WriteLine($"seed {Storm.Seed}");
        using var faults = new UnobservedFaults();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        int refused = 0, ended = 0, heard = 0;
        var open = 0;
        await Storm.RunAsync(Storm.Count(10_000), lanes: 32, Words, () => ValueTask.FromResult(default(NoLane)), async (_, _, mutator) =>
        {
            var network = new ReplayNetwork(() => Say(mutator));
            try
            {
                await using var subscription = await ZmqSubscription.OpenAsync(
                    new ZmqEndpoint("127.0.0.1", 1), "rawtx", network, TimeProvider.System, new ZmtpLimits { MaxFrameBytes = 1 << 20, HandshakeTimeout = TimeSpan.FromSeconds(10) }, CancellationToken.None);
                await subscription.RunAsync(message =>
                {
                    message.Topic.ShouldBe("rawtx");
                    Interlocked.Increment(ref heard);
                }, CancellationToken.None);
            }
            catch (MalformedDataException problem)
            {
                Interlocked.Increment(ref refused);
                problem.Message.Length.ShouldBeInRange(15, 500, problem.Message);
                problem.Message.Any(char.IsControl).ShouldBeFalse(problem.Message);
            }
            catch (IOException)
            {
                Interlocked.Increment(ref ended);
            }

            Interlocked.Add(ref open, network.Open);
        });
        output.WriteLine($"{refused} refused, {ended} ended, {heard} messages heard");
        refused.ShouldBeGreaterThan(Storm.Count(10_000) / 4);
        heard.ShouldBePositive();
        open.ShouldBe(0, "every connection is closed");
        faults.Find().ShouldBeEmpty();
        // Ten thousand connections that kept their buffers would be ten times this; others run beside.
        await Eventually.HoldsAsync(() => GC.GetTotalMemory(forceFullCollection: true) - before < 128 << 20);
    }

    // Half of them shake hands well: few mutations of the beginning would survive.
    static byte[] Say(Mutator mutator)
    {
        var saying = mutator.Pick(Sayings);
        return mutator.Once(2) ? mutator.Mutate(saying, 100_000, mutator.Pick(Sayings)) : [.. Hello, .. mutator.Mutate(saying.AsSpan(Math.Min(saying.Length, Hello.Length)), 100_000, mutator.Pick(Sayings))];
    }

    [Fact]
    public async Task A_publisher_that_never_answers_and_goes_on_publishing_does_not_fill_the_memory()
    {
        var block = Message("rawtx", new byte[1 << 20], 0);
        await using var publisher = new ScriptedPublisher(async peer =>
        {
            await peer.SendAsync(Greeting());
            await peer.SendAsync(Ready());
            for (var i = 0; i < 500; i++) await peer.SendAsync(block);
        });
        var problem = await Should.ThrowAsync<MalformedDataException>(() => ZmqSubscription.OpenAsync(
            publisher.EndPoint, "rawtx", TcpNetwork.Instance, TimeProvider.System, new ZmtpLimits { MaxFrameBytes = 8 << 20, HandshakeTimeout = TimeSpan.FromSeconds(30) }, CancellationToken.None));
        problem.Message.ShouldContain("before the answer to our PING");
    }

    readonly struct NoLane : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
