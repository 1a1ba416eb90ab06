using Belfry.Core.Runtime;
using Belfry.Server.Wire;

namespace Belfry.Server.Auth;

/// <summary>What every request passes: security headers, the rules on origins and names, the API key, and a failure that tells nothing but its trace id.</summary>
sealed class Guard(RequestDelegate next, OriginRules origins, Accounts accounts, ServerLog log)
{
    const string ContentPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public async Task InvokeAsync(HttpContext context)
    {
        SetHeaders(context.Response.Headers);
        if (!origins.Allows(context.Request))
        {
            await Problems.WriteAsync(
                context, 403, "This page may not talk to this server",
                new FaultBody("Origin", "the origin or the host name is not allowed", "a page of this server, of loopback, or of an origin in BELFRY__AllowedOrigins", null));
            return;
        }

        if (!await IdentifyAsync(context)) return;
        try
        {
            await next(context);
            if (!context.Response.HasStarted && context.Response is { StatusCode: >= 400, ContentLength: null or 0 }) await ExplainAsync(context);
        }
        catch (BadHttpRequestException problem)
        {
            await RefuseAsync(context, problem.StatusCode, "The request cannot be understood", problem.StatusCode == 413 ? "the body is too big" : "the request does not have the form that it needs");
        }
        catch (BelfryException problem)
        {
            log.HttpFailed(problem, context.Request.Method, Route(context));
            await RefuseAsync(context, 503, "The server cannot do this now", "try again in a moment");
        }
    }

    async ValueTask<bool> IdentifyAsync(HttpContext context)
    {
        var account = accounts.Identify(context.Request);
        if (account is not null) context.SetAccount(account);

        // Health has to be readable for whoever starts servers; the sockets ask for the key themselves; the page and its description tell nothing of anybody.
        var path = context.Request.Path;
        var isOpen = !path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase) && !path.StartsWithSegments("/metrics", StringComparison.OrdinalIgnoreCase);
        if (account is not null || isOpen) return true;
        context.Response.Headers.WWWAuthenticate = "Bearer";
        await RefuseAsync(context, 401, "An API key is needed", "send the header 'Authorization: Bearer …' or 'X-Api-Key: …'");
        return false;
    }

    static Task ExplainAsync(HttpContext context) => context.Response.StatusCode switch
    {
        404 => RefuseAsync(context, 404, "There is nothing here", "see /openapi/v1.json for what there is"),
        405 => RefuseAsync(context, 405, "The method is not allowed here", $"allowed: {context.Response.Headers.Allow}"),
        var status => RefuseAsync(context, status, "The request cannot be understood", "a parameter does not have the form that it needs; see /openapi/v1.json"),
    };

    static Task RefuseAsync(HttpContext context, int status, string title, string problem) => context.Response.HasStarted
        ? Task.CompletedTask
        : Problems.WriteAsync(context, status, title, new FaultBody("request", problem, null, null));

    static string Route(HttpContext context) => (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "?";

    static void SetHeaders(IHeaderDictionary headers)
    {
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers.ContentSecurityPolicy = ContentPolicy;
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
    }
}
