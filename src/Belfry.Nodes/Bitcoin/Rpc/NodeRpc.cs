using System.Diagnostics;
using System.Text.Json;
using Belfry.Core.Runtime;
using Microsoft.Extensions.Logging;

namespace Belfry.Nodes.Bitcoin.Rpc;

/// <summary>
/// JSON-RPC over HTTP to one node. Keeps connections, tries idempotent calls again when a connection fails, splits batches that the node cannot take, and reads
/// no more than each call allows. Knows no method: <see cref="BitcoinRpc"/> does.
/// </summary>
public sealed class NodeRpc : IDisposable
{
    static readonly TimeSpan LongestRetryAfter = TimeSpan.FromSeconds(5);

    readonly RpcOptions options;
    readonly RpcTransport transport;
    readonly TimeProvider clock;
    readonly IEntropy entropy;
    readonly ILogger logger;
    long lastId;
    volatile int batchSize;

    /// <summary>Prepares a connection; nothing is dialled before the first call.</summary>
    public NodeRpc(RpcEndpoint endpoint, INetwork network, TimeProvider clock, IEntropy entropy, ILogger logger, RpcOptions? options = null)
    {
        Endpoint = endpoint;
        this.options = options ?? new RpcOptions();
        this.clock = clock;
        this.entropy = entropy;
        this.logger = logger;
        batchSize = this.options.MaxBatch;
        transport = new RpcTransport(endpoint, this.options, network, clock);
    }

    /// <summary>Where it calls.</summary>
    public RpcEndpoint Endpoint { get; }

    /// <summary>How many calls go into one batch now.</summary>
    internal int BatchSize => batchSize;

    /// <summary>Calls and reads the result.</summary>
    /// <exception cref="RpcErrorException">The node refused the call.</exception>
    /// <exception cref="EndpointException">The node cannot be reached, refuses us, is still starting, or answers nonsense.</exception>
    public async Task<T> CallAsync<T>(RpcCall call, RpcParser<T> parser, CancellationToken cancellationToken)
    {
        try
        {
            var id = Interlocked.Increment(ref lastId);
            using var body = await PostAsync(call, RpcCall.Write(call, id), cancellationToken);
            var envelope = Understand(call.Method, () => RpcEnvelope.ReadOne(body.Span));
            // A request that the node could not even parse is refused without an id.
            if (envelope.Id != id && !(envelope.Id is null && envelope.ErrorCode is not null))
                throw Outage($"{call.Method} was answered under id {envelope.Id?.ToString() ?? "null"} where {id} was asked");
            if (Refusal(call.Method, envelope) is { } refusal) throw refusal;
            return Parse(call.Method, body, envelope, parser);
        }
        catch (RpcFaultException problem)
        {
            throw Outage(problem.Message, problem);
        }
    }

    /// <summary>Makes many calls; the answers come in the order of the calls, whatever order the node chose.</summary>
    /// <exception cref="EndpointException">The node cannot be reached, refuses us, is still starting, or answers nonsense. Refusals of single calls are values.</exception>
    public async Task<IReadOnlyList<RpcResult<T>>> BatchAsync<T>(IReadOnlyList<RpcCall> calls, RpcParser<T> parser, CancellationToken cancellationToken)
    {
        var results = new RpcResult<T>[calls.Count];
        var all = calls as RpcCall[] ?? [.. calls];
        var done = 0;
        while (done < all.Length)
        {
            var size = Math.Min(batchSize, all.Length - done);
            try
            {
                await BatchAsync(all.AsMemory(done, size), parser, results.AsMemory(done, size), cancellationToken);
                done += size;
                batchSize = Math.Min(options.MaxBatch, Math.Max(batchSize, size + (size / 4) + 1));
            }
            catch (RpcFaultException problem) when (size > 1 && problem.Fault is not (RpcFault.Unreachable or RpcFault.Unauthorized or RpcFault.Busy))
            {
                batchSize = size / 2;
                NodeRpcLog.BatchHalved(logger, Endpoint.Name, size, problem.Message, size / 2);
            }
            catch (RpcFaultException problem)
            {
                throw Outage(problem.Message, problem);
            }
        }

        return results;
    }

    /// <inheritdoc/>
    public void Dispose() => transport.Dispose();

