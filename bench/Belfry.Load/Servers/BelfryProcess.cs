using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Belfry.Bench;
using Belfry.Load.Node;

namespace Belfry.Load.Servers;

/// <summary>The real <c>belfry serve</c> with its real store, following a bench node.</summary>
sealed class BelfryProcess : ServerProcess
{
    const int LinesPerRequest = 50_000;
    static readonly HttpClient Http = new() { Timeout = TimeSpan.FromMinutes(10) };
    readonly string folder;

    /// <summary>Starts it and returns when it follows the node live.</summary>
    /// <param name="node">The node.</param>
    /// <param name="dataRoot">Where its data folder goes; null: on the repository's own disk.</param>
    /// <param name="log">Receives what it prints.</param>
    public BelfryProcess(BenchNode node, string? dataRoot = null, TextWriter? log = null)
    {
        folder = Path.Combine(dataRoot ?? Path.Combine(Workplace.Root, "artifacts"), $"load-data-{Guid.NewGuid():n}");
        Directory.CreateDirectory(folder);
        var port = FreePort();
        Endpoint = new IPEndPoint(IPAddress.Loopback, port);
        Url = new Uri($"http://127.0.0.1:{port}");
        var start = new ProcessStartInfo("dotnet", [Program(), "serve", "--urls", Url.ToString(), "--data", folder]) { WorkingDirectory = folder };
        start.Environment["BELFRY__Chains__btc__Network"] = "regtest";
        start.Environment["BELFRY__Chains__btc__Rpc"] = node.RpcUrl.ToString();
        start.Environment["BELFRY__Chains__btc__Zmq"] = $"tcp://127.0.0.1:{node.Zmq.Port}";
        Launch(start, log);
        WaitUntil(() => State() == "live" && node.Zmq.Subscribers("rawtx") > 0, "live chain");
    }

    public override string Name => "belfry";

    public Uri Url { get; }

    public string Folder => folder;

    /// <summary>Watches addresses.</summary>
    /// <returns>How long the import took.</returns>
    public async Task<TimeSpan> WatchAsync(IEnumerable<string> addresses)
    {
        var started = Stopwatch.GetTimestamp();
        // In parts: this client reads answers only after it has sent everything, and the server keeps no more than 64 MB of them for such a one.
        foreach (var part in addresses.Chunk(LinesPerRequest))
        {
            using var body = new StreamedLines(part.Select(static address => $$"""{"chain":"btc","address":"{{address}}"}"""));
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Url, "/api/v1/watches/import")) { Content = body };
            using var response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            response.EnsureSuccessStatusCode();
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            while (await reader.ReadLineAsync() is { } line)
            {
                if (!line.Contains("\"ok\":true", StringComparison.Ordinal)) throw new InvalidOperationException(line);
            }
        }

        return Stopwatch.GetElapsedTime(started);
    }

    public Task<string> MetricsAsync() => Http.GetStringAsync(new Uri(Url, "/metrics"));

    public async Task<JsonElement> GetAsync(string path) => await Http.GetFromJsonAsync<JsonElement>(new Uri(Url, path));

    // Several times: the collector gives freed regions back to the kernel when they stay free over a few collections.
    public override void CollectGarbage()
    {
        for (var i = 0; i < 3; i++) Diagnostics.CollectGarbage(Id);
    }

    public override void Dispose()
    {
        base.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    string State()
    {
        try
        {
            return Http.GetFromJsonAsync<JsonElement>(new Uri(Url, "/api/v1/chains")).GetAwaiter().GetResult()[0].GetProperty("state").GetString()!;
        }
        catch (HttpRequestException)
        {
            return "";
        }
    }

    static string Program()
    {
        var configuration = AppContext.BaseDirectory.Contains("release", StringComparison.Ordinal) ? "release" : "debug";
        var path = Path.Combine(Workplace.Root, "artifacts", "bin", "Belfry.Cli", configuration, "belfry.dll");
        return File.Exists(path) ? path : throw new FileNotFoundException("build src/Belfry.Cli first", path);
    }

    sealed class StreamedLines(IEnumerable<string> lines) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            var writer = new StreamWriter(stream, new UTF8Encoding(false), 64 << 10, leaveOpen: true);
            await using (writer)
            {
                foreach (var line in lines)
                {
                    await writer.WriteAsync(line);
                    await writer.WriteAsync('\n');
                }
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
