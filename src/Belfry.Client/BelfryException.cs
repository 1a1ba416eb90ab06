using System.Net;

namespace Belfry.Client;

/// <summary>The server refused what was asked; asking the same again will be refused again.</summary>
public sealed class BelfryException(string message, HttpStatusCode? status = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The HTTP status, where the refusal was an HTTP answer.</summary>
    public HttpStatusCode? Status { get; } = status;
}
