using System.Net;
using System.Text;
using Belfry.TestKit.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Belfry.Server.Tests.Cli;

/// <summary>One request that a receiver got.</summary>
sealed record Posted(long Sequence, int Attempt, string? Replay, string Body);

/// <summary>The program to which somebody forwards events; answers as the test says.</summary>
sealed class Receiver : IAsyncDisposable
{
    readonly FreePort port;
    readonly WebApplication app;
    readonly List<Posted> posted = [];

    Receiver(FreePort port, WebApplication app) => (this.port, this.app) = (port, app);

    public string Url => $"http://{port}/hook";

    public int Port => port.Number;

    public IReadOnlyList<Posted> Posts
    {
        get { lock (posted) return [.. posted]; }
    }

    /// <summary>Starts one; <paramref name="answer"/> gets the number of posts so far, from 1.</summary>
    public static async Task<Receiver> StartAsync(Func<int, HttpStatusCode>? answer = null, FreePort? at = null)
    {
        var place = at ?? FreePort.Lease();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://{place}");
        var receiver = new Receiver(place, builder.Build());
        receiver.app.MapPost("/hook", async (HttpRequest request) =>
        {
            using var reader = new StreamReader(request.Body, Encoding.UTF8);
            var body = await reader.ReadToEndAsync();
            int count;
            lock (receiver.posted)
            {
                receiver.posted.Add(new Posted(long.Parse(request.Headers["belfry-seq"]!), int.Parse(request.Headers["belfry-attempt"]!), request.Headers["belfry-replay"], body));
                count = receiver.posted.Count;
            }

            return Results.StatusCode((int)(answer?.Invoke(count) ?? HttpStatusCode.NoContent));
        });
        await receiver.app.StartAsync();
        return receiver;
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        port.Dispose();
    }
}
