using System.Security.Cryptography;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;

namespace Belfry.Server.Endpoints;

/// <summary>The page at <c>/</c> and its files: everything under wwwroot, embedded in the assembly.</summary>
static class PageEndpoints
{
    const string Root = "wwwroot/";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var assembly = typeof(PageEndpoints).Assembly;
        var types = new FileExtensionContentTypeProvider();
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Root, StringComparison.Ordinal)))
        {
            using var resource = assembly.GetManifestResourceStream(name)!;
            var bytes = new byte[resource.Length];
            resource.ReadExactly(bytes);
            var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 8))}\"");
            var type = types.TryGetContentType(name, out var known) ? known : "application/octet-stream";
            var path = name[Root.Length..].Replace('\\', '/');
            IResult Serve() => TypedResults.Bytes(bytes, type.StartsWith("text/", StringComparison.Ordinal) ? type + "; charset=utf-8" : type, entityTag: tag);
            routes.MapGet("/" + path, Serve).ExcludeFromDescription();
            if (path == "index.html") routes.MapGet("/", Serve).ExcludeFromDescription();
        }
    }
}
