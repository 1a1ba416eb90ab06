using System.Net;
using Belfry.Core.Hosting;

namespace Belfry.Server.Auth;

/// <summary>
/// Which web pages may talk to this server. A browser sends a user's own machine whatever any page asks for, so that an open loopback server must look at
/// <c>Origin</c>, and at <c>Host</c> too: a name that a stranger's DNS points to 127.0.0.1 makes the stranger's page "same origin".
/// </summary>
sealed class OriginRules(BelfryOptions options, Accounts accounts)
{
    readonly HashSet<string> allowed = [.. options.AllowedOrigins.Select(origin => origin.TrimEnd('/').ToLowerInvariant())];

    /// <summary>Whether the page that sent the request may; programs send no Origin and always may.</summary>
    public bool Allows(HttpRequest request)
    {
        if (!KnowsHost(request.Host.Host)) return false;
        var origin = request.Headers.Origin.ToString();
        if (origin.Length == 0) return true;
        if (allowed.Contains(origin.ToLowerInvariant())) return true;
        if (!Uri.TryCreate(origin, UriKind.Absolute, out var page) || page.Scheme is not ("http" or "https")) return false;
        return BelfryConfiguration.IsLoopback(page.Host) || string.Equals(page.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase);
    }

    // With keys a page of a stranger has none; without, only names that nobody else can point here are taken.
    bool KnowsHost(string host) =>
        accounts.AreRequired || host.Length == 0 || BelfryConfiguration.IsLoopback(host) || IPAddress.TryParse(host.Trim('[', ']'), out _)
        || allowed.Any(origin => Uri.TryCreate(origin, UriKind.Absolute, out var page) && string.Equals(page.Host, host, StringComparison.OrdinalIgnoreCase));
}
