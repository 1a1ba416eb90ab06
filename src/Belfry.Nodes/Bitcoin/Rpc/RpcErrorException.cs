using Belfry.Core.Runtime;

namespace Belfry.Nodes.Bitcoin.Rpc;

/// <summary>The node understood the call and refused it. Which codes mean "not there" and which mean trouble depends on the call.</summary>
public sealed class RpcErrorException(string endpoint, string method, int code, string reason)
    : BelfryException($"{endpoint}: {method} was refused with error {code}: {reason}")
{
    /// <summary>The node is still loading and cannot answer yet.</summary>
    public const int Starting = -28;

    /// <summary>No such method.</summary>
    public const int UnknownMethod = -32601;

    /// <summary>Host and port.</summary>
    public string Endpoint { get; } = endpoint;

    /// <summary>The method that was called.</summary>
    public string Method { get; } = method;

    /// <summary>The node's error code, for instance -5.</summary>
    public int Code { get; } = code;

    /// <summary>The node's own words, shortened, control characters removed.</summary>
    public string Reason { get; } = reason;
}

/// <summary>What came of one call of a batch.</summary>
/// <param name="Value">The answer, when <paramref name="Error"/> is null.</param>
/// <param name="Error">The refusal of this call; the others of the batch may have been answered.</param>
public readonly record struct RpcResult<T>(T? Value, RpcErrorException? Error);

/// <summary>Reads the value of <c>result</c>; the reader stands before its first token. Throws <see cref="System.Text.Json.JsonException"/> on anything unexpected.</summary>
public delegate T RpcParser<out T>(ref System.Text.Json.Utf8JsonReader reader);
