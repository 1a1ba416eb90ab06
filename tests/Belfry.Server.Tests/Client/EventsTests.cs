using System.Net;
using Belfry.Client;
using Belfry.Core.Journal;
using Belfry.Server.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Shouldly;

namespace Belfry.Server.Tests.Client;

public sealed class EventsTests
{
    static readonly BelfryClientOptions Quick = new() { MinBackoff = TimeSpan.FromMilliseconds(1), MaxBackoff = TimeSpan.FromMilliseconds(5) };

    [Fact]
    public async Task A_broken_connection_resumes_after_the_last_event_and_repeats_none()
    {
        // aborting throws away what is still under way, so the abort waits until the client has what it was sent
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await ScriptedServer.StartAsync(
            async act =>
            {
                await act.ConfirmAsync(10);
                await act.TellAsync(11, 12);
                await arrived.Task;
                act.Abort();
            },
            async act =>
            {
                await act.ConfirmAsync(12);
                await act.TellAsync(12, 13, 13, 14);
                await act.HoldAsync();
            });
        var heard = await TakeAsync(server, 4, heard: happened => _ = happened.Sequence == 12 && arrived.TrySetResult());
        heard.Select(happened => happened.Sequence).ShouldBe([11, 12, 13, 14]);
        heard[0].Data.Others!["pays_you"].GetBoolean().ShouldBeTrue();
        server.Said.Select(said => said.TryGetProperty("after", out var after) ? after.GetInt64() : -1).Take(2).ShouldBe([-1, 12]);
    }

    [Fact]
    public async Task A_connection_lost_before_the_first_event_resumes_from_the_confirmed_position()
    {
        var confirmed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await ScriptedServer.StartAsync(
            async act =>
            {
                await act.ConfirmAsync(40);
                await confirmed.Task;
                act.Abort();
            },
            async act =>
            {
                await act.ConfirmAsync(40);
                await act.TellAsync(41);
                await act.HoldAsync();
            });
        (await TakeAsync(server, 1, Quick with { ConnectionChanged = _ => confirmed.TrySetResult() })).Single().Sequence.ShouldBe(41);
        server.Said.ElementAt(1).GetProperty("after").GetInt64().ShouldBe(40);
    }

    [Theory]
    [InlineData(3008, "slow")]
    [InlineData(1001, "shutdown")]
    public async Task A_resumable_close_code_is_followed_by_a_new_connection(int code, string reason)
    {
        await using var server = await ScriptedServer.StartAsync(
            async act =>
            {
                await act.ConfirmAsync(0);
                await act.TellAsync(1);
                await act.SayAsync("""{"type":"lagged","seq":1}""");
                await act.CloseAsync(code, reason);
                await act.HoldAsync();
            },
            async act =>
            {
                await act.ConfirmAsync(1);
                await act.TellAsync(2);
                await act.HoldAsync();
            });
        (await TakeAsync(server, 2)).Select(happened => happened.Sequence).ShouldBe([1, 2]);
    }

    [Fact]
    public async Task A_client_that_is_told_that_it_lags_stays_and_misses_nothing()
    {
        await using var server = await ScriptedServer.StartAsync(async act =>
        {
            await act.ConfirmAsync(0);
            await act.TellAsync(1);
            await act.SayAsync("""{"type":"lagged","seq":1,"head":3}""");
            await act.TellAsync(2, 3);
            await act.HoldAsync();
        });
        var (lags, lost) = (new List<LagNotice>(), 0);
        var taken = await TakeAsync(server, 3, Quick with { Lagged = lags.Add, ConnectionChanged = change => lost += change.Connected ? 0 : 1 });
        taken.Select(happened => happened.Sequence).ShouldBe([1, 2, 3]);
        lags.ShouldBe([new LagNotice(1, 3)]);
        lost.ShouldBe(0);
    }

    [Fact]
    public async Task A_terminal_close_code_ends_the_stream()
    {
        await using var server = await ScriptedServer.StartAsync(async act =>
        {
            await act.ConfirmAsync(0);
            await act.CloseAsync(3500, "invalid token");
            await act.HoldAsync();
        });
        (await Should.ThrowAsync<BelfryException>(() => TakeAsync(server, 1))).Message.ShouldContain("invalid token");
    }

