using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Belfry.TestKit.Nodes;

/// <summary>A node refused a call.</summary>
public sealed class NodeRpcException(string method, int code, string message) : Exception($"{method}: {message} ({code})")
{
    /// <summary>The node's error code, for instance -5.</summary>
    public int Code { get; } = code;
}

/// <summary>JSON-RPC as plainly as possible. It shares nothing with Belfry's own client, so that one fault cannot hide in both.</summary>
public sealed class NodeRpc : IDisposable
{
    readonly HttpClient http;

    /// <summary>Speaks to <paramref name="url"/>.</summary>
    public NodeRpc(Uri url, string user, string password)
    {
        Url = url;
        // A connection for each question: a node closes those that wait some seconds, sometimes just when the next question is on its way.
        http = new HttpClient { Timeout = TimeSpan.FromSeconds(60), DefaultRequestHeaders = { ConnectionClose = true } };
        http.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
    }

    /// <summary>The endpoint, without credentials.</summary>
    public Uri Url { get; }

    /// <summary>One call. Amounts go as JSON numbers with exact digits: pass a <see cref="decimal"/>.</summary>
    /// <exception cref="NodeRpcException">The node refused.</exception>
    /// <exception cref="HttpRequestException">The node does not answer.</exception>
    public async Task<JsonElement> CallAsync(string method, params object?[] parameters)
    {
        using var body = new StringContent(JsonSerializer.Serialize(new { method, @params = parameters, id = 1 }), Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(Url, body);
        return Result(method, await response.Content.ReadAsStringAsync(), (int)response.StatusCode);
    }

    /// <summary>One HTTP PUT with a JSON body beside the JSON-RPC endpoint: bcoin makes wallet accounts so.</summary>
    public async Task PutAsync(string path, object body)
    {
        using var content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        using var response = await http.PutAsync(new Uri(Url, path), content);
        if (!response.IsSuccessStatusCode) throw new NodeRpcException("PUT " + path, (int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    static JsonElement Result(string method, string text, int status)
    {
        JsonElement reply;
        try
        {
            reply = JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            throw new NodeRpcException(method, status, $"HTTP {status} without JSON: '{text}'");
        }

        if (reply.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object)
            throw new NodeRpcException(method, error.GetProperty("code").GetInt32(), error.GetProperty("message").GetString() ?? "");
        return reply.GetProperty("result");
    }
}
