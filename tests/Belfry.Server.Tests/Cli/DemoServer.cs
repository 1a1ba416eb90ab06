using System.Net.Http.Json;
using System.Text.Json;
using Belfry.TestKit;
using Belfry.TestKit.Nodes;

namespace Belfry.Server.Tests.Cli;

/// <summary>One <c>belfry demo</c> for the tests of a class: the built program on a simulated chain.</summary>
public sealed class DemoServer : IAsyncLifetime
{
    readonly string folder = Directory.CreateTempSubdirectory("belfry-test-").FullName;
    readonly FreePort port = FreePort.Lease();
    ChildProcess? process;

    /// <summary>Where it listens.</summary>
    public string Url => $"http://{port}";

    /// <summary>A folder that goes with it.</summary>
    public string Folder => folder;

    /// <summary>Everything it said.</summary>
    public string Output => process!.Output;

    internal HttpClient Http { get; } = new() { Timeout = TimeSpan.FromSeconds(10) };

    public async ValueTask InitializeAsync()
    {
        Http.BaseAddress = new Uri(Url);
        process = ChildProcess.Start("dotnet", [Typed.Program, "demo", "--urls", Url], folder: folder);
        await Eventually.HoldsAsync(() => process.Output.Contains("Ctrl-C stops") || process.HasExited, TimeSpan.FromSeconds(60));
        if (process.HasExited) throw new InvalidOperationException(process.Output);
    }

    internal Task<JsonElement> GetAsync(string path) => Http.GetFromJsonAsync<JsonElement>(path, TestContext.Current.CancellationToken);

    /// <summary>An address that the server watches.</summary>
    internal async Task<string> AddressAsync(string owner = "alice") =>
        (await GetAsync("/api/v1/watches?limit=100")).GetProperty("watches").EnumerateArray().First(watch => watch.GetProperty("label").GetString() == owner).GetProperty("address").GetString()!;

    /// <summary>The same, once much has been told of it: the chain goes on by itself.</summary>
    internal async Task<string> BusyAddressAsync()
    {
        var address = await AddressAsync();
        await Eventually.HoldsAsync(
            async () => (await GetAsync($"/api/v1/addresses/btc/{address}")).GetProperty("transactions").GetInt64() >= 3
                && (await GetAsync($"/api/v1/events?address={address}&limit=12")).GetProperty("events").GetArrayLength() == 12,
            TimeSpan.FromSeconds(60));
        return address;
    }

    internal async Task<long> HeadAsync() => (await GetAsync("/health")).GetProperty("seq").GetInt64();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (process is not null) await process.DisposeAsync();
        port.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
