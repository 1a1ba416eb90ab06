using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Belfry.Server.Tests.Client;

/// <summary>A real web server whose connections each follow one act of a script: for what a healthy server never does.</summary>
sealed class ScriptedServer : IAsyncDisposable
{
    readonly WebApplication host;

    ScriptedServer(WebApplication host) => this.host = host;

    /// <summary>What clients said, in order.</summary>
    public ConcurrentQueue<JsonElement> Said { get; } = [];

    public Uri Address { get; private set; } = null!;

    public static async Task<ScriptedServer> StartAsync(params Func<Act, Task>[] acts)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new ScriptedServer(app);
        app.UseWebSockets();
        var next = -1;
        app.Map("/ws/events", async context =>
        {
            var turn = Interlocked.Increment(ref next);
            if (!context.WebSockets.IsWebSocketRequest || turn >= acts.Length)
            {
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return;
            }

            await acts[turn](new Act(server, context));
        });
        await app.StartAsync();
        server.Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return server;
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();

    /// <summary>One connection of a client.</summary>
    public sealed class Act(ScriptedServer server, HttpContext context)
    {
        WebSocket? socket;

        public HttpContext Context => context;

        public async Task AcceptAsync() => socket = await context.WebSockets.AcceptWebSocketAsync();

        /// <summary>Accepts, hears the subscription and confirms it.</summary>
        public async Task ConfirmAsync(long sequence, string epoch = "a1")
        {
            await AcceptAsync();
            await HearAsync();
            await SayConfirmedAsync(sequence, epoch);
        }

        public Task SayConfirmedAsync(long sequence, string epoch) =>
            SayAsync($$"""{"type":"subscription_confirmed","id":1,"events":[],"seq":{{sequence}},"epoch":"{{epoch}}"}""");

        public async Task<JsonElement> HearAsync()
        {
            var buffer = new byte[65536];
            var received = await socket!.ReceiveAsync(buffer, context.RequestAborted);
            var said = received.MessageType == WebSocketMessageType.Close ? default : JsonDocument.Parse(buffer.AsMemory(0, received.Count)).RootElement;
            server.Said.Enqueue(said);
            return said;
        }

        public async Task SayAsync(string text) => await socket!.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, context.RequestAborted);

        public async Task TellAsync(params int[] sequences)
        {
            foreach (var sequence in sequences)
                await SayAsync($$"""{"type":"event","id":"e{{sequence}}","seq":{{sequence}},"data":{"event":"new_payment","currency":"BTC","amount":"0.001","pays_you":true},"timestamp":1.5}""");
        }

        public Task CloseAsync(int code, string reason) => socket!.CloseOutputAsync((WebSocketCloseStatus)code, reason, context.RequestAborted);

        public void Abort() => context.Abort();

        /// <summary>Stays silent until the client goes.</summary>
        public async Task HoldAsync()
        {
            try
            {
                while (socket!.State == WebSocketState.Open) await HearAsync();
            }
            catch (Exception gone) when (gone is WebSocketException or OperationCanceledException)
            {
                // the client ends its connections without ceremony
                return;
            }
        }
    }
}
