using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Belfry.Core.Runtime;

namespace Belfry.Nodes.Bitcoin.Rpc;

/// <summary>Why a request brought no readable answer.</summary>
enum RpcFault
{
    /// <summary>No connection, or it broke before anything was answered.</summary>
    Unreachable,

    /// <summary>Nothing (more) came within the time given.</summary>
    TimedOut,

    /// <summary>The answer ended early.</summary>
    Truncated,

    /// <summary>The answer is longer than the limit.</summary>
    TooLarge,

    /// <summary>An HTTP status without an answer in it.</summary>
    Status,

    /// <summary>The node asks to come back later.</summary>
    Busy,

    /// <summary>Credentials were refused.</summary>
    Unauthorized,
}

/// <summary>A request failed on the way; the caller decides between retry, a smaller batch and an outage.</summary>
#pragma warning disable CA1064 // never leaves this folder
sealed class RpcFaultException(RpcFault fault, string problem, Exception? inner = null) : Exception(problem, inner)
#pragma warning restore CA1064
{
    public RpcFault Fault { get; } = fault;

    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>Bytes over HTTP: one POST, one bounded answer. Connections are kept and reused.</summary>
sealed class RpcTransport : IDisposable
{
    // Nodes close idle connections after 30 s; giving them up earlier avoids writing into one that is just being closed.
    static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(20);

    // A length that is only claimed must not make us allocate; what is longer grows as it arrives.
    const long TrustedLength = 4 << 20;
    static readonly MediaTypeHeaderValue Json = new("application/json");

    readonly RpcEndpoint endpoint;
    readonly RpcOptions options;
    readonly TimeProvider clock;
    readonly HttpMessageInvoker http;
    AuthenticationHeaderValue? credentials;
    bool credentialsRead;

    public RpcTransport(RpcEndpoint endpoint, RpcOptions options, INetwork network, TimeProvider clock)
    {
        this.endpoint = endpoint;
        this.options = options;
        this.clock = clock;
#pragma warning disable CA2000 // the invoker owns it
        http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = (context, cancellationToken) => ConnectAsync(network, context.DnsEndPoint, options.ConnectTimeout, cancellationToken),
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = Timeout.InfiniteTimeSpan,
            // A node answers with four threads unless told otherwise.
            MaxConnectionsPerServer = 4,
            MaxResponseHeadersLength = 16,
            PooledConnectionIdleTimeout = IdleTimeout,
        });
#pragma warning restore CA2000
    }

    /// <summary>Sends a request and reads the answer.</summary>
    /// <returns>The body; its HTTP status says nothing that the body does not.</returns>
    /// <exception cref="RpcFaultException">No readable answer.</exception>
    /// <exception cref="EndpointException">The cookie file cannot be read.</exception>
    public async Task<RentedBytes> PostAsync(ReadOnlyMemory<byte> body, int maxReply, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(timeout, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            try
            {
                return await SendAsync(body, maxReply, deadline, both.Token);
            }
            catch (RpcFaultException problem) when (problem.Fault == RpcFault.Unauthorized && endpoint.CookieFile is not null)
            {
                // The node was started anew and wrote another cookie.
                credentialsRead = false;
                return await SendAsync(body, maxReply, deadline, both.Token);
            }
        }
        catch (OperationCanceledException problem) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RpcFaultException(RpcFault.TimedOut, $"no whole answer in time (it has to begin within {timeout.TotalSeconds:0.#} s)", problem);
        }
        catch (HttpIOException problem)
        {
            throw new RpcFaultException(RpcFault.Truncated, $"the answer ended early ({problem.HttpRequestError})", problem);
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException or SocketException)
        {
            var fault = problem is HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded or HttpRequestError.InvalidResponse }
                ? RpcFault.Truncated
                : RpcFault.Unreachable;
            throw new RpcFaultException(fault, Innermost(problem), problem);
        }
    }

    public void Dispose() => http.Dispose();

    async Task<RentedBytes> SendAsync(ReadOnlyMemory<byte> body, int maxReply, CancellationTokenSource deadline, CancellationToken cancellationToken)
    {
        if (!credentialsRead)
        {
            credentials = await endpoint.ReadCredentialsAsync(cancellationToken);
            credentialsRead = true;
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint.Url) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = Json;
        request.Headers.Authorization = credentials;
        using var response = await http.SendAsync(request, cancellationToken);
        // It answers: from here on only a transfer that crawls is given up.
        deadline.CancelAfter(options.ReadTimeout);
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            throw new RpcFaultException(RpcFault.Unauthorized, response.StatusCode == HttpStatusCode.Unauthorized
                ? "user or password refused (HTTP 401)"
                : "this address is not allowed in (HTTP 403; the node's rpcallowip)");
        }

        if (response.Content.Headers.ContentLength > maxReply) throw TooLarge(maxReply);
        var bytes = new RentedBytes((int)Math.Clamp(response.Content.Headers.ContentLength ?? 4096, 256, TrustedLength) + 1);
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            if (!await bytes.ReadAllAsync(stream, maxReply, cancellationToken)) throw TooLarge(maxReply);
            // Nodes answer a refused call with 500 or 404 and the refusal as JSON; anything else with such a status is not an answer.
            if (!response.IsSuccessStatusCode && !LooksLikeJson(bytes.Span)) throw StatusFault(response);
            return bytes;
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    async ValueTask<Stream> ConnectAsync(INetwork network, DnsEndPoint target, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(timeout, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            return await network.ConnectAsync(target.Host, target.Port, both.Token);
        }
        catch (OperationCanceledException problem) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"no connection within {timeout.TotalSeconds:0.#} s", problem);
        }
    }

    static RpcFaultException TooLarge(int limit) =>
        new(RpcFault.TooLarge, string.Create(CultureInfo.InvariantCulture, $"the answer is longer than {limit} bytes"));

    static RpcFaultException StatusFault(HttpResponseMessage response)
    {
        var busy = response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable;
        return new RpcFaultException(busy ? RpcFault.Busy : RpcFault.Status, $"answered HTTP {(int)response.StatusCode}{(busy ? ", too busy" : "")}")
        {
            RetryAfter = response.Headers.RetryAfter?.Delta,
        };
    }

    static bool LooksLikeJson(ReadOnlySpan<byte> body)
    {
        var start = body.TrimStart(" \t\r\n"u8);
        return start.Length > 0 && start[0] is (byte)'{' or (byte)'[';
    }

    static string Innermost(Exception problem)
    {
        while (problem.InnerException is { } inner) problem = inner;
        // The framework repeats what the other side sent: a header line may hold anything, and sixteen kilobytes of it.
        return ForeignText.Clean(problem.Message, ForeignText.Sentence);
    }
}
