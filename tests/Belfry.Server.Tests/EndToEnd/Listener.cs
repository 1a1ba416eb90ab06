using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;
using Belfry.Server.Tests.Fixtures;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Server.Tests.EndToEnd;

/// <summary>A client on a raw WebSocket that keeps everything it is told and checks the order as it listens.</summary>
sealed class Listener : IAsyncDisposable
{
    readonly BelfryProcess server;
    readonly SocketClient client;
    readonly ConcurrentQueue<Told> heard = new();
    readonly Task reading;
    volatile Exception? fault;

    Listener(BelfryProcess server, SocketClient client, long from)
    {
        (this.server, this.client, From) = (server, client, from);
        reading = ReadAsync();
    }

    /// <summary>The position from which the subscription holds.</summary>
    public long From { get; }

    public IReadOnlyList<Told> All => [.. heard];

    /// <summary>Subscribes to everything that the default account may see: all watched addresses and all blocks.</summary>
    public static Task<Listener> ToEverythingAsync(BelfryProcess server, long? after = null) =>
        OpenAsync(server, after is null ? """{"type":"subscribe"}""" : $$"""{"type":"subscribe","after":{{after}}}""");

    /// <summary>Subscribes to addresses, which also watches them.</summary>
    public static Task<Listener> ToAddressesAsync(BelfryProcess server, params string[] addresses) =>
        OpenAsync(server, $$"""{"type":"subscribe","addresses":[{{string.Join(',', addresses.Select(address => $"\"{address}\""))}}]}""");

    static async Task<Listener> OpenAsync(BelfryProcess server, string subscribe)
    {
        var socket = await SocketClient.ConnectAsync(new Uri($"ws://{server.Base.Authority}/ws/events"), null);
        await socket.SendAsync(subscribe);
        var confirmed = await socket.ReceiveJsonAsync();
        confirmed.GetProperty("type").GetString().ShouldBe("subscription_confirmed", confirmed.ToString());
        if (confirmed.TryGetProperty("refused", out var refused)) refused.GetArrayLength().ShouldBe(0, confirmed.ToString());
        return new Listener(server, socket, confirmed.GetProperty("seq").GetInt64());
    }

    /// <summary>Waits for an event that is as wanted.</summary>
    public async Task<Told> HeardAsync(Func<Told, bool> wanted, string what)
    {
        try
        {
            return await Eventually.GetAsync(() => fault is null ? ValueTask.FromResult(heard.FirstOrDefault(wanted)) : throw fault, TimeSpan.FromSeconds(45));
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"Never heard: {what}. Heard:\n{string.Join('\n', heard.TakeLast(80))}\nServer:\n{server.Output}", late);
        }
    }

    /// <summary>Waits for an event of a kind about a transaction.</summary>
    public Task<Told> HeardAsync(string kind, string transaction, string? address = null, int? confirmations = null) =>
        HeardAsync(
            told => told.Kind == kind && told.Transaction == transaction && (address is null || told.Address == address) && (confirmations is null || told.Confirmations == confirmations),
            $"{kind} of {transaction} for {address} with {confirmations} confirmations");

    /// <summary>Waits for an event of a kind about a block.</summary>
    public Task<Told> HeardBlockAsync(string kind, string hash) => HeardAsync(told => told.Kind == kind && told.Block == hash && told.Transaction is null, $"{kind} {hash}");

    /// <summary>All that was told about a transaction for an address, as lines.</summary>
    public IReadOnlyList<string> Story(string transaction, string address) =>
        [.. heard.Where(told => told.Transaction == transaction && told.Address == address).Select(static told => told.Line)];

    /// <summary>Waits until everything that the journal holds now has arrived, and compares: each event once, in order, none missing, byte for byte the same.</summary>
    public async Task HoldsTheJournalAsync()
    {
        var journal = await server.JournalAsync(From);
        if (journal.Count > 0) await HeardAsync(told => told.Sequence >= journal[^1].Sequence, $"event {journal[^1].Sequence}");
        heard.Take(journal.Count).Select(static told => told.Envelope.GetRawText()).ShouldBe(journal.Select(static told => told.Envelope.GetRawText()));
    }

    /// <summary>Checks what holds for every listener at every time.</summary>
    public void KeepsOrder()
    {
        if (fault is { } problem) throw new InvalidOperationException("The listener failed.", problem);
        heard.Zip(heard.Skip(1)).ShouldAllBe(static pair => pair.First.Sequence < pair.Second.Sequence);
        heard.Select(static told => told.Id).ShouldBeUnique();
    }

    /// <summary>Nothing went wrong between server and node while this client listened.</summary>
    public void HeardNoTrouble() => heard.Where(static told => told.Kind is "feed_degraded" or "feed_recovered").ShouldBeEmpty();

    public async ValueTask DisposeAsync()
    {
        client.Socket.Abort();
        await reading;
        client.Dispose();
    }

    async Task ReadAsync()
    {
        try
        {
            while (await client.ReceiveAsync(TimeSpan.FromMinutes(5)) is { } text)
            {
                var message = JsonElement.Parse(text);
                if (message.GetProperty("type").GetString() == "event") heard.Enqueue(new Told(message));
            }
        }
        catch (Exception problem) when (problem is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The server was killed, or this client is done; what arrived until then counts.
            fault = new InvalidOperationException("the connection ended", problem);
        }
    }
}
