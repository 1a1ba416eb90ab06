using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Belfry.Core.Delivery;
using Belfry.Core.Hosting;
using Belfry.Core.Journal;
using Belfry.Server.Tests.Fixtures;
using Belfry.TestKit;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests;

/// <summary>The real program: how it ends, and where it listens.</summary>
public sealed class ShutdownTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("belfry-program-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Told_to_end_the_program_says_503_at_once_closes_sockets_with_their_cursor_and_exits_with_zero()
    {
        using var port = FreePort.Lease();
        await using var program = Start("demo", "--urls", $"http://{port}", "--data", folder);
        using var http = new HttpClient { BaseAddress = new Uri($"http://{port}"), Timeout = TimeSpan.FromSeconds(5) };
        await Eventually.HoldsAsync(async () => await ReadyAsync(http) == HttpStatusCode.OK, TimeSpan.FromSeconds(60));
        using var client = await SocketClient.ConnectAsync(new Uri($"ws://{port}/ws/events"), null);
        await client.AskAsync("""{"type":"subscribe","after":0}""");
        (await client.ReceiveSequencesAsync(3)).ShouldBe([1, 2, 3]);
        // One that never answers a close holds the door open for a moment.
        using var deaf = await RawSocket.OpenAsync(http.BaseAddress!);
        program.Terminate();
        await Eventually.HoldsAsync(async () => await ReadyAsync(http) == HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(2));
        (await client.ReadToCloseAsync()).ShouldBe(CloseCodes.Shutdown);
        client.Socket.CloseStatusDescription.ShouldStartWith("""{"reason":"shutdown","seq":""");
        await program.WaitForExitAsync(TimeSpan.FromSeconds(10));
        program.ExitCode.ShouldBe(0, program.Output);
    }

    [Fact]
    public async Task The_program_refuses_to_listen_to_others_without_a_key()
    {
        using var port = FreePort.Lease();
        await using var program = Start("demo", "--urls", $"http://0.0.0.0:{port.Number}", "--data", folder);
        await program.WaitForExitAsync(TimeSpan.FromSeconds(60));
        program.ExitCode.ShouldNotBe(0);
        program.Output.ShouldContain("BELFRY__ApiKey");
    }

    [Fact]
    public void An_https_address_needs_a_certificate() => Should.Throw<ConfigurationException>(() => BelfryServer.Create(new BelfryOptions { Urls = "https://127.0.0.1:0" }, _ => { }))
        .Message.ShouldContain("BELFRY__TlsCertificate");

    [Fact]
    public async Task Events_arrive_over_tls()
    {
        var (certificate, key) = await WriteCertificateAsync();
        await using var server = await RunningServer.StartAsync(options => options with { Urls = "https://127.0.0.1:0", TlsCertificate = certificate, TlsKey = key });
        using var client = new SocketClient();
        using var expected = X509CertificateLoader.LoadCertificateFromFile(certificate);
        client.Socket.Options.RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == expected.GetCertHashString();
        await client.Socket.ConnectAsync(new Uri($"wss://{server.Base.Authority}/ws/events"), TestContext.Current.CancellationToken);
        await client.AskAsync("""{"type":"subscribe"}""");
        await server.TellAsync("btc", EventKind.NewTransaction, "btc1a", 2000);
        (await client.ReceiveSequencesAsync(2000)).ShouldBe(Enumerable.Range(1, 2000).Select(number => (long)number));
        await client.Socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", TestContext.Current.CancellationToken);
    }

    async Task<(string Certificate, string Key)> WriteCertificateAsync()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", pair, HashAlgorithmName.SHA256);
        using var signed = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var (certificate, key) = (Path.Combine(folder, "tls.pem"), Path.Combine(folder, "tls.key"));
        await File.WriteAllTextAsync(certificate, signed.ExportCertificatePem());
        await File.WriteAllTextAsync(key, pair.ExportPkcs8PrivateKeyPem());
        return (certificate, key);
    }

    static async Task<HttpStatusCode?> ReadyAsync(HttpClient http)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/health/ready") { Headers = { ConnectionClose = true } };
            using var answer = await http.SendAsync(request);
            return answer.StatusCode;
        }
        catch (Exception problem) when (problem is HttpRequestException or TaskCanceledException)
        {
            // Not listening, or the machine is too busy to answer: asked again.
            return null;
        }
    }

    static ChildProcess Start(params string[] arguments) =>
        ChildProcess.Start(Environment.ProcessPath is { } dotnet && Path.GetFileNameWithoutExtension(dotnet) == "dotnet" ? dotnet : "dotnet", [Path.Combine(AppContext.BaseDirectory, "belfry.dll"), .. arguments]);
}
