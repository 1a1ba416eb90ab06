using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Belfry.Client;

/// <summary>A client of one Belfry server: events as a stream that resumes by itself, and the requests that go with it. Safe from several threads.</summary>
public sealed partial class BelfryClient : IDisposable
{
    readonly string? key;
    readonly BelfryClientOptions options;
    readonly HttpClient http;

    /// <summary>Dials nothing yet.</summary>
    /// <param name="address">The server, for instance <c>http://127.0.0.1:8081</c>.</param>
    /// <param name="key">An API key, where the server asks for one.</param>
    /// <param name="options">Behaviour when the network does not; null: the defaults.</param>
    /// <exception cref="ArgumentException">Not an absolute http or https address.</exception>
    public BelfryClient(Uri address, string? key = null, BelfryClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (!address.IsAbsoluteUri || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
            throw new ArgumentException($"'{address}' is not the address of a server: expected for instance http://127.0.0.1:8081.", nameof(address));
        Address = address.AbsolutePath.EndsWith('/') ? address : new Uri(address.AbsoluteUri + "/");
        this.key = key;
        this.options = options ?? new BelfryClientOptions();
        http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = this.options.Timeout, AutomaticDecompression = DecompressionMethods.All }, disposeHandler: true)
        {
            BaseAddress = Address,
            Timeout = this.options.Timeout,
        };
        if (key is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>The server.</summary>
    public Uri Address { get; }

    /// <summary>All chains that the server follows, and how well.</summary>
    public async Task<IReadOnlyList<ChainInfo>> ReadChainsAsync(CancellationToken cancellationToken = default) =>
        await GetAsync("api/v1/chains", WireJson.Default.ListChainInfo, cancellationToken);

    /// <summary>Starts to watch an address. The answer names the journal position from which the watch holds.</summary>
    /// <exception cref="BelfryException">Not an address of that chain, or refused otherwise.</exception>
    public async Task<WatchInfo> AddWatchAsync(NewWatch watch, CancellationToken cancellationToken = default)
    {
        using var response = await http.PostAsync("api/v1/watches", JsonContent.Create(watch, WireJson.Default.NewWatch), cancellationToken);
        return await ReadAsync(response, WireJson.Default.WatchInfo, cancellationToken);
    }

    /// <summary>Stops to watch; what was told stays in the journal.</summary>
    /// <returns>False when there is no such watch.</returns>
    public async Task<bool> RemoveWatchAsync(string id, CancellationToken cancellationToken = default)
    {
        using var response = await http.DeleteAsync("api/v1/watches/" + Uri.EscapeDataString(id), cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound) return false;
        await ThrowIfRefusedAsync(response, cancellationToken);
        return true;
    }

    /// <summary>A page of your watches.</summary>
    public Task<WatchPage> ReadWatchesAsync(string? chain = null, string? after = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync("api/v1/watches" + Query(("chain", chain), ("after", after), ("limit", limit?.ToString())), WireJson.Default.WatchPage, cancellationToken);

    /// <summary>All your watches, page by page.</summary>
    public async IAsyncEnumerable<WatchInfo> WatchesAsync(string? chain = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? after = null;
        do
        {
            var page = await ReadWatchesAsync(chain, after, 1000, cancellationToken);
            foreach (var watch in page.Watches) yield return watch;
            after = page.Next;
        }
        while (after is not null);
    }

    /// <summary>Imports watches as NDJSON, one a line, streaming both ways; a refused line is a result and not an end.</summary>
    /// <param name="lines">NDJSON, UTF-8; for instance <c>{"chain":"btc","address":"…"}</c> a line.</param>
    /// <param name="cancellationToken">Stops the import; lines already answered are stored.</param>
    /// <returns>One result a line, in order.</returns>
    public async IAsyncEnumerable<ImportResult> ImportWatchesAsync(Stream lines, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "api/v1/watches/import") { Content = new StreamContent(lines) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-ndjson");
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await ThrowIfRefusedAsync(response, cancellationToken);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken), Encoding.UTF8);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
            if (line.Length > 0) yield return JsonSerializer.Deserialize(line, WireJson.Default.ImportResult) ?? throw new BelfryException("The server answered a line of the import with nothing.");
    }

    /// <summary>Balance of an address and the journal position at which it holds.</summary>
    public Task<AddressInfo> ReadAddressAsync(string chain, string address, CancellationToken cancellationToken = default) =>
        GetAsync($"api/v1/addresses/{Uri.EscapeDataString(chain)}/{Uri.EscapeDataString(address)}", WireJson.Default.AddressInfo, cancellationToken);

    /// <summary>Transactions of an address, newest first.</summary>
    public Task<TransactionPage> ReadHistoryAsync(string chain, string address, string? after = null, int? limit = null, CancellationToken cancellationToken = default) => GetAsync(
        $"api/v1/addresses/{Uri.EscapeDataString(chain)}/{Uri.EscapeDataString(address)}/transactions" + Query(("after", after), ("limit", limit?.ToString())),
        WireJson.Default.TransactionPage, cancellationToken);

