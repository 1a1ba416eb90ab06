using System.Net;
using System.Text;
using System.Text.Json;
using Belfry.TestKit;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.EndToEnd;

/// <summary>How a test wants one chain of a server configured.</summary>
/// <param name="Node">The node that feeds it.</param>
/// <param name="ByPeer">Listen by the peer protocol.</param>
/// <param name="Settings">Further settings of the chain.</param>
sealed record ChainSetup(RegtestNode Node, bool ByPeer = false, params (string Name, string Value)[] Settings);

/// <summary>The real program as its users start it: <c>belfry serve</c> in a process of its own, on a free port and a folder of its own, so that kill -9 is a kill -9.</summary>
sealed class BelfryProcess : IAsyncDisposable
{
    static readonly string Program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Belfry.Cli", Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/')), "belfry.dll"));

    readonly FreePort port = FreePort.Lease();
    readonly string own = Directory.CreateTempSubdirectory("belfry-test-data-").FullName;
    readonly Dictionary<string, string> environment = [];
    readonly List<RegtestNode> nodes = [];
    ChildProcess? child;
    string output = "";

    BelfryProcess(IEnumerable<ChainSetup> chains)
    {
        environment["BELFRY__Urls"] = Base.ToString().TrimEnd('/');
        environment["BELFRY__Data"] = own;
        foreach (var chain in chains) Configure(chain);
        Http = new HttpClient { BaseAddress = Base, Timeout = TimeSpan.FromSeconds(30) };
    }

    public Uri Base => new($"http://127.0.0.1:{port.Number}/");

    public HttpClient Http { get; }

    /// <summary>What the program logged last; after a kill still what the one before it logged.</summary>
    public string Output => child?.Output ?? output;

    /// <summary>Its environment beside this program's own; read at each start.</summary>
    public IDictionary<string, string> Environment => environment;

    /// <summary>A command that starts it, for instance <c>prlimit --nofile=300</c>; read at each start.</summary>
    public IReadOnlyList<string> Under { get; set; } = [];

    /// <summary>The data folder.</summary>
    public string Data
    {
        get => environment["BELFRY__Data"];
        set => environment["BELFRY__Data"] = value;
    }

    /// <summary>The running program.</summary>
    public ChildProcess Process => child ?? throw new InvalidOperationException("The server was not started.");

    /// <summary>A server that is not started yet.</summary>
    public static BelfryProcess Prepare(params ChainSetup[] chains) => new(chains);

    /// <summary>Starts a server and waits until each of its chains is live at its node's tip.</summary>
    public static async Task<BelfryProcess> StartAsync(params ChainSetup[] chains)
    {
        var server = new BelfryProcess(chains);
        try
        {
            server.Launch();
            foreach (var node in server.nodes) await server.AtTipOfAsync(node);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the program; does not wait for anything.</summary>
    public void Launch()
    {
        if (child is { HasExited: false }) throw new InvalidOperationException("The server runs already.");
        // an empty folder: nobody's appsettings.json is read
        string[] command = [.. Under, "dotnet", Program, "serve"];
        child = ChildProcess.Start(command[0], command[1..], environment, own);
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        await child!.KillAsync();
        await ForgetAsync();
    }

    /// <summary>Lets go of a program that has ended by itself.</summary>
    public async Task ForgetAsync()
    {
        output = child!.Output;
        await child.DisposeAsync();
        child = null;
    }

    /// <summary>Ends it in order, as a service manager does.</summary>
    public async Task StopAsync()
    {
        child!.Terminate();
        await child.WaitForExitAsync(TimeSpan.FromSeconds(20));
    }

    /// <summary>Waits until a chain stands at its node's best block, with the given state.</summary>
    public async Task<JsonElement> AtTipOfAsync(RegtestNode node, string state = "live")
    {
        var tip = await node.GetTipAsync();
        return await ChainAsync(node.Chain, chain => chain.GetProperty("hash").GetString() == tip && chain.GetProperty("state").GetString() == state, $"{state} at {tip}");
    }

    /// <summary>Waits until a chain's row in <c>GET /api/v1/chains</c> is as wanted.</summary>
    public async Task<JsonElement> ChainAsync(string chain, Func<JsonElement, bool> wanted, string what, TimeSpan? within = null)
    {
        JsonElement last = default;
        try
        {
            await Eventually.HoldsAsync(async () =>
            {
                if (child is null or { HasExited: true }) throw new InvalidOperationException($"the server ended\n{Output}");
                // asked gently: the machine is shared with what is measured
                await Task.Delay(20);
                last = (await GetAsync("api/v1/chains")).EnumerateArray().Single(row => row.GetProperty("chain").GetString() == chain);
                return wanted(last);
            }, within ?? TimeSpan.FromSeconds(45));
            return last;
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{chain} is not {what}, but {last}\n{Output}", late);
        }
    }

    public async Task<JsonElement> GetAsync(string path) => JsonElement.Parse(await Http.GetStringAsync(new Uri(path, UriKind.Relative)));

    /// <summary>The answer of <c>GET /api/v1/addresses/{chain}/{address}</c>.</summary>
    public Task<JsonElement> AddressAsync(string chain, string address) => GetAsync($"api/v1/addresses/{chain}/{Uri.EscapeDataString(address)}");

    /// <summary>The one spelling in which events name an address: nodes have spellings of their own (bcoin's begin with <c>R</c> and <c>rb1</c>).</summary>
    public async Task<string> SpellAsync(string chain, string address) => (await AddressAsync(chain, address)).GetProperty("address").GetString()!;

    /// <summary>Watches an address by REST.</summary>
    public async Task<JsonElement> WatchAsync(string chain, string address, long? fromHeight = null)
    {
        var from = fromHeight is { } height ? $",\"from_height\":{height}" : "";
        using var body = new StringContent($$"""{"chain":"{{chain}}","address":"{{address}}"{{from}}}""", Encoding.UTF8, "application/json");
        using var response = await Http.PostAsync(new Uri("api/v1/watches", UriKind.Relative), body);
        var text = await response.Content.ReadAsStringAsync();
        response.StatusCode.ShouldBeOneOf([HttpStatusCode.Created, HttpStatusCode.OK], text);
        return JsonElement.Parse(text);
    }

    /// <summary>The whole journal from an event on, by pages.</summary>
    public async Task<List<Told>> JournalAsync(long after = 0)
    {
        var all = new List<Told>();
        while (true)
        {
            var page = await GetAsync($"api/v1/events?after={after}&limit=1000");
            all.AddRange(page.GetProperty("events").EnumerateArray().Select(static told => new Told(told)));
            after = page.GetProperty("next").GetInt64();
            if (!page.GetProperty("more").GetBoolean()) return all;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (child is not null) await child.DisposeAsync();
        port.Dispose();
        Directory.Delete(own, recursive: true);
    }

    void Configure(ChainSetup setup)
    {
        var node = setup.Node;
        nodes.Add(node);
        void Set(string name, string value) => environment[$"BELFRY__Chains__{node.Chain}__{name}"] = value;
        Set("Network", "regtest");
        Set("Rpc", node.RpcSetting);
        Set("PollInterval", "00:00:00.050");
        Set("DropGrace", "00:00:00.500");
        Set("RestartGrace", "00:00:02");
        if (node.ZmqEndPoint is { } zmq) Set("Zmq", zmq);
        if (setup.ByPeer) Set("Peer", node.PeerEndPoint.ToString());
        foreach (var (name, value) in setup.Settings) Set(name, value);
    }
}
