using System.Net.Http.Json;
using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Core.Delivery;
using Belfry.Core.Hosting;
using Belfry.Core.Ledger;
using Belfry.Core.Listeners;
using Belfry.Core.Runtime;
using Belfry.Core.Tracking;
using Belfry.Core.Watches;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Readers;
using Belfry.Nodes.Simnet;
using Belfry.Sql.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Belfry.Server.Tests.Fixtures;

/// <summary>A simulated chain that outlives the servers that follow it.</summary>
sealed class LiveChain
{
    public static readonly ChainProfile Profile = new(new ChainId("btc"), "BTC", 8, "regtest", 10, TimeSpan.FromSeconds(30));

    public LiveChain(ulong seed)
    {
        Chain = new SimulatedChain(SimnetSettings.For(Profile), new SeededEntropy(seed), TimeProvider.System);
        Chain.Fund(3);
    }

    public SimulatedChain Chain { get; }

    public BitcoinNetwork Network { get; } = BitcoinNetworks.Find(Profile.Id, "regtest");

    public SimWallet Payer => Chain.Wallets[0];

    public string AddressOf(Script script) => new BitcoinAddressCodec(Network).Write(script.Span)!;

    /// <summary>Pays 0.0001 from the payer, also from coins that are not in a block.</summary>
    public TxHash Pay(Script to) => Chain.Pay(Payer, to, 10_000, new SimPayment { SpendUnconfirmed = true }).Id;

    /// <summary>A script that nobody has seen.</summary>
    public static Script Fresh(int number)
    {
        Span<byte> bytes = stackalloc byte[22];
        bytes[1] = 20;
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(bytes[2..], number);
        bytes[^1] = 7;
        return new Script(bytes);
    }
}

/// <summary>The whole server as it ships: Kestrel, SQLite in a folder, the real tracker over a node of the simulated chain.</summary>
sealed class LiveServer : IAsyncDisposable
{
    readonly BelfryServer host;
    readonly IDisposable attached;
    bool stopped;

    LiveServer(BelfryServer host, SqliteStore store, IDisposable attached)
    {
        (this.host, Store, this.attached) = (host, store, attached);
        Base = new Uri(host.Urls[0]);
        Http = new HttpClient { BaseAddress = Base, Timeout = TimeSpan.FromMinutes(2) };
    }

    public Uri Base { get; }

    public HttpClient Http { get; }

    public SqliteStore Store { get; }

    public static async Task<LiveServer> StartAsync(string folder, LiveChain chain)
    {
        var store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = folder });
        var server = BelfryServer.Create(new BelfryOptions { Urls = "http://127.0.0.1:0", Data = folder }, services =>
        {
            services.AddSingleton(store.Ledger).AddSingleton(store.Reader).AddSingleton(store.Journal).AddSingleton(store.Watches);
            services.AddSingleton<TrackingMetrics>();
            services.AddSingleton(provider => new Follower(chain, provider));
            services.AddHostedService(provider => provider.GetRequiredService<Follower>());
            services.AddSingleton<IChainDirectory>(provider => provider.GetRequiredService<Follower>().Directory);
        }, logging => logging.SetMinimumLevel(LogLevel.None));
        var tail = store.Attach(server.Services.GetRequiredService<JournalTail>());
        await server.StartAsync();
        return new LiveServer(server, store, tail);
    }

    public Task<SocketClient> ConnectAsync() => SocketClient.ConnectAsync(new Uri($"ws://{Base.Authority}/ws/events"), null);

    public async Task<JsonElement> WatchAsync(string address, long? fromHeight = null)
    {
        var from = fromHeight is { } height ? $",\"from_height\":{height}" : "";
        using var content = new StringContent($$"""{"chain":"btc","address":"{{address}}"{{from}}}""", System.Text.Encoding.UTF8, "application/json");
        using var answer = await Http.PostAsync("/api/v1/watches", content);
        if (answer.StatusCode != System.Net.HttpStatusCode.Created) throw new InvalidOperationException(await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref stopped, true)) return;
        await host.StopAsync();
        await host.DisposeAsync();
        attached.Dispose();
        await Store.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await StopAsync();
    }

    sealed class Follower : IHostedService
    {
        readonly ChainTracker tracker;

        public Follower(LiveChain chain, IServiceProvider services)
        {
            var parts = new ChainParts(
                LiveChain.Profile, new BitcoinAddressCodec(chain.Network), new BitcoinDecoder(chain.Network), new SimulatedNode(chain.Chain, new SeededEntropy(5)));
            tracker = new ChainTracker(
                new TrackerParts(
                    parts, new ChainOptions { Network = "regtest" }, services.GetRequiredService<ILedger>(), services.GetRequiredService<IWatchStore>(),
                    services.GetRequiredService<IActiveAddresses>(), TimeProvider.System),
                SystemEntropy.Instance, services.GetRequiredService<TrackingMetrics>(), NullLogger<ChainTracker>.Instance);
            Directory = new ChainDirectory([new FollowedChain(LiveChain.Profile, parts.Codec, tracker)]);
        }

        public ChainDirectory Directory { get; }

        public Task StartAsync(CancellationToken cancellationToken) => tracker.StartAsync(cancellationToken).AsTask();

        public Task StopAsync(CancellationToken cancellationToken) => tracker.DisposeAsync().AsTask();
    }
}