    /// <summary>A tracked transaction as the server describes it; null when it tracks no such one.</summary>
    public async Task<JsonElement?> ReadTransactionAsync(string chain, string hash, CancellationToken cancellationToken = default)
    {
        using var response = await http.GetAsync($"api/v1/transactions/{Uri.EscapeDataString(chain)}/{Uri.EscapeDataString(hash)}", cancellationToken);
        return response.StatusCode == HttpStatusCode.NotFound ? null : await ReadAsync(response, WireJson.Default.JsonElement, cancellationToken);
    }

    /// <summary>A page of the journal.</summary>
    /// <param name="after">Position of the last event already read; 0: the beginning.</param>
    /// <param name="limit">At most this many.</param>
    /// <param name="chain">Only this chain.</param>
    /// <param name="address">Only this address.</param>
    /// <param name="kind">Only this kind, or several with commas between them.</param>
    /// <param name="height">Only what was told of this block height.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task<EventsPage> ReadEventsAsync(
        long after = 0, int? limit = null, string? chain = null, string? address = null, string? kind = null, long? height = null, CancellationToken cancellationToken = default)
    {
        var path = "api/v1/events" + Query(("after", after.ToString()), ("limit", limit?.ToString()), ("chain", chain), ("address", address), ("event", kind), ("height", height?.ToString()));
        var page = await GetAsync(path, WireJson.Default.JsonElement, cancellationToken);
        return new EventsPage(Events(page), page.GetProperty("next").GetInt64(), page.GetProperty("more").GetBoolean());
    }

    /// <summary>Finds whatever you have in hand: a transaction, block or event by its id, a height, an address, or <c>seq:1042</c>.</summary>
    /// <param name="text">What to look for.</param>
    /// <param name="chain">Only this chain.</param>
    /// <param name="after">Position of the last event already read; 0: the beginning.</param>
    /// <param name="limit">At most this many events.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="BelfryException">The text is nothing that can be searched for.</exception>
    public async Task<SearchPage> SearchAsync(string text, string? chain = null, long after = 0, int? limit = null, CancellationToken cancellationToken = default)
    {
        var page = await GetAsync("api/v1/search" + Query(("q", text), ("chain", chain), ("after", after.ToString()), ("limit", limit?.ToString())), WireJson.Default.JsonElement, cancellationToken);
        return new SearchPage([.. page.GetProperty("found").EnumerateArray()], Events(page), page.GetProperty("next").GetInt64(), page.GetProperty("more").GetBoolean());
    }

    /// <summary>Position of the journal's last event.</summary>
    public async Task<long> ReadHeadAsync(CancellationToken cancellationToken = default) => (await GetAsync("health", WireJson.Default.JsonElement, cancellationToken)).GetProperty("seq").GetInt64();

    /// <summary>Makes something happen on a simulated chain.</summary>
    /// <exception cref="BelfryException">The chain follows a real network, or the deed cannot be done.</exception>
    public async Task<SimulatedResult> SimulateAsync(string chain, SimulatedDeed deed, CancellationToken cancellationToken = default)
    {
        using var response = await http.PostAsync($"api/v1/chains/{Uri.EscapeDataString(chain)}/simulate", JsonContent.Create(deed, WireJson.Default.SimulatedDeed), cancellationToken);
        return await ReadAsync(response, WireJson.Default.SimulatedResult, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    static List<BelfryEvent> Events(JsonElement page)
    {
        var epoch = page.TryGetProperty("epoch", out var word) ? word.GetString() : null;
        return [.. page.GetProperty("events").EnumerateArray().Select(envelope => envelope.Deserialize(WireJson.Default.BelfryEvent)! with { Raw = Encoding.UTF8.GetBytes(envelope.GetRawText()), Epoch = epoch })];
    }

    static string Query(params ReadOnlySpan<(string Name, string? Value)> pairs)
    {
        var query = new StringBuilder();
        foreach (var (name, value) in pairs)
            if (value is not null) query.Append(query.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        return query.ToString();
    }

    static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        await ThrowIfRefusedAsync(response, cancellationToken);
        return await response.Content.ReadFromJsonAsync(type, cancellationToken) ?? throw new BelfryException("The server answered with nothing.", response.StatusCode);
    }

    static async Task ThrowIfRefusedAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode) return;
        string? why = null;
        if (response.Content.Headers.ContentType?.MediaType is "application/problem+json" or "application/json")
        {
            try
            {
                var problem = await response.Content.ReadFromJsonAsync(WireJson.Default.ProblemDetails, cancellationToken);
                why = problem?.Detail ?? problem?.Title;
            }
            catch (JsonException)
            {
                // an error page of something in between; the status has to do
                why = null;
            }
        }

        throw new BelfryException(why ?? $"The server answered with status {(int)response.StatusCode} {response.ReasonPhrase}.", response.StatusCode);
    }

    async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var response = await http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return await ReadAsync(response, type, cancellationToken);
    }
}
