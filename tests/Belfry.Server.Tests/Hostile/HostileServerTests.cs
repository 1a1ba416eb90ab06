using System.Text;
using Belfry.Client;
using Belfry.Server.Tests.Client;
using Belfry.TestKit.Hostile;
using Shouldly;

namespace Belfry.Server.Tests.Hostile;

/// <summary>A server that says nonsense to our own client.</summary>
public sealed class HostileServerTests(ITestOutputHelper output)
{
    static readonly string[] Sayings =
    [
        """{"type":"event","id":"x","seq":2,"data":{"event":"new_payment","currency":"BTC","amount":"0.1","confirmations":1},"timestamp":1640995200.123}""", """{"type":"lagged","seq":7,"head":9}""",
        """{"type":"error","code":100,"message":"try again","temporary":true}""", """{"type":"subscription_confirmed","seq":1,"epoch":"a1","events":[]}""", """{"type":"pong"}""", """{"error":"Unknown message type: x"}""", """{"type":"error","code":112,"message":"m"}""",
    ];

    [Theory]
    [InlineData("""{"type":"event","seq":2,"data":7}""")]
    [InlineData("""{"type":"event","seq":2,"data":{"confirmations":"x"}}""")]
    [InlineData("""{"type":"event","seq":2,"id":"\ud800","data":{}}""")]
    [InlineData("""{"type":7}""")]
    public async Task An_event_that_is_none_is_a_lost_connection_and_the_stream_goes_on(string nonsense)
    {
        await using var server = await ScriptedServer.StartAsync(
            async act =>
            {
                await act.ConfirmAsync(1);
                await act.SayAsync(nonsense);
                await act.HoldAsync();
            },
            async act =>
            {
                await act.ConfirmAsync(1);
                await act.TellAsync(2);
                await act.HoldAsync();
            });
        using var client = Open(server);
        await foreach (var happened in client.EventsAsync(new Subscription(), cancellationToken: TestContext.Current.CancellationToken))
        {
            happened.Sequence.ShouldBe(2);
            break;
        }
    }

    [Fact]
    public async Task Whatever_a_server_says_comes_out_as_events_or_as_the_documented_exception()
    {
        output.WriteLine($"seed {Storm.Seed}");
        var count = Storm.Count(300);
        var mutators = Enumerable.Range(0, count).Select(number => new Mutator(Storm.Seed + (ulong)number)).ToList();
        var refused = 0;
        using var faults = new UnobservedFaults();
        await using var server = await ScriptedServer.StartAsync([.. mutators.Select(mutator => new Func<ScriptedServer.Act, Task>(async act =>
        {
            await act.ConfirmAsync(1);
            for (var i = 0; i < 10; i++) await act.SayAsync(Encoding.UTF8.GetString(JsonMutator.Mutate(mutator, mutator.Pick(Sayings), 8000)));
            await act.TellAsync(99);
            await act.HoldAsync();
        }))]);
        for (var connections = 0; connections < count;)
        {
            using var client = Open(server, change => connections += change.Connected ? 1 : 0);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            try
            {
                await foreach (var happened in client.EventsAsync(new Subscription(), cancellationToken: patience.Token))
                {
                    if (happened.Sequence == 99 || connections >= count) break;
                }
            }
            catch (BelfryException problem)
            {
                refused++;
                problem.Message.ShouldNotBeNullOrWhiteSpace();
            }

            connections++;
        }

        output.WriteLine($"{refused} ended with the server's refusal");
        faults.Find().ShouldBeEmpty();
    }

    static BelfryClient Open(ScriptedServer server, Action<ConnectionChange>? changed = null) =>
        new(server.Address, null, new BelfryClientOptions { MinBackoff = TimeSpan.FromMilliseconds(1), MaxBackoff = TimeSpan.FromMilliseconds(2), ConnectionChanged = changed });
}