    async Task BatchAsync<T>(ReadOnlyMemory<RpcCall> calls, RpcParser<T> parser, Memory<RpcResult<T>> results, CancellationToken cancellationToken)
    {
        if (calls.Length == 1)
        {
            // As a plain call, so that a node which takes no batches still answers.
            var only = await CallForResultAsync(calls.Span[0], parser, cancellationToken);
            results.Span[0] = only;
            return;
        }

        var firstId = Interlocked.Add(ref lastId, calls.Length) - calls.Length + 1;
        var first = calls.Span[0];
        using var body = await PostAsync(first, RpcCall.Write(calls.Span, firstId), cancellationToken);
        var envelopes = Understand(first.Method, () => RpcEnvelope.ReadBatch(body.Span, calls.Length))
            ?? throw new RpcFaultException(RpcFault.Status, "a batch was answered as one call");
        var answered = new bool[calls.Length];
        foreach (var envelope in envelopes)
        {
            var index = (envelope.Id ?? -1) - firstId;
            if (index < 0 || index >= calls.Length) throw Outage($"a batch was answered with id {envelope.Id?.ToString() ?? "null"} that was not asked");
            if (answered[index]) throw Outage($"a batch was answered twice under id {envelope.Id}");
            answered[index] = true;
            var method = calls.Span[(int)index].Method;
            results.Span[(int)index] = Refusal(method, envelope) is { } refusal ? new(default, refusal) : new(Parse(method, body, envelope, parser), null);
        }

        if (answered.AsSpan().Contains(false)) throw Outage($"a batch of {calls.Length} calls got {envelopes.Count} answers");
    }

    async Task<RpcResult<T>> CallForResultAsync<T>(RpcCall call, RpcParser<T> parser, CancellationToken cancellationToken)
    {
        try
        {
            return new(await CallAsync(call, parser, cancellationToken), null);
        }
        catch (RpcErrorException refusal)
        {
            return new(default, refusal);
        }
    }

    async Task<RentedBytes> PostAsync(RpcCall call, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var attempt = 0;
        while (true)
        {
            attempt++;
            var started = clock.GetTimestamp();
            try
            {
                var reply = await transport.PostAsync(body, call.MaxReplyBytes, call.Timeout ?? options.CallTimeout, cancellationToken);
                NodeMetrics.RpcDuration.Record(clock.GetElapsedTime(started).TotalSeconds, new KeyValuePair<string, object?>("method", call.Method));
                return reply;
            }
            catch (RpcFaultException problem)
            {
                NodeMetrics.RpcFailures.Add(1, new TagList { { "method", call.Method }, { "fault", problem.Fault.ToString() } });
                var transient = problem.Fault is RpcFault.Unreachable or RpcFault.Truncated or RpcFault.Busy;
                if (!transient || !call.Idempotent || attempt >= options.Attempts) throw;
                var pause = Pause(attempt, problem.RetryAfter);
                NodeRpcLog.Retrying(logger, Endpoint.Name, call.Method, problem.Message, attempt + 1, pause);
                await Task.Delay(pause, clock, cancellationToken);
            }
        }
    }

    TimeSpan Pause(int attempt, TimeSpan? asked)
    {
        var full = Math.Min(options.BackoffCap.Ticks, options.BackoffBase.Ticks << Math.Min(attempt - 1, 20));
        var pause = TimeSpan.FromTicks((long)(full * (0.5 + (entropy.NextDouble() / 2))));
        return asked is { } wish && wish > pause ? TimeSpan.FromTicks(Math.Min(wish.Ticks, LongestRetryAfter.Ticks)) : pause;
    }

    RpcErrorException? Refusal(string method, RpcEnvelope envelope) => envelope.ErrorCode switch
    {
        null => null,
        RpcErrorException.Starting => throw Outage($"is still starting: {envelope.ErrorMessage}"),
        { } code => new RpcErrorException(Endpoint.Name, method, code, envelope.ErrorMessage),
    };

    T Parse<T>(string method, RentedBytes body, RpcEnvelope envelope, RpcParser<T> parser) => Understand(method, () =>
    {
        var reader = new Utf8JsonReader(body.Span.Slice(envelope.ResultStart, envelope.ResultLength));
        return parser(ref reader);
    });

    T Understand<T>(string method, Func<T> read)
    {
        try
        {
            return read();
        }
        // GetString on bytes that are not UTF-8 is an InvalidOperationException; number and hex readers throw the other two.
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or FormatException or OverflowException)
        {
            throw Outage($"{method} was answered with something unreadable: {ForeignText.Clean(problem.Message, ForeignText.Sentence)}", problem);
        }
    }

    EndpointException Outage(string problem, Exception? inner = null) => new(
        Endpoint.Name, inner is RpcFaultException { Fault: RpcFault.Unauthorized } ? Endpoint.CredentialsSetting : Endpoint.Setting, problem, inner);
}
