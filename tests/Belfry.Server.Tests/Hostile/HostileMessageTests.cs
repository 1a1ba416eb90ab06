using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Belfry.Core.Listeners;
using Belfry.Server.Tests.Fixtures;
using Belfry.TestKit;
using Belfry.TestKit.Hostile;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;

namespace Belfry.Server.Tests.Hostile;

/// <summary>Messages on <c>/ws/events</c> that are nearly right, many on each connection of a real socket.</summary>
public sealed class HostileMessageTests(ITestOutputHelper output)
{
    static readonly string[] Valid =
    [
        """{"type":"subscribe","id":7,"events":["new_transaction","new_payment"],"currencies":["BTC","LTC"],"addresses":["btc1alice","ltc1bob"],"filter":{"amount":">=0.5 && <10","currency":["btc",null]},"after":0}""",
        """{"type":"subscribe","events":[],"currency":"BTC","addresses":["btc1carol"],"epoch":"00ff","after":1}""", """{"type":"add_addresses","id":"a","chain":"btc","addresses":["btc1dave","BTC1ERIN"]}""",
        """{"type":"remove_addresses","id":1.5,"addresses":["btc1alice"]}""", """{"type":"unsubscribe","id":9}""", """{"type":"get_status"}""", """{"type":"ping","id":"x"}""", """{"type":"auth","token":"bf_live_0123456789abcdef"}""",
        """{"type":"subscribe","filter":{"(balance.confirmed)":"((>1))","cause.tx_hash":"!='aa'"}}""",
    ];

    static readonly byte[][] Words =
        [.. new[] { "\"type\":", "\"id\":", "\"events\":", "\"addresses\":", "\"filter\":", "\"after\":", "subscribe", "add_addresses", "&&", "||", ">=", "(", "btc:", "\\ud800", "\\u0000", "[[[[[[[[", "{\"a\":" }.Select(Encoding.UTF8.GetBytes)];

    [Fact]
    public async Task Each_is_answered_once_with_what_is_wrong_and_disturbs_nobody()
    {
        output.WriteLine($"seed {Storm.Seed}");
        await using var hearth = await Hearth.LightAsync();
        var refused = 0;
        await Storm.RunAsync(Storm.Count(10_000), lanes: 4, Words, () => ValueTask.FromResult(new Lane(hearth.Server.Base)), async (lane, number, mutator) =>
        {
            var message = JsonMutator.Mutate(mutator, mutator.Pick(Valid));
            if (!Utf8.IsValid(message)) message = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(message));
            if (message.Length > 60_000) message = message[..60_000];
            var answer = await lane.AskAsync(message);
            if (Judge(answer)) Interlocked.Increment(ref refused);
            // A new connection now and then: what a subscription held must be let go of.
            if (number % 50 == 49) lane.Close();
        });
        output.WriteLine($"{refused} refused");
        refused.ShouldBeGreaterThan(Storm.Count(10_000) / 2);
        await hearth.CheckAsync();
    }

    [Fact]
    public async Task An_id_that_is_no_text_leaves_no_address_active_behind()
    {
        await using var server = await RunningServer.StartAsync();
        var active = server.Services.GetRequiredService<IActiveAddresses>();
        using (var client = await server.ConnectAsync())
        {
            (await client.AskAsync("""{"type":"subscribe","id":"\ud800","addresses":["btc1alice"]}""")).ShouldBe("""{"error":"Invalid JSON format"}""");
            (await client.AskAsync("""{"type":"subscribe","id":1,"addresses":["btc1bob"]}""")).ShouldContain("subscription_confirmed");
            (await active.ReadAllAsync(new Core.Chains.ChainId("btc"), CancellationToken.None)).Keys.ShouldBe(["btc1bob"]);
        }

        await Eventually.HoldsAsync(async () => (await active.ReadAllAsync(new Core.Chains.ChainId("btc"), CancellationToken.None)).Count == 0);
    }

    // Whether it is a refusal; it says what is wrong in one line that fits a screen.
    static bool Judge(string answer)
    {
        using var document = JsonDocument.Parse(answer);
        var root = document.RootElement;
        if (root.TryGetProperty("error", out var legacy))
        {
            legacy.GetString()!.ShouldSatisfyAllConditions(
                text => (text == "Invalid JSON format" || text.StartsWith("Unknown message type: ", StringComparison.Ordinal)).ShouldBeTrue(text), text => text.Any(char.IsControl).ShouldBeFalse(text));
            return true;
        }

        if (root.GetProperty("type").GetString() != "error")
        {
            if (root.TryGetProperty("refused", out var list)) foreach (var entry in list.EnumerateArray()) JudgeText(entry.GetProperty("error").GetString()!);
            return root.TryGetProperty("refused", out _);
        }

        root.GetProperty("code").GetInt32().ShouldBeOneOf(106, 107, 112);
        var message = root.GetProperty("message").GetString()!;
        JudgeText(message);
        // Where: a field in quotes, the filter's field, or the cursor.
        (message.Contains('\'') || message.StartsWith("filter", StringComparison.Ordinal) || message.StartsWith("the cursor", StringComparison.Ordinal) || message.Contains("subscription", StringComparison.Ordinal)).ShouldBeTrue(message);
        return true;
    }

    static void JudgeText(string text)
    {
        text.Length.ShouldBeInRange(5, 1000, text);
        text.Any(char.IsControl).ShouldBeFalse(text);
        text.ShouldNotContain("   at ");
    }

    /// <summary>A connection that asks; every message is followed by a ping of a number of its own, so that no answer and two answers are both seen.</summary>
    sealed class Lane(Uri server) : IAsyncDisposable
    {
        TcpClient? client;
        int pings;

        public async Task<string> AskAsync(byte[] message)
        {
            client ??= await RawSocket.OpenAsync(server);
            var probe = $"probe-{++pings}";
            byte[] bytes = [.. Text(message), .. Text(Encoding.UTF8.GetBytes($"{{\"type\":\"ping\",\"id\":\"{probe}\"}}"))];
            await client.GetStream().WriteAsync(bytes);
            string? answer = null;
            while (true)
            {
                var said = await ReadAsync();
                if (said.Contains("\"type\":\"event\"", StringComparison.Ordinal)) continue;
                if (said.Contains(probe, StringComparison.Ordinal) && said.StartsWith("""{"type":"pong",""", StringComparison.Ordinal)) return answer ?? throw new InvalidOperationException("no answer");
                answer = answer is null ? said : throw new InvalidOperationException($"two answers: {answer} and {said}");
            }
        }

        public void Close()
        {
            client?.Dispose();
            client = null;
        }

        public ValueTask DisposeAsync()
        {
            Close();
            return ValueTask.CompletedTask;
        }

        async Task<string> ReadAsync()
        {
            var frame = await RawSocket.ReadFrameAsync(client!.GetStream());
            return frame.First == 0x81 ? Encoding.UTF8.GetString(frame.Payload) : throw new InvalidOperationException($"frame {frame.First:x2} {(frame.Payload.Length > 2 ? Encoding.UTF8.GetString(frame.Payload.AsSpan(2)) : "")}");
        }

        static byte[] Text(byte[] payload) => payload.Length < 126 ? RawSocket.Frame(0x81, payload) : Long(payload);

        static byte[] Long(byte[] payload)
        {
            if (payload.Length > ushort.MaxValue) return RawSocket.Frame(0x81, payload);
            byte[] frame = [0x81, 0xfe, 0, 0, 0, 0, 0, 0, .. payload];
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)payload.Length);
            return frame;
        }
    }
}