    [Fact]
    public async Task A_refused_key_ends_the_stream_with_the_status()
    {
        await using var server = await ScriptedServer.StartAsync(act =>
        {
            act.Context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return Task.CompletedTask;
        });
        (await Should.ThrowAsync<BelfryException>(() => TakeAsync(server, 1))).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_refused_subscription_ends_the_stream_with_the_reason()
    {
        await using var server = await ScriptedServer.StartAsync(async act =>
        {
            await act.AcceptAsync();
            await act.HearAsync();
            await act.SayAsync("""{"type":"error","id":1,"code":107,"message":"'xyz' is not an address","temporary":false}""");
            await act.HoldAsync();
        });
        (await Should.ThrowAsync<BelfryException>(() => TakeAsync(server, 1))).Message.ShouldBe("'xyz' is not an address");
    }

    [Fact]
    public async Task Silence_is_answered_with_a_ping_and_then_with_a_new_connection()
    {
        await using var server = await ScriptedServer.StartAsync(
            async act =>
            {
                await act.ConfirmAsync(0);
                await act.TellAsync(1);
                await act.HoldAsync();
            },
            async act =>
            {
                await act.ConfirmAsync(1);
                await act.TellAsync(2);
                await act.HoldAsync();
            });
        var impatient = Quick with { PingAfter = TimeSpan.FromMilliseconds(50), SilenceLimit = TimeSpan.FromMilliseconds(150) };
        (await TakeAsync(server, 2, impatient)).Count.ShouldBe(2);
        server.Said.Select(said => said.ValueKind == System.Text.Json.JsonValueKind.Object ? said.GetProperty("type").GetString() : "closed").Take(2).ShouldBe(["subscribe", "ping"]);
    }

    [Fact]
    public async Task Waits_grow_to_their_limit_and_are_told()
    {
        await using var server = await ScriptedServer.StartAsync();
        var waits = new List<double>();
        using var stop = new CancellationTokenSource();
        var options = new BelfryClientOptions
        {
            MinBackoff = TimeSpan.FromMilliseconds(2),
            MaxBackoff = TimeSpan.FromMilliseconds(16),
            Jitter = () => 0,
            ConnectionChanged = change =>
            {
                waits.Add(change.RetryIn!.Value.TotalMilliseconds);
                if (waits.Count == 6) stop.Cancel();
            },
        };
        using var client = new BelfryClient(server.Address, options: options);
        await Should.ThrowAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in client.EventsAsync(new Subscription(), cancellationToken: stop.Token)) { }
        });
        waits.ShouldBe([2, 4, 8, 16, 16, 16]);
    }

    [Fact]
    public async Task A_resume_names_its_journal_and_starts_over_when_the_server_has_another()
    {
        var changes = new List<ConnectionChange>();
        await using var server = await ScriptedServer.StartAsync(
            async act =>
            {
                await act.ConfirmAsync(6, "old");
                await act.TellAsync(7);
                await act.CloseAsync(3001, """{"reason":"shutdown","seq":7}""");
                await act.HoldAsync();
            },
            async act =>
            {
                await act.AcceptAsync();
                await act.HearAsync();
                await act.SayAsync("""{"type":"error","id":1,"code":112,"message":"the cursor belongs to journal 'old'","temporary":false}""");
                await act.HearAsync();
                await act.SayConfirmedAsync(0, "new");
                await act.TellAsync(1, 2, 8);
                await act.HoldAsync();
            });
        var heard = await TakeAsync(server, 4, Quick with { ConnectionChanged = changes.Add });
        heard.Select(happened => (happened.Epoch, happened.Sequence)).ShouldBe([("old", 7), ("new", 1), ("new", 2), ("new", 8)]);
        var subscribed = server.Said.Where(said => said.ValueKind == System.Text.Json.JsonValueKind.Object).ToList();
        (subscribed[1].GetProperty("after").GetInt64(), subscribed[1].GetProperty("epoch").GetString()).ShouldBe((7, "old"));
        subscribed[2].GetProperty("after").GetInt64().ShouldBe(0);
        changes[1].Reason.ShouldBe("shutdown (code 3001)");
        changes.Where(change => change.Connected).Select(change => (change.Epoch, change.StartedOver)).ShouldBe([("old", false), ("new", true)]);
    }

    [Fact]
    public async Task A_place_beyond_the_journal_that_names_none_is_refused()
    {
        await using var server = await RunningServer.StartAsync();
        using var client = new BelfryClient(server.Base, options: Quick);
        var refused = await Should.ThrowAsync<BelfryException>(async () =>
        {
            await foreach (var _ in client.EventsAsync(new Subscription(), after: 99)) { }
        });
        refused.Message.ShouldContain("future");
    }

    [Fact]
    public async Task A_stored_place_of_a_replaced_store_starts_over_at_a_real_server()
    {
        await using var server = await RunningServer.StartAsync();
        await server.TellAsync("btc", EventKind.NewBlock, null, 3);
        using var client = new BelfryClient(server.Base, options: Quick);
        var heard = new List<long>();
        await foreach (var happened in client.EventsAsync(new Subscription(), after: 2, epoch: "0123456789abcdef"))
        {
            heard.Add(happened.Sequence);
            if (heard.Count == 3) break;
        }

        heard.ShouldBe([1, 2, 3]);
    }

    static async Task<List<BelfryEvent>> TakeAsync(ScriptedServer server, int count, BelfryClientOptions? options = null, Action<BelfryEvent>? heard = null)
    {
        using var client = new BelfryClient(server.Address, options: options ?? Quick);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var taken = new List<BelfryEvent>();
        await foreach (var happened in client.EventsAsync(new Subscription(), cancellationToken: limit.Token))
        {
            taken.Add(happened);
            heard?.Invoke(happened);
            if (taken.Count == count) break;
        }

        return taken;
    }
}
