using System.Globalization;
using System.Text;
using Belfry.Core.Chains;
using Belfry.Core.Delivery;
using Belfry.Core.Hosting;
using Belfry.Core.Journal;
using Belfry.Core.Ledger;
using Belfry.Core.Tracking;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Belfry.Server.Tests.Fixtures;

/// <summary>A real Kestrel on a free port over a store in memory and scripted chains.</summary>
sealed class RunningServer : IAsyncDisposable
{
    static readonly DateTimeOffset EventTime = DateTimeOffset.FromUnixTimeMilliseconds(1640995200123);
    readonly BelfryServer server;
    long nextEvent;

    RunningServer(BelfryServer server, MemoryStore store, ScriptedChains chains)
    {
        (this.server, Store, Chains) = (server, store, chains);
        Base = new Uri(server.Urls[0]);
        Http = new HttpClient { BaseAddress = Base, Timeout = TimeSpan.FromSeconds(30) };
    }

    public MemoryStore Store { get; }

    public ScriptedChains Chains { get; }

    public Uri Base { get; }

    public HttpClient Http { get; }

    public IServiceProvider Services => server.Services;

    public DeliveryHub Hub => Services.GetRequiredService<DeliveryHub>();

    public static async Task<RunningServer> StartAsync(Func<BelfryOptions, BelfryOptions>? change = null, MemoryStore? store = null, TimeProvider? clock = null, Action<ILoggingBuilder>? logging = null, params string[] chainIds)
    {
        var chains = new ScriptedChains(chainIds.Length == 0 ? ["btc", "ltc"] : chainIds);
        store ??= new MemoryStore();
        var options = new BelfryOptions { Urls = "http://127.0.0.1:0" };
        var host = BelfryServer.Create(change?.Invoke(options) ?? options, services =>
        {
            services.AddSingleton<IChainDirectory>(chains);
            services.AddSingleton(store.Reader).AddSingleton(store.Journal).AddSingleton(store.Watches);
            if (clock is not null) services.AddSingleton(clock);
        }, logging ?? (silence => silence.SetMinimumLevel(LogLevel.None)));
        store.Attach(host.Services.GetRequiredService<JournalTail>());
        await host.StartAsync();
        return new RunningServer(host, store, chains);
    }

    public Task<SocketClient> ConnectAsync(string path = "/ws/events", string? origin = null, params (string Name, string Value)[] headers) =>
        SocketClient.ConnectAsync(new Uri($"ws://{Base.Authority}{path}"), origin, headers);

    /// <summary>Commits events of one chain in one batch; the address may be null for chain-wide ones.</summary>
    public async Task<long> TellAsync(string chain, EventKind kind, string? address, int count = 1, string amount = "0.001")
    {
        var events = Enumerable.Range(0, count).Select(_ => Event(chain, kind, address, amount)).ToList();
        var result = await Store.Ledger.CommitAsync(new LedgerBatch { Chain = new ChainId(chain), Events = events }, CancellationToken.None);
        return result.Head;
    }

    public static string EventJson(long number, string chain, EventKind kind, string? address, string amount) =>
        $$"""{"event":"{{kind.Name()}}","tx_hash":"{{number.ToString("x64", CultureInfo.InvariantCulture)}}","currency":"{{chain.ToUpperInvariant()}}","from_address":null,"to_address":{{(address is null ? "null" : $"\"{address}\"")}},"amount":"{{amount}}","confirmations":0,"contract":null,"block_height":null,"timestamp":1640995200,"address":{{(address is null ? "null" : $"\"{address}\"")}},"direction":"in","state":"seen"}""";

    PendingEvent Event(string chain, EventKind kind, string? address, string amount)
    {
        var number = Interlocked.Increment(ref nextEvent);
        var script = address is null ? null : ScriptedChains.ScriptOf(address);
        return new PendingEvent($"{chain}-{number}", kind, script, address, null, null, Encoding.UTF8.GetBytes(EventJson(number, chain, kind, address, amount)), EventTime);
    }

    public Task StopAsync() => server.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await server.StopAsync();
        await server.DisposeAsync();
    }
}
